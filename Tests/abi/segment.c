// SPDX-License-Identifier: Apache-2.0
// segment XSEG MODEL FRAME WIDTH HEIGHT LANDMARKS: a model that segments, alone and beside one that swaps. FRAME is 8-bit
// RGB, LANDMARKS 68 points of float32 in it.
#include "check.h"

static void *read_file(const char *path, size_t size) {
  FILE *file = fopen(path, "rb");
  void *data = malloc(size);
  if (!file || fread(data, 1, size, file) != size) {
    fprintf(stderr, "%s cannot be read\n", path);
    exit(1);
  }
  fclose(file);
  return data;
}

// The mask of a face, by default and by name; nothing else can be asked of such a model.
static void masks(fixture *f) {
  const size_t count = (size_t)(f->info.mask_side * f->info.mask_side);
  float *first = malloc(count * sizeof(float)), sum = 0;
  liae_run_options options;
  CHECK(strcmp(f->info.family, "xseg") == 0 && strcmp(f->info.architecture, "xseg") == 0);
  CHECK(f->info.kind == LIAE_MODEL_KIND_SEGMENT && f->info.rgb_side == 0 && f->info.base_dims > 0);
  CHECK(f->info.mask_side == f->info.resolution && !f->info.can_morph && f->info.e_dims == 0);
  OK(liae_context_run(f->context, NULL, &f->face, NULL, &f->mask, NULL));
  memcpy(first, f->pixels[2], count * sizeof(float));
  for (size_t i = 0; i < count; i++) {
    CHECK(first[i] >= 0 && first[i] <= 1);
    sum += first[i];
  }
  CHECK(sum > 0 && sum < (float)count);
  OK(liae_run_options_init(&options, sizeof options));
  options.mode = LIAE_MODE_SEGMENT;
  memset(f->pixels[2], 0, count * sizeof(float));
  OK(liae_context_run(f->context, &options, &f->face, NULL, &f->mask, NULL));
  CHECK(memcmp(first, f->pixels[2], count * sizeof(float)) == 0);
  EXPECT(LIAE_ERROR_UNSUPPORTED, liae_context_run(f->context, NULL, &f->face, NULL, &f->mask, &f->dst_mask));
  for (int mode = LIAE_MODE_SWAP; mode <= LIAE_MODE_MORPH; mode++) {
    options.mode = mode;
    EXPECT(LIAE_ERROR_UNSUPPORTED, liae_context_run(f->context, &options, &f->face, NULL, &f->mask, NULL));
  }
  options.mode = 5;
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_context_run(f->context, &options, &f->face, NULL, &f->mask, NULL));
  float *many = malloc(2 * count * sizeof(float));
  liae_image faces[] = {f->face, f->face}, results[2];
  for (int i = 0; i < 2; i++) results[i] = float_image(many + (size_t)i * count, f->info.mask_side, 1);
  OK(liae_context_run_batch(f->context, NULL, 2, faces, NULL, results, NULL));
  for (int i = 0; i < 2; i++) CHECK(memcmp(first, many + (size_t)i * count, count * sizeof(float)) == 0);
  free(first);
  free(many);
}

// Faces of a frame with the masks that the network finds; the two models in each other's place.
static void frames(fixture *xseg, fixture *swap, unsigned char *frame, int width, int height, const float *points) {
  const size_t size = (size_t)(width * height * 3), pixels = (size_t)(width * height);
  unsigned char *result = malloc(size), *second = malloc(size), *mask = malloc(pixels);
  const liae_image frame_image = byte_image(frame, width, height, 3), mask_image = byte_image(mask, width, height, 1);
  const liae_image result_image = byte_image(result, width, height, 3), other = byte_image(second, width, height, 3);
  liae_composite_options options;
  liae_face face;
  OK(liae_composite_options_init(&options, sizeof options));
  OK(liae_face_init(&face, sizeof face));
  CHECK(face.xseg_context == NULL);
  face.landmarks = points;
  face.landmark_count = 68;
  face.context = swap->context;
  for (int mode = LIAE_MASK_MODE_XSEG_SWAP; mode <= LIAE_MASK_MODE_ALL_PRODUCT; mode++) {
    options.mask_mode = mode;
    face.xseg_context = NULL;
    EXPECT(LIAE_ERROR_INVALID_ARGUMENT,
           liae_frame_swap_faces(&frame_image, &face, 1, &options, NULL, &result_image, &mask_image));
    face.xseg_context = xseg->context;
    OK(liae_frame_swap_faces(&frame_image, &face, 1, &options, NULL, &result_image, &mask_image));
    size_t covered = 0;
    for (size_t i = 0; i < pixels; i++) covered += mask[i] != 0;
    CHECK(covered > 0 && covered < pixels);
    // In three steps, with a context that computes the masks.
    double matrix[6];
    OK(liae_frame_align(swap->context, &frame_image, points, 68, LIAE_FACE_TYPE_AUTOMATIC, &options, &swap->face, matrix));
    OK(liae_context_run(swap->context, NULL, &swap->face, &swap->rgb, &swap->mask, &swap->dst_mask));
    face.rgb = &swap->rgb;
    face.mask = &swap->mask;
    face.dst_mask = &swap->dst_mask;
    OK(liae_frame_composite(&frame_image, &face, 1, &options, &other, NULL));
    CHECK(memcmp(result, second, size) == 0);
    face.rgb = face.mask = face.dst_mask = NULL;
  }
  face.xseg_context = swap->context;
  EXPECT(LIAE_ERROR_UNSUPPORTED, liae_frame_swap_faces(&frame_image, &face, 1, &options, NULL, &result_image, NULL));
  CHECK(strstr(liae_last_error(), "faces[0].xseg_context") != NULL);
  face.xseg_context = xseg->context;
  face.context = xseg->context;
  EXPECT(LIAE_ERROR_UNSUPPORTED, liae_frame_swap_faces(&frame_image, &face, 1, &options, NULL, &result_image, NULL));
  EXPECT(LIAE_ERROR_UNSUPPORTED, liae_frame_swap(xseg->context, &frame_image, points, 68, NULL, &result_image));
  face.context = swap->context;
  face.xseg_context = (liae_context *)(void *)&options;
  EXPECT(LIAE_ERROR_INVALID_HANDLE, liae_frame_swap_faces(&frame_image, &face, 1, &options, NULL, &result_image, NULL));
  // A caller of before this member.
  face.xseg_context = (liae_context *)(void *)&options;
  face.struct_size = 112;
  options.mask_mode = LIAE_MASK_MODE_DESTINATION;
  OK(liae_frame_swap_faces(&frame_image, &face, 1, &options, NULL, &result_image, NULL));
  liae_run_options run;
  OK(liae_run_options_init(&run, sizeof run));
  run.mode = LIAE_MODE_SEGMENT;
  EXPECT(LIAE_ERROR_UNSUPPORTED, liae_frame_swap_faces(&frame_image, &face, 1, &options, &run, &result_image, NULL));
  free(result);
  free(second);
  free(mask);
}

int main(int argc, char **argv) {
  fixture xseg, swap;
  if (argc != 7) return 2;
  open_fixture(&xseg, argv[1], NULL);
  open_fixture(&swap, argv[2], NULL);
  CHECK(swap.info.kind == LIAE_MODEL_KIND_SWAP && swap.info.base_dims == 0);
  liae_run_options options;
  OK(liae_run_options_init(&options, sizeof options));
  options.mode = LIAE_MODE_SEGMENT;
  EXPECT(LIAE_ERROR_UNSUPPORTED, liae_context_run(swap.context, &options, &swap.face, NULL, &swap.mask, NULL));
  masks(&xseg);
  const int width = atoi(argv[4]), height = atoi(argv[5]);
  unsigned char *frame = read_file(argv[3], (size_t)(width * height * 3));
  float *points = read_file(argv[6], 136 * sizeof(float));
  frames(&xseg, &swap, frame, width, height, points);
  free(frame);
  free(points);
  close_fixture(&xseg);
  close_fixture(&swap);
  return finish();
}
