// SPDX-License-Identifier: Apache-2.0
// swap_face MODEL FACE.png OUT: writes OUT.rgb.png and OUT.mask.png.
//
//   cc swap_face.c $(pkg-config --cflags --libs liae libpng) -o swap_face
#include <liae.h>

#include "../png_io.h"

static int failed(const char *what, liae_status status) {
  if (status == LIAE_OK) return 0;
  fprintf(stderr, "%s: %s: %s\n", what, liae_status_string(status), liae_last_error());
  return 1;
}

int main(int argc, char **argv) {
  liae_model *model = NULL;
  liae_context *context = NULL;
  liae_model_info info;
  unsigned char *face = NULL, *rgb = NULL, *mask = NULL;
  char path[4096];
  int width, height, ok = 0;

  if (argc != 4) {
    fprintf(stderr, "usage: %s MODEL FACE.png OUT\n", argv[0]);
    return 2;
  }
  if (failed(argv[1], liae_model_open(argv[1], NULL, &model))) goto end;
  if (failed("info", liae_model_info_init(&info, sizeof info))) goto end;
  if (failed("info", liae_model_get_info(model, &info))) goto end;
  printf("%s, %d x %d pixels, %s\n", info.architecture, info.resolution, info.resolution, info.isa);
  if (failed("context", liae_context_create(model, NULL, &context))) goto end;

  face = read_png(argv[2], &width, &height);
  rgb = malloc((size_t)info.rgb_side * (size_t)info.rgb_side * 3);
  mask = malloc((size_t)info.mask_side * (size_t)info.mask_side);
  if (!face || !rgb || !mask) goto end;

  {
    const liae_image input = {face, width, height, (size_t)width * 3, LIAE_PIXEL_FORMAT_RGB8, 0};
    const liae_image output = {rgb, info.rgb_side, info.rgb_side, (size_t)info.rgb_side * 3, LIAE_PIXEL_FORMAT_RGB8, 0};
    const liae_image alpha = {mask, info.mask_side, info.mask_side, (size_t)info.mask_side, LIAE_PIXEL_FORMAT_GRAY8, 0};
    if (failed(argv[2], liae_context_run(context, NULL, &input, &output, &alpha, NULL))) goto end;
  }

  snprintf(path, sizeof path, "%s.rgb.png", argv[3]);
  if (!write_png(path, rgb, info.rgb_side, info.rgb_side, 3, liae_provenance_xmp(LIAE_PROVENANCE_GENERATED))) goto end;
  snprintf(path, sizeof path, "%s.mask.png", argv[3]);
  ok = write_png(path, mask, info.mask_side, info.mask_side, 1, liae_provenance_xmp(LIAE_PROVENANCE_GENERATED));

end:
  free(face);
  free(rgb);
  free(mask);
  liae_context_free(context);
  liae_model_free(model);
  return ok ? 0 : 1;
}
