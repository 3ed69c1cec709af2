// SPDX-License-Identifier: Apache-2.0
// What the C tests share: checks that count, and a model with its buffers.
#ifndef LIAE_TESTS_CHECK_H
#define LIAE_TESTS_CHECK_H

#include <liae.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int checks = 0, failures = 0;

#define CHECK(condition)                                                            \
  do {                                                                              \
    checks++;                                                                       \
    if (!(condition)) {                                                             \
      failures++;                                                                   \
      fprintf(stderr, "%s:%d: %s is false\n", __FILE__, __LINE__, #condition);      \
    }                                                                               \
  } while (0)

/// The call returns this status, and there is a message exactly when it is not LIAE_OK.
#define EXPECT(expected, call)                                                                                    \
  do {                                                                                                            \
    liae_status status_ = (call);                                                                                 \
    checks++;                                                                                                     \
    if (status_ != (expected) || (status_ == LIAE_OK) != (liae_last_error()[0] == 0)) {                           \
      failures++;                                                                                                 \
      fprintf(stderr, "%s:%d: %s: %s \"%s\", expected %s\n", __FILE__, __LINE__, #call, liae_status_string(status_), \
              liae_last_error(), liae_status_string(expected));                                                   \
    }                                                                                                             \
  } while (0)

#define OK(call) EXPECT(LIAE_OK, call)

static inline int finish(void) {
  printf("%d checks, %d failures\n", checks, failures);
  return failures == 0 ? 0 : 1;
}

/// A model with a context, a drawn face and room for its pictures, all float.
typedef struct {
  liae_model *model;
  liae_context *context;
  liae_model_info info;
  float *pixels[4];
  liae_image face, rgb, mask, dst_mask;
} fixture;

static inline liae_image float_image(float *pixels, int side, int channels) {
  liae_image image;
  memset(&image, 0, sizeof image);
  image.pixels = pixels;
  image.width = image.height = side;
  image.stride = (size_t)(side * channels) * sizeof(float);
  image.format = channels == 3 ? LIAE_PIXEL_FORMAT_RGB_FLOAT : LIAE_PIXEL_FORMAT_GRAY_FLOAT;
  return image;
}

/// 8-bit RGB, or gray for one channel.
static inline liae_image byte_image(unsigned char *pixels, int width, int height, int channels) {
  liae_image image;
  memset(&image, 0, sizeof image);
  image.pixels = pixels;
  image.width = width;
  image.height = height;
  image.stride = (size_t)(width * channels);
  image.format = channels == 3 ? LIAE_PIXEL_FORMAT_RGB8 : LIAE_PIXEL_FORMAT_GRAY8;
  return image;
}

static inline void open_fixture(fixture *f, const char *path, const liae_context_options *options) {
  memset(f, 0, sizeof *f);
  OK(liae_model_open(path, NULL, &f->model));
  OK(liae_model_info_init(&f->info, sizeof f->info));
  OK(liae_model_get_info(f->model, &f->info));
  OK(liae_context_create(f->model, options, &f->context));
  if (failures) exit(finish());
  const int side = f->info.resolution, rgb = f->info.rgb_side, mask = f->info.mask_side;
  f->pixels[0] = malloc((size_t)(side * side * 3) * sizeof(float));
  f->pixels[1] = malloc((size_t)(rgb * rgb * 3) * sizeof(float));
  f->pixels[2] = malloc((size_t)(mask * mask) * sizeof(float));
  f->pixels[3] = malloc((size_t)(mask * mask) * sizeof(float));
  for (int i = 0; i < side * side * 3; i++) f->pixels[0][i] = (float)(i * 7919 % 1009) / 1008;
  f->face = float_image(f->pixels[0], side, 3);
  f->rgb = float_image(f->pixels[1], rgb, 3);
  f->mask = float_image(f->pixels[2], mask, 1);
  f->dst_mask = float_image(f->pixels[3], mask, 1);
}

static inline void close_fixture(fixture *f) {
  OK(liae_context_free(f->context));
  OK(liae_model_free(f->model));
  for (int i = 0; i < 4; i++) free(f->pixels[i]);
}

#endif
