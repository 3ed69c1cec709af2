// SPDX-License-Identifier: Apache-2.0
#include "png_error.h"

// One decoder. It lives in the caller's frame and is changed through a pointer, so that no variable that changes after
// setjmp belongs to the function that setjmp returns to.
typedef struct {
  liae_png_error error;
  png_structp png;
  png_infop info;
  const uint8_t *next;
  size_t left;
  png_bytep *rows;
} reader;

static void take(png_structp png, png_bytep out, size_t count) {
  reader *r = png_get_io_ptr(png);
  if (count > r->left) {
    png_error(png, "the file ends too early");
  }
  memcpy(out, r->next, count);
  r->next += count;
  r->left -= count;
}

static int open_reader(reader *r, const uint8_t *data, size_t count, char *message) {
  memset(r, 0, sizeof *r);
  liae_png_error_init(&r->error, message);
  r->next = data;
  r->left = count;
  r->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &r->error, liae_png_fail, liae_png_ignore);
  if (r->png) r->info = png_create_info_struct(r->png);
  if (!r->info) return liae_png_out_of_memory(&r->error);
  png_set_read_fn(r->png, r, take);
  // Sizes are judged by read_header, with a message that names them; libpng's own limit stays out of the way.
  png_set_user_limits(r->png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
  // Text and profiles are not used: a compressed one may not unpack to more than this.
  png_set_chunk_malloc_max(r->png, 4u << 20);
  png_set_chunk_cache_max(r->png, 64);
  return LIAE_IMAGE_OK;
}

// Reads up to the pixels and asks for gray, RGB or RGBA.
static int read_header(reader *r, liae_image_limits limits, int keeps_16_bits, liae_image_size *size) {
  static const uint16_t one = 1;
  if (setjmp(r->error.jump)) return r->error.status;
  png_read_info(r->png, r->info);
  png_uint_32 width = png_get_image_width(r->png, r->info);
  png_uint_32 height = png_get_image_height(r->png, r->info);
  if (width > limits.side || height > limits.side || (uint64_t)width * height > limits.pixels) {
    return liae_png_limit(&r->error, width, height, limits);
  }
  png_set_expand(r->png);
  int deep = keeps_16_bits && png_get_bit_depth(r->png, r->info) == 16;
  if (!deep) png_set_scale_16(r->png);
  // PNG has the high byte first.
  if (deep && *(const uint8_t *)&one) png_set_swap(r->png);
  int alpha = (png_get_color_type(r->png, r->info) & PNG_COLOR_MASK_ALPHA) != 0
      || png_get_valid(r->png, r->info, PNG_INFO_tRNS) != 0;
  if (alpha) png_set_gray_to_rgb(r->png);
  png_set_interlace_handling(r->png);
  png_read_update_info(r->png, r->info);
  size->width = width;
  size->height = height;
  size->channels = png_get_channels(r->png, r->info);
  size->bits = deep ? 16 : 8;
  if (png_get_rowbytes(r->png, r->info) != (size_t)width * size->channels * (size->bits / 8)) {
    png_error(r->png, "the rows have an unexpected length");
  }
  return LIAE_IMAGE_OK;
}

static int read_rows(reader *r, liae_image_size size, uint8_t *pixels) {
  size_t stride = (size_t)size.width * size.channels * (size.bits / 8);
  if (setjmp(r->error.jump)) return r->error.status;
  for (uint32_t y = 0; y < size.height; y++) r->rows[y] = pixels + y * stride;
  png_read_image(r->png, r->rows);
  png_read_end(r->png, NULL);
  return LIAE_IMAGE_OK;
}

static void close_reader(reader *r) {
  free(r->rows);
  if (r->png) png_destroy_read_struct(&r->png, &r->info, NULL);
}

int liae_png_read_size(const uint8_t *data, size_t count, liae_image_limits limits, int keeps_16_bits,
                       liae_image_size *size, char message[LIAE_IMAGE_MESSAGE]) {
  reader r;
  int status = open_reader(&r, data, count, message);
  if (status == LIAE_IMAGE_OK) status = read_header(&r, limits, keeps_16_bits, size);
  close_reader(&r);
  return status;
}

int liae_png_read(const uint8_t *data, size_t count, liae_image_limits limits, liae_image_size size, void *pixels,
                  char message[LIAE_IMAGE_MESSAGE]) {
  reader r;
  liae_image_size found = {0, 0, 0, 0};
  int status = open_reader(&r, data, count, message);
  if (status == LIAE_IMAGE_OK) status = read_header(&r, limits, size.bits == 16, &found);
  if (status == LIAE_IMAGE_OK && memcmp(&found, &size, sizeof size) != 0) {
    // The bytes are a mapped file, which another process may have changed since its header was read.
    snprintf(message, LIAE_IMAGE_MESSAGE, "the file changed while it was read");
    status = LIAE_IMAGE_CORRUPT;
  }
  if (status == LIAE_IMAGE_OK) {
    r.rows = malloc(size.height * sizeof *r.rows);
    status = r.rows ? read_rows(&r, size, pixels) : liae_png_out_of_memory(&r.error);
  }
  close_reader(&r);
  return status;
}
