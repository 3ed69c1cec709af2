// SPDX-License-Identifier: Apache-2.0
// composite MODEL FRAME.png LANDMARKS.json OUT.png [--preview] [--seamless] [--hull] [--mask MASK.png]
//
// Swaps every face of a frame and writes the frame; --preview: frame and result side by side; --hull: the mask is the hull
// of the landmarks and not the model's; --mask: writes the mask, too. LANDMARKS.json holds one or more objects with
// "landmarks": [[x, y], ...], 68 or 5 points in pixels of the frame (docs/landmarks.md).
//
//   c++ -std=c++17 composite.cpp $(pkg-config --cflags --libs liae libpng) -o composite
#include <algorithm>
#include <cctype>
#include <cstring>
#include <fstream>
#include <iostream>
#include <sstream>
#include <vector>

#include <liae.hpp>
#include "../png_io.h"

namespace {

using Points = std::vector<float>;

/// The numbers of each "landmarks" array: x, y, x, y. What else stands in the file is passed over.
std::vector<Points> read_landmarks(const std::string &path) {
  std::ifstream file(path);
  std::stringstream text;
  if (!file || !(text << file.rdbuf())) throw std::runtime_error(path + ": cannot be read");
  const std::string json = text.str(), key = "\"landmarks\"";
  std::vector<Points> faces;
  for (size_t at = json.find(key); at != std::string::npos; at = json.find(key, at)) {
    at += key.size();
    const size_t open = json.find_first_not_of(" \t\r\n:", at);
    if (open == std::string::npos || json[open] != '[') throw std::runtime_error(path + ": no array after " + key);
    Points points;
    int depth = 0;
    const char *next = json.c_str() + open;
    do {
      if (*next == '[') depth++;
      if (*next == ']') depth--;
      if (*next == '-' || std::isdigit(static_cast<unsigned char>(*next))) {
        char *end = nullptr;
        points.push_back(std::strtof(next, &end));
        if (end == next) throw std::runtime_error(path + ": a coordinate that is no number");
        next = end;
      } else if (*next) {
        next++;
      } else {
        throw std::runtime_error(path + ": the array of landmarks does not end");
      }
    } while (depth > 0);
    if (points.size() % 2) throw std::runtime_error(path + ": an odd number of coordinates");
    faces.push_back(points);
  }
  if (faces.empty()) throw std::runtime_error(path + ": no " + key);
  return faces;
}

}  // namespace

int main(int argc, char **argv) try {
  std::vector<std::string> names;
  std::string mask_path;
  bool preview = false;
  auto options = liae::made(liae_composite_options_init);
  for (int i = 1; i < argc; i++) {
    const std::string word = argv[i];
    if (word == "--preview") {
      preview = true;
    } else if (word == "--seamless") {
      options.blend = LIAE_BLEND_SEAMLESS;
    } else if (word == "--hull") {
      options.mask_mode = LIAE_MASK_MODE_DESTINATION;
      options.erode = 20;
      options.blur = 60;
    } else if (word == "--mask" && i + 1 < argc) {
      mask_path = argv[++i];
    } else {
      names.push_back(word);
    }
  }
  const bool has_unknown = std::any_of(names.begin(), names.end(), [](auto &name) { return name.rfind("--", 0) == 0; });
  if (names.size() != 4 || has_unknown) {
    std::cerr << "usage: " << argv[0]
              << " MODEL FRAME.png LANDMARKS.json OUT.png [--preview] [--seamless] [--hull] [--mask MASK.png]\n";
    return 2;
  }

  const liae::Model model(names[0]);
  liae::Context context(model);
  int width = 0, height = 0;
  const std::unique_ptr<unsigned char, void (*)(void *)> pixels(read_png(names[1].c_str(), &width, &height), std::free);
  if (!pixels) return 1;
  const size_t row = static_cast<size_t>(width) * 3;

  const auto landmarks = read_landmarks(names[2]);
  std::vector<liae_face> faces;
  for (const Points &points : landmarks) {
    auto face = liae::made(liae_face_init);
    face.landmarks = points.data();
    face.landmark_count = points.size() / 2;
    face.context = context.get();
    if (!*model.info().face_type) face.face_type = LIAE_FACE_TYPE_WHOLE;
    faces.push_back(face);
  }

  // The result stands to the right of the frame in the preview, and is the frame's own memory without one.
  std::vector<unsigned char> out(row * static_cast<size_t>(height) * (preview ? 2 : 1));
  const size_t stride = preview ? 2 * row : row;
  for (int y = 0; y < height; y++) {
    std::memcpy(out.data() + static_cast<size_t>(y) * stride, pixels.get() + static_cast<size_t>(y) * row, row);
  }
  auto frame = liae::rgb8(pixels.get(), width, height);
  auto result = liae::rgb8(out.data() + (preview ? row : 0), width, height);
  result.stride = stride;
  std::vector<unsigned char> mask(static_cast<size_t>(width) * static_cast<size_t>(height));
  const auto mask_image = liae::gray8(mask.data(), width, height);
  liae::check(liae_frame_swap_faces(&frame, faces.data(), faces.size(), &options, nullptr, &result, &mask_image));

  const char *xmp = liae_provenance_xmp(LIAE_PROVENANCE_COMPOSITE);
  if (!write_png(names[3].c_str(), out.data(), preview ? 2 * width : width, height, 3, xmp)) return 1;
  if (!mask_path.empty() && !write_png(mask_path.c_str(), mask.data(), width, height, 1, xmp)) return 1;
  std::cout << faces.size() << (faces.size() == 1 ? " face" : " faces") << ", " << width << " x " << height << ": "
            << names[3] << "\n";
  return 0;
} catch (const std::exception &error) {
  std::cerr << error.what() << "\n";
  return 1;
}
