// SPDX-License-Identifier: Apache-2.0
#include <zlib.h>
#include "png_error.h"

// One encoder and the file that it has made so far.
typedef struct {
  liae_png_error error;
  png_structp png;
  png_infop info;
  uint8_t *file;
  size_t count, capacity;
} writer;

static void put(png_structp png, png_bytep bytes, size_t count) {
  writer *w = png_get_io_ptr(png);
  if (count > w->capacity - w->count) {
    size_t capacity = (w->count + count) * 2;
    uint8_t *file = realloc(w->file, capacity);
    if (!file) {
      png_error(png, "out of memory");
    }
    w->file = file;
    w->capacity = capacity;
  }
  memcpy(w->file + w->count, bytes, count);
  w->count += count;
}

static void flush(png_structp png) { (void)png; }

static int encode(writer *w, const uint8_t *pixels, liae_image_size size, png_textp texts, int text_count) {
  static const uint16_t one = 1;
  int type = size.channels == 1 ? PNG_COLOR_TYPE_GRAY : size.channels == 3 ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_RGB_ALPHA;
  if (setjmp(w->error.jump)) return w->error.status;
  png_set_write_fn(w->png, w, put, flush);
  png_set_IHDR(w->png, w->info, size.width, size.height, (int)size.bits, type, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  // Frames are photographs: the first filter and runs alone take an eighth of the time of zlib's default, for files that
  // are as small.
  png_set_filter(w->png, PNG_FILTER_TYPE_BASE, PNG_FILTER_SUB);
  png_set_compression_level(w->png, 1);
  png_set_compression_strategy(w->png, Z_RLE);
  if (text_count) png_set_text(w->png, w->info, texts, text_count);
  png_write_info(w->png, w->info);
  // PNG has the high byte first.
  if (size.bits == 16 && *(const uint8_t *)&one) png_set_swap(w->png);
  for (uint32_t y = 0; y < size.height; y++) {
    png_write_row(w->png, pixels + (size_t)y * size.width * size.channels * (size.bits / 8));
  }
  // The texts were written before the pixels; without an info nothing follows them but IEND.
  png_write_end(w->png, NULL);
  return LIAE_IMAGE_OK;
}

int liae_png_write(const void *pixels, liae_image_size size, const char *software, const char *xmp, uint8_t **file,
                   size_t *file_count, char message[LIAE_IMAGE_MESSAGE]) {
  writer w;
  memset(&w, 0, sizeof w);
  liae_png_error_init(&w.error, message);
  *file = NULL;
  *file_count = 0;

  png_text texts[2];
  memset(texts, 0, sizeof texts);
  int text_count = 0;
  if (software) {
    texts[text_count].compression = PNG_TEXT_COMPRESSION_NONE;
    texts[text_count].key = (png_charp) "Software";
    texts[text_count].text = (png_charp)software;
    texts[text_count++].text_length = strlen(software);
  }
  if (xmp) {
    texts[text_count].compression = PNG_ITXT_COMPRESSION_NONE;
    texts[text_count].key = (png_charp) "XML:com.adobe.xmp";
    texts[text_count].text = (png_charp)xmp;
    texts[text_count++].itxt_length = strlen(xmp);
  }

  int status;
  w.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &w.error, liae_png_fail, liae_png_ignore);
  if (w.png) w.info = png_create_info_struct(w.png);
  status = w.info ? encode(&w, pixels, size, texts, text_count) : liae_png_out_of_memory(&w.error);
  if (w.png) png_destroy_write_struct(&w.png, &w.info);
  if (status == LIAE_IMAGE_OK) {
    *file = w.file;
    *file_count = w.count;
  } else {
    free(w.file);
  }
  return status;
}

void liae_image_free(uint8_t *file) { free(file); }
