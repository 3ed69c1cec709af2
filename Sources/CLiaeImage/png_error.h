// SPDX-License-Identifier: Apache-2.0
// How libpng's errors end: as a status and a text in the caller's buffer.
#pragma once
#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "liae_image.h"

typedef struct {
  jmp_buf jump;
  char *message;
  int status;
} liae_png_error;

static inline void liae_png_error_init(liae_png_error *error, char *message) {
  error->message = message;
  error->status = LIAE_IMAGE_CORRUPT;
  message[0] = 0;
}

/// libpng's error callback.
static inline void liae_png_fail(png_structp png, png_const_charp text) {
  liae_png_error *error = png_get_error_ptr(png);
  snprintf(error->message, LIAE_IMAGE_MESSAGE, "%s", text);
  error->status = strstr(text, "emory") ? LIAE_IMAGE_OUT_OF_MEMORY : LIAE_IMAGE_CORRUPT;
  longjmp(error->jump, 1);
}

/// libpng's warning callback: what libpng can read in spite of, so do we.
static inline void liae_png_ignore(png_structp png, png_const_charp text) {
  (void)png;
  (void)text;
}

static inline int liae_png_out_of_memory(liae_png_error *error) {
  snprintf(error->message, LIAE_IMAGE_MESSAGE, "out of memory");
  return LIAE_IMAGE_OUT_OF_MEMORY;
}

static inline int liae_png_limit(liae_png_error *error, uint32_t width, uint32_t height, liae_image_limits limits) {
  snprintf(error->message, LIAE_IMAGE_MESSAGE,
           "the header says %u x %u pixels; at most %u a side and %llu together are read", width, height, limits.side,
           (unsigned long long)limits.pixels);
  return LIAE_IMAGE_LIMIT;
}
