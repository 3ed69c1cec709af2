// SPDX-License-Identifier: Apache-2.0
// swap_face MODEL FACE.png OUT: writes OUT.rgb.png and OUT.mask.png.
//
//   c++ -std=c++17 swap_face.cpp $(pkg-config --cflags --libs liae libpng) -o swap_face
#include <liae.hpp>

#include <iostream>
#include <vector>

#include "../png_io.h"

int main(int argc, char **argv) try {
  if (argc != 4) {
    std::cerr << "usage: " << argv[0] << " MODEL FACE.png OUT\n";
    return 2;
  }
  const liae::Model model(argv[1]);
  const auto info = model.info();
  std::cout << info.architecture << ", " << info.resolution << " x " << info.resolution << " pixels, " << info.isa
            << "\n";
  liae::Context context(model);

  int width = 0, height = 0;
  const std::unique_ptr<unsigned char, void (*)(void *)> face(read_png(argv[2], &width, &height), std::free);
  if (!face) return 1;
  std::vector<unsigned char> rgb(static_cast<size_t>(info.rgb_side) * info.rgb_side * 3);
  std::vector<unsigned char> mask(static_cast<size_t>(info.mask_side) * info.mask_side);
  const auto rgb_image = liae::rgb8(rgb.data(), info.rgb_side, info.rgb_side);
  const auto mask_image = liae::gray8(mask.data(), info.mask_side, info.mask_side);
  context.run(liae::rgb8(face.get(), width, height), &rgb_image, &mask_image);

  const std::string out = argv[3];
  const char *xmp = liae_provenance_xmp(LIAE_PROVENANCE_GENERATED);
  return write_png((out + ".rgb.png").c_str(), rgb.data(), info.rgb_side, info.rgb_side, 3, xmp) &&
                 write_png((out + ".mask.png").c_str(), mask.data(), info.mask_side, info.mask_side, 1, xmp)
             ? 0
             : 1;
} catch (const std::exception &error) {
  std::cerr << error.what() << "\n";
  return 1;
}
