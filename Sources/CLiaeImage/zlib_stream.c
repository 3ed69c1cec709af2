// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include "liae_image.h"

int liae_image_inflate(const uint8_t *data, size_t count, size_t limit, uint8_t **out, size_t *out_count) {
  *out = NULL;
  *out_count = 0;
  if (count > limit) return LIAE_IMAGE_LIMIT;
  z_stream stream;
  memset(&stream, 0, sizeof stream);
  if (inflateInit(&stream) != Z_OK) return LIAE_IMAGE_OUT_OF_MEMORY;
  stream.next_in = (Bytef *)data;
  stream.avail_in = (uInt)count;
  uint8_t *bytes = NULL;
  size_t capacity = 0;
  int status = LIAE_IMAGE_OK;
  while (status == LIAE_IMAGE_OK) {
    if (stream.total_out == capacity) {
      size_t larger = capacity ? capacity * 2 : 1u << 14;
      uint8_t *grown = larger <= 2 * limit ? realloc(bytes, larger) : NULL;
      if (!grown) {
        status = larger <= 2 * limit ? LIAE_IMAGE_OUT_OF_MEMORY : LIAE_IMAGE_LIMIT;
        break;
      }
      bytes = grown;
      capacity = larger;
    }
    stream.next_out = bytes + stream.total_out;
    stream.avail_out = (uInt)(capacity - stream.total_out);
    int result = inflate(&stream, Z_NO_FLUSH);
    if (result == Z_STREAM_END) break;
    if (result == Z_MEM_ERROR) status = LIAE_IMAGE_OUT_OF_MEMORY;
    // Z_BUF_ERROR: no progress, for the stream ends too early.
    else if (result != Z_OK || (stream.avail_in == 0 && stream.avail_out != 0)) status = LIAE_IMAGE_CORRUPT;
  }
  if (status == LIAE_IMAGE_OK && stream.total_out > limit) status = LIAE_IMAGE_LIMIT;
  if (status == LIAE_IMAGE_OK) {
    *out = bytes;
    *out_count = stream.total_out;
  } else {
    free(bytes);
  }
  inflateEnd(&stream);
  return status;
}

int liae_image_deflate(const uint8_t *data, size_t count, uint8_t **out, size_t *out_count) {
  uLongf capacity = compressBound(count);
  uint8_t *bytes = malloc(capacity);
  *out = NULL;
  *out_count = 0;
  if (!bytes) return LIAE_IMAGE_OUT_OF_MEMORY;
  if (compress2(bytes, &capacity, data, count, 6) != Z_OK) {
    free(bytes);
    return LIAE_IMAGE_OUT_OF_MEMORY;
  }
  *out = bytes;
  *out_count = capacity;
  return LIAE_IMAGE_OK;
}
