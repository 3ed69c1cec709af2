// SPDX-License-Identifier: Apache-2.0
// wrapper MODEL: what liae.hpp gives is what liae.h gives.
#include <liae.hpp>

#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>

static int failures = 0;
#define CHECK(condition) \
  do { \
    if (!(condition)) failures++, std::fprintf(stderr, "%s:%d: %s is false\n", __FILE__, __LINE__, #condition); \
  } while (0)

static liae::Landmarks points() {
  liae::Landmarks result(136);
  for (int i = 0; i < 68; i++) {
    result[2 * i] = 60 + 15.f * static_cast<float>(i % 9) + static_cast<float>(i * 7 % 5);
    result[2 * i + 1] = 40 + 14.f * static_cast<float>(i / 9) + static_cast<float>(i * 3 % 4);
  }
  return result;
}

int main(int argc, char **argv) try {
  if (argc != 3) return 2;
  const liae::Model model(argv[1]);
  const auto info = model.info();
  const int side = info.resolution, rgb_side = info.rgb_side, mask_side = info.mask_side;
  liae::Context context(model);

  // A batch is the faces one by one.
  std::vector<std::vector<unsigned char>> faces(3), rgb(3), masks(3);
  std::vector<liae_image> inputs, outputs, mask_outputs;
  for (int n = 0; n < 3; n++) {
    faces[n].resize(static_cast<size_t>(side) * side * 3);
    for (size_t i = 0; i < faces[n].size(); i++) faces[n][i] = static_cast<unsigned char>(i * 7919 % (251 + n));
    rgb[n].resize(static_cast<size_t>(rgb_side) * rgb_side * 3);
    masks[n].resize(static_cast<size_t>(mask_side) * mask_side);
    inputs.push_back(liae::rgb8(faces[n].data(), side, side));
    outputs.push_back(liae::rgb8(rgb[n].data(), rgb_side, rgb_side));
    mask_outputs.push_back(liae::gray8(masks[n].data(), mask_side, mask_side));
  }
  context.run(inputs, outputs, mask_outputs);
  for (int n = 0; n < 3; n++) {
    std::vector<unsigned char> alone(rgb[n].size());
    const auto image = liae::rgb8(alone.data(), rgb_side, rgb_side);
    context.run(inputs[n], &image);
    CHECK(alone == rgb[n]);
  }
  try {
    context.run(inputs, {outputs[0]});
    CHECK(false);
  } catch (const std::invalid_argument &) {
  }

  // One face of a frame, by itself and as one of several.
  const int width = 272, height = 204;
  std::vector<unsigned char> frame(static_cast<size_t>(width) * height * 3), one(frame.size()), several(frame.size());
  for (size_t i = 0; i < frame.size(); i++) frame[i] = static_cast<unsigned char>(i * 7919 % 253);
  const auto source = liae::rgb8(frame.data(), width, height);
  const auto first = liae::rgb8(one.data(), width, height), second = liae::rgb8(several.data(), width, height);
  const auto landmarks = points();
  context.swap(source, landmarks, first);
  CHECK(one != frame);
  liae::Smoothing smoothing;
  liae::swap_faces(source, {liae::face(context, landmarks, &smoothing)}, &second);
  CHECK(one == several);
  // At rest, steadied landmarks are the landmarks.
  CHECK(smoothing.landmarks(landmarks, 0.04) == landmarks);
  CHECK(smoothing.landmarks(landmarks, 0.04) == landmarks);
  smoothing.reset();

  // In steps.
  std::vector<unsigned char> crop(faces[0].size());
  const auto crop_image = liae::rgb8(crop.data(), side, side);
  CHECK(context.align(source, landmarks, crop_image)[0] != 0);
  std::vector<unsigned char> stepped(frame.size());
  const auto third = liae::rgb8(stepped.data(), width, height);
  liae::composite(source, {}, &third);
  CHECK(stepped == frame);

  // Errors are exceptions with a status; a file in memory is the file.
  try {
    liae::Model("/nonexistent");
    CHECK(false);
  } catch (const liae::Error &error) {
    CHECK(error.status == LIAE_ERROR_FILE_NOT_FOUND && std::strstr(error.what(), "nonexistent"));
  }
  std::ifstream file(argv[2], std::ios::binary);
  const std::vector<char> bytes((std::istreambuf_iterator<char>(file)), {});
  CHECK(liae::Model(bytes.data(), bytes.size()).info().resolution == side);
  std::printf("%d failures\n", failures);
  return failures != 0;
} catch (const std::exception &error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
