// SPDX-License-Identifier: Apache-2.0
// Reads and writes 8-bit PNG for the examples, with libpng. C and C++.
#ifndef LIAE_EXAMPLES_PNG_IO_H
#define LIAE_EXAMPLES_PNG_IO_H

#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/// The pixels as width * height * 3 bytes, to be freed with free(); NULL on failure, which is said on stderr.
static unsigned char *read_png(const char *path, int *width, int *height) {
  png_image image;
  unsigned char *pixels = NULL;
  memset(&image, 0, sizeof image);
  image.version = PNG_IMAGE_VERSION;
  if (png_image_begin_read_from_file(&image, path)) {
    image.format = PNG_FORMAT_RGB;
    pixels = (unsigned char *)malloc(PNG_IMAGE_SIZE(image));
    if (pixels && !png_image_finish_read(&image, NULL, pixels, 0, NULL)) {
      free(pixels);
      pixels = NULL;
    }
  }
  if (!pixels) fprintf(stderr, "%s: %s\n", path, image.message);
  *width = (int)image.width;
  *height = (int)image.height;
  png_image_free(&image);
  return pixels;
}

/// Writes channels (3 or 1) bytes a pixel, with the XMP packet that says how the picture was made. Returns 0 on failure.
static int write_png(const char *path, const unsigned char *pixels, int width, int height, int channels,
                     const char *xmp) {
  FILE *file = fopen(path, "wb");
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
  png_infop info = png ? png_create_info_struct(png) : NULL;
  char keyword[] = "XML:com.adobe.xmp";
  png_text text;
  int ok = 0;
  memset(&text, 0, sizeof text);
  text.compression = PNG_ITXT_COMPRESSION_NONE;
  text.key = keyword;
  text.text = (char *)xmp;
  if (file && info && !setjmp(png_jmpbuf(png))) {
    png_init_io(png, file);
    png_set_IHDR(png, info, (png_uint_32)width, (png_uint_32)height, 8,
                 channels == 3 ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_set_text(png, info, &text, 1);
    png_write_info(png, info);
    for (int y = 0; y < height; y++) png_write_row(png, pixels + (size_t)y * (size_t)(width * channels));
    png_write_end(png, NULL);
    ok = 1;
  }
  png_destroy_write_struct(&png, &info);
  if (file && fclose(file) != 0) ok = 0;
  if (!ok) fprintf(stderr, "%s: cannot be written\n", path);
  return ok;
}

#endif
