// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <jpeglib.h>
#include <jerror.h>
#include "liae_image.h"

// One encoder and the file that it has made so far, kept in the caller's frame as in png_read.c. libjpeg hands out
// pointers to its first three members. (jpeg_mem_dest would lose its buffer where an error comes after it has grown.)
typedef struct {
  struct jpeg_compress_struct jpeg;
  struct jpeg_error_mgr errors;
  struct jpeg_destination_mgr destination;
  jmp_buf jump;
  char *message;
  int status;
  uint8_t *file;
  size_t count, capacity;
} writer;

static void fail(j_common_ptr jpeg) {
  writer *w = jpeg->client_data;
  char text[JMSG_LENGTH_MAX];
  jpeg->err->format_message(jpeg, text);
  snprintf(w->message, LIAE_IMAGE_MESSAGE, "%s", text);
  w->status = jpeg->err->msg_code == JERR_OUT_OF_MEMORY ? LIAE_IMAGE_OUT_OF_MEMORY : LIAE_IMAGE_LIMIT;
  longjmp(w->jump, 1);
}

static void note(j_common_ptr jpeg, int level) {
  (void)jpeg;
  (void)level;
}

// Doubles the buffer; libjpeg calls it when the buffer is full, whatever free_in_buffer says then.
static boolean grow(j_compress_ptr jpeg) {
  writer *w = jpeg->client_data;
  size_t capacity = w->capacity ? w->capacity * 2 : 1u << 16;
  uint8_t *file = realloc(w->file, capacity);
  if (!file) ERREXIT1(jpeg, JERR_OUT_OF_MEMORY, 0);
  w->file = file;
  w->destination.next_output_byte = file + w->capacity;
  w->destination.free_in_buffer = capacity - w->capacity;
  w->capacity = capacity;
  return TRUE;
}

static void begin(j_compress_ptr jpeg) { grow(jpeg); }

static void end(j_compress_ptr jpeg) {
  writer *w = jpeg->client_data;
  w->count = w->capacity - w->destination.free_in_buffer;
}

static int encode(writer *w, const uint8_t *pixels, liae_image_size size, int quality, const char *xmp) {
  static const char signature[] = "http://ns.adobe.com/xap/1.0/";  // its final zero is a part of it
  if (setjmp(w->jump)) return w->status;
  jpeg_create_compress(&w->jpeg);
  w->destination.init_destination = begin;
  w->destination.empty_output_buffer = grow;
  w->destination.term_destination = end;
  w->jpeg.dest = &w->destination;
  w->jpeg.image_width = size.width;
  w->jpeg.image_height = size.height;
  w->jpeg.input_components = (int)size.channels;
  w->jpeg.in_color_space = size.channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
  // The defaults are what OpenCV writes, too: JFIF, baseline, colour at half resolution, no restarts.
  jpeg_set_defaults(&w->jpeg);
  jpeg_set_quality(&w->jpeg, quality, TRUE);
  jpeg_start_compress(&w->jpeg, TRUE);
  if (xmp) {
    size_t count = strlen(xmp);
    jpeg_write_m_header(&w->jpeg, JPEG_APP0 + 1, (unsigned)(sizeof signature + count));
    for (size_t i = 0; i < sizeof signature; i++) jpeg_write_m_byte(&w->jpeg, (uint8_t)signature[i]);
    for (size_t i = 0; i < count; i++) jpeg_write_m_byte(&w->jpeg, (uint8_t)xmp[i]);
  }
  while (w->jpeg.next_scanline < size.height) {
    JSAMPROW row = (JSAMPROW)(pixels + (size_t)w->jpeg.next_scanline * size.width * size.channels);
    jpeg_write_scanlines(&w->jpeg, &row, 1);
  }
  jpeg_finish_compress(&w->jpeg);
  return LIAE_IMAGE_OK;
}

int liae_jpeg_write(const uint8_t *pixels, liae_image_size size, int quality, const char *xmp, uint8_t **file,
                    size_t *file_count, char message[LIAE_IMAGE_MESSAGE]) {
  writer w;
  memset(&w, 0, sizeof w);
  message[0] = 0;
  w.message = message;
  w.status = LIAE_IMAGE_LIMIT;
  w.jpeg.err = jpeg_std_error(&w.errors);
  w.errors.error_exit = fail;
  w.errors.emit_message = note;
  w.jpeg.client_data = &w;
  int status = encode(&w, pixels, size, quality, xmp);
  jpeg_destroy_compress(&w.jpeg);
  *file = status == LIAE_IMAGE_OK ? w.file : NULL;
  *file_count = status == LIAE_IMAGE_OK ? w.count : 0;
  if (status != LIAE_IMAGE_OK) free(w.file);
  return status;
}
