// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <jpeglib.h>
#include <jerror.h>
#include "liae_image.h"

// A picture has at most some tens of scans; a hostile file repeats them to burn time.
static const int max_scans = 200;

// One decoder, kept in the caller's frame as in png_read.c. libjpeg hands out pointers to its first two members.
typedef struct {
  struct jpeg_decompress_struct jpeg;
  struct jpeg_error_mgr errors;
  struct jpeg_progress_mgr progress;
  jmp_buf jump;
  char *message;
  int status;
} reader;

static void fail(j_common_ptr jpeg) {
  reader *r = jpeg->client_data;
  char text[JMSG_LENGTH_MAX];
  jpeg->err->format_message(jpeg, text);
  snprintf(r->message, LIAE_IMAGE_MESSAGE, "%s", text);
  switch (jpeg->err->msg_code) {
    case JERR_OUT_OF_MEMORY: r->status = LIAE_IMAGE_OUT_OF_MEMORY; break;
    case JERR_IMAGE_TOO_BIG: r->status = LIAE_IMAGE_LIMIT; break;
    case JERR_BAD_PRECISION:
    case JERR_SOF_UNSUPPORTED:
    case JERR_CONVERSION_NOTIMPL: r->status = LIAE_IMAGE_UNSUPPORTED; break;
    default: r->status = LIAE_IMAGE_CORRUPT;
  }
  longjmp(r->jump, 1);
}

// A file that ends too early is a mere warning to libjpeg, which then makes the rest up. Other warnings are odd but
// complete files, as cameras write them.
static void note(j_common_ptr jpeg, int level) {
  if (level >= 0) return;
  int code = jpeg->err->msg_code;
  if (code == JWRN_JPEG_EOF || code == JWRN_HIT_MARKER) fail(jpeg);
}

static void watch(j_common_ptr jpeg) {
  reader *r = jpeg->client_data;
  if (r->jpeg.input_scan_number > max_scans) {
    snprintf(r->message, LIAE_IMAGE_MESSAGE, "more than %d scans", max_scans);
    r->status = LIAE_IMAGE_LIMIT;
    longjmp(r->jump, 1);
  }
}

static void open_reader(reader *r, char *message) {
  memset(r, 0, sizeof *r);
  r->message = message;
  r->status = LIAE_IMAGE_CORRUPT;
  message[0] = 0;
  r->jpeg.err = jpeg_std_error(&r->errors);
  r->errors.error_exit = fail;
  r->errors.emit_message = note;
  r->progress.progress_monitor = watch;
  r->jpeg.client_data = r;
}

static int read_header(reader *r, const uint8_t *data, size_t count, liae_image_limits limits, liae_image_size *size) {
  if (setjmp(r->jump)) return r->status;
  // jpeg_create_decompress clears the struct but for err and client_data.
  jpeg_create_decompress(&r->jpeg);
  r->jpeg.progress = &r->progress;
  jpeg_mem_src(&r->jpeg, data, count);
  jpeg_read_header(&r->jpeg, TRUE);
  uint32_t width = r->jpeg.image_width, height = r->jpeg.image_height;
  if (width > limits.side || height > limits.side || (uint64_t)width * height > limits.pixels) {
    snprintf(r->message, LIAE_IMAGE_MESSAGE,
             "the header says %u x %u pixels; at most %u a side and %llu together are read", width, height,
             limits.side, (unsigned long long)limits.pixels);
    return LIAE_IMAGE_LIMIT;
  }
  switch (r->jpeg.jpeg_color_space) {
    case JCS_GRAYSCALE: r->jpeg.out_color_space = JCS_GRAYSCALE; break;
    case JCS_YCbCr:
    case JCS_RGB: r->jpeg.out_color_space = JCS_RGB; break;
    default:
      snprintf(r->message, LIAE_IMAGE_MESSAGE, "a CMYK or unknown colour space with %d components; save it as RGB",
               r->jpeg.num_components);
      return LIAE_IMAGE_UNSUPPORTED;
  }
  size->width = width;
  size->height = height;
  size->channels = r->jpeg.out_color_space == JCS_GRAYSCALE ? 1 : 3;
  size->bits = 8;
  return LIAE_IMAGE_OK;
}

static int read_rows(reader *r, liae_image_size size, uint8_t *pixels) {
  if (setjmp(r->jump)) return r->status;
  jpeg_start_decompress(&r->jpeg);
  if ((uint32_t)r->jpeg.output_components != size.channels || r->jpeg.output_width != size.width) {
    snprintf(r->message, LIAE_IMAGE_MESSAGE, "the rows have an unexpected length");
    return LIAE_IMAGE_CORRUPT;
  }
  while (r->jpeg.output_scanline < size.height) {
    JSAMPROW row = pixels + (size_t)r->jpeg.output_scanline * size.width * size.channels;
    jpeg_read_scanlines(&r->jpeg, &row, 1);
  }
  jpeg_finish_decompress(&r->jpeg);
  return LIAE_IMAGE_OK;
}

int liae_jpeg_read_size(const uint8_t *data, size_t count, liae_image_limits limits, liae_image_size *size,
                        char message[LIAE_IMAGE_MESSAGE]) {
  reader r;
  open_reader(&r, message);
  int status = read_header(&r, data, count, limits, size);
  jpeg_destroy_decompress(&r.jpeg);
  return status;
}

int liae_jpeg_read(const uint8_t *data, size_t count, liae_image_limits limits, liae_image_size size, uint8_t *pixels,
                   char message[LIAE_IMAGE_MESSAGE]) {
  reader r;
  liae_image_size found = {0, 0, 0, 0};
  open_reader(&r, message);
  int status = read_header(&r, data, count, limits, &found);
  if (status == LIAE_IMAGE_OK && memcmp(&found, &size, sizeof size) != 0) {
    // The bytes are a mapped file, which another process may have changed since its header was read.
    snprintf(message, LIAE_IMAGE_MESSAGE, "the file changed while it was read");
    status = LIAE_IMAGE_CORRUPT;
  }
  if (status == LIAE_IMAGE_OK) status = read_rows(&r, size, pixels);
  jpeg_destroy_decompress(&r.jpeg);
  return status;
}
