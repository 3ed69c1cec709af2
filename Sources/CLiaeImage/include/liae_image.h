// SPDX-License-Identifier: Apache-2.0
// PNG and JPEG between memory and memory. libpng and libjpeg report errors by longjmp, which must not cross Swift
// frames: every jump starts and ends inside this target, and comes out as a status and a message.
#pragma once
#include <stddef.h>
#include <stdint.h>

enum {
  LIAE_IMAGE_OK = 0,
  /// The file contradicts its own format, or ends too early.
  LIAE_IMAGE_CORRUPT,
  /// A size is past the limits.
  LIAE_IMAGE_LIMIT,
  LIAE_IMAGE_OUT_OF_MEMORY,
  /// A valid file of a kind that is not read here.
  LIAE_IMAGE_UNSUPPORTED
};

/// What a file may ask for at most.
typedef struct {
  uint32_t side;
  uint64_t pixels;
} liae_image_limits;

/// Size of decoded pixels: 1 channel is gray, 3 RGB, 4 RGBA; 8 or 16 bits a channel.
typedef struct {
  uint32_t width, height, channels, bits;
} liae_image_size;

/// Room for an error's text, with its final zero.
#define LIAE_IMAGE_MESSAGE 256

/// Reads the header alone: the size that liae_png_read will fill. 16 bits are what it says where the file has them and
/// `keeps_16_bits` is not 0.
int liae_png_read_size(const uint8_t *data, size_t count, liae_image_limits limits, int keeps_16_bits,
                       liae_image_size *size, char message[LIAE_IMAGE_MESSAGE]);

/// Decodes into `pixels`, rows top to bottom without gaps, of the size that liae_png_read_size gave: bytes, or 16-bit
/// numbers in the order of this machine. Palettes, 1, 2 and 4 bits, transparency and interlacing all come out as gray,
/// RGB or RGBA. On failure the content of `pixels` is undefined.
int liae_png_read(const uint8_t *data, size_t count, liae_image_limits limits, liae_image_size size, void *pixels,
                  char message[LIAE_IMAGE_MESSAGE]);

/// Encodes gray, RGB or RGBA (1, 3 or 4 channels) with the bits of `size`; `pixels` are bytes or numbers in the order of
/// this machine, rows without gaps. `software` becomes a tEXt chunk, `xmp` an uncompressed iTXt chunk
/// `XML:com.adobe.xmp`; either may be NULL. `*file` is to be freed with liae_image_free.
int liae_png_write(const void *pixels, liae_image_size size, const char *software, const char *xmp, uint8_t **file,
                   size_t *file_count, char message[LIAE_IMAGE_MESSAGE]);

/// As liae_png_read_size. CMYK is LIAE_IMAGE_UNSUPPORTED.
int liae_jpeg_read_size(const uint8_t *data, size_t count, liae_image_limits limits, liae_image_size *size,
                        char message[LIAE_IMAGE_MESSAGE]);

/// As liae_png_read: gray stays gray, YCbCr becomes RGB. The orientation that Exif may give is not applied.
int liae_jpeg_read(const uint8_t *data, size_t count, liae_image_limits limits, liae_image_size size, uint8_t *pixels,
                   char message[LIAE_IMAGE_MESSAGE]);

/// Encodes 8-bit gray or RGB (1 or 3 channels) with `quality` 1 to 100 of libjpeg: JFIF, baseline, colour at half
/// resolution. `xmp` becomes an APP1 segment behind JFIF's; NULL: none. `*file` is to be freed with liae_image_free.
int liae_jpeg_write(const uint8_t *pixels, liae_image_size size, int quality, const char *xmp, uint8_t **file,
                    size_t *file_count, char message[LIAE_IMAGE_MESSAGE]);

/// Unpacks a zlib stream, as PNG has colour profiles. More than `limit` bytes are LIAE_IMAGE_LIMIT. `*out` is to be freed
/// with liae_image_free.
int liae_image_inflate(const uint8_t *data, size_t count, size_t limit, uint8_t **out, size_t *out_count);

/// Packs bytes into a zlib stream. `*out` is to be freed with liae_image_free.
int liae_image_deflate(const uint8_t *data, size_t count, uint8_t **out, size_t *out_count);

void liae_image_free(uint8_t *file);
