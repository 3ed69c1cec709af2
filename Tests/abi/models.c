// SPDX-License-Identifier: Apache-2.0
// models MODEL DFM FOLDER: what is said of a model and what its caller tells of it. MODEL's file says whole_face; DFM holds
// the same network and says nothing; packed weights are written into FOLDER.
#include "check.h"

#include <math.h>
#include <stddef.h>

static size_t floats(const liae_image *image) { return image->stride / sizeof(float) * (size_t)image->height; }

static void run(fixture *f, int mode, float morph) {
  liae_run_options options;
  OK(liae_run_options_init(&options, sizeof options));
  options.mode = mode;
  options.morph = morph;
  OK(liae_context_run(f->context, &options, &f->face, &f->rgb, &f->mask, &f->dst_mask));
}

// A morph goes from the destination reconstructed to the swap: bit for bit where codes are mixed by whole channels.
static void morphs(fixture *f) {
  const liae_image *images[] = {&f->rgb, &f->mask};
  float *ends[2][2], *between;
  const int is_amp = strcmp(f->info.family, "amp") == 0;
  liae_run_options options;
  OK(liae_run_options_init(&options, sizeof options));
  CHECK(options.mode == LIAE_MODE_SWAP && options.morph == 0);
  if (!f->info.can_morph) {
    CHECK(strcmp(f->info.family, "df") == 0);
    options.mode = LIAE_MODE_MORPH;
    EXPECT(LIAE_ERROR_UNSUPPORTED, liae_context_run(f->context, &options, &f->face, &f->rgb, NULL, NULL));
    return;
  }
  for (int end = 0; end < 2; end++) {
    run(f, end == 0 ? LIAE_MODE_RECONSTRUCT_DESTINATION : LIAE_MODE_SWAP, 0.3f);
    for (int i = 0; i < 2; i++) {
      ends[end][i] = malloc(floats(images[i]) * sizeof(float));
      memcpy(ends[end][i], images[i]->pixels, floats(images[i]) * sizeof(float));
    }
  }
  for (int end = 0; end < 2; end++) {
    run(f, LIAE_MODE_MORPH, (float)end);
    for (int i = 0; i < 2; i++) {
      const float *found = images[i]->pixels;
      float worst = 0;
      for (size_t k = 0; k < floats(images[i]); k++) worst = fmaxf(worst, fabsf(found[k] - ends[end][i][k]));
      CHECK(is_amp ? worst == 0 : worst < 1e-4f);
    }
  }
  run(f, LIAE_MODE_MORPH, 0.5f);
  for (int end = 0; end < 2; end++)
    for (int i = 0; i < 2; i++)
      CHECK(memcmp(images[i]->pixels, ends[end][i], floats(images[i]) * sizeof(float)) != 0);

  // Three faces at once and float tensors: the same morph.
  between = malloc(floats(&f->rgb) * sizeof(float));
  memcpy(between, f->rgb.pixels, floats(&f->rgb) * sizeof(float));
  options.mode = LIAE_MODE_MORPH;
  options.morph = 0.5f;
  const liae_image faces[] = {f->face, f->face, f->face};
  float *many = malloc(3 * floats(&f->rgb) * sizeof(float));
  liae_image rgbs[3];
  for (size_t i = 0; i < 3; i++) rgbs[i] = float_image(many + i * floats(&f->rgb), f->info.rgb_side, 3);
  OK(liae_context_run_batch(f->context, &options, 3, faces, rgbs, NULL, NULL));
  for (int i = 0; i < 3; i++) CHECK(memcmp(rgbs[i].pixels, between, floats(&f->rgb) * sizeof(float)) == 0);
  // Pixels are RGB, tensors have the model's order: channels change places on the way in and out.
  const int is_bgr = f->info.color_order == LIAE_COLOR_ORDER_BGR;
  float *face = malloc(floats(&f->face) * sizeof(float));
  for (size_t k = 0; k < floats(&f->face); k++) face[k] = f->pixels[0][is_bgr ? k / 3 * 3 + 2 - k % 3 : k];
  const liae_tensor input = {face, floats(&f->face)}, output = {many, floats(&f->rgb)};
  OK(liae_context_run_tensors(f->context, &options, &input, &output, NULL, NULL));
  int same = 1;
  for (size_t k = 0; k < floats(&f->rgb); k++) same &= many[k] == between[is_bgr ? k / 3 * 3 + 2 - k % 3 : k];
  CHECK(same);
  free(face);
  free(many);
  free(between);
  for (int end = 0; end < 2; end++)
    for (int i = 0; i < 2; i++) free(ends[end][i]);
}

static void info(const fixture *f) {
  liae_model_info empty, old;
  const int is_amp = strcmp(f->info.family, "amp") == 0;
  OK(liae_model_info_init(&empty, sizeof empty));
  CHECK(empty.inter_dims == 0 && empty.can_morph == 0 && empty.trained_morph == -1 && empty.reserved == 0);
  CHECK((f->info.inter_dims > 0) == is_amp);
  CHECK(f->info.can_morph == (strcmp(f->info.family, "df") != 0));
  if (is_amp) CHECK(strcmp(f->info.architecture, "amp") == 0 && f->info.trained_morph > 0 && f->info.trained_morph <= 1);
  if (!is_amp) CHECK(f->info.trained_morph == -1);
  // A caller that knows the struct up to d_mask_dims.
  memset(&old, 0xaa, sizeof old);
  old.struct_size = offsetof(liae_model_info, inter_dims);
  OK(liae_model_get_info(f->model, &old));
  CHECK(old.d_mask_dims == f->info.d_mask_dims && (uint32_t)old.inter_dims == 0xaaaaaaaa);
  old.struct_size -= 1;
  EXPECT(LIAE_ERROR_INVALID_STRUCT_SIZE, liae_model_get_info(f->model, &old));
}

static const char *const names[] = {"",           "half_face", "midfull_face", "full_face",
                                    "whole_face", "head",      NULL,           NULL};

/// The model's face type by an option, and what a frame makes of it.
static void expect_face_type(const char *path, const liae_model_options *options, const char *expected) {
  fixture f;
  float points[10] = {20, 25, 44, 25, 32, 35, 24, 46, 40, 46};
  memset(&f, 0, sizeof f);
  OK(liae_model_open(path, options, &f.model));
  OK(liae_model_info_init(&f.info, sizeof f.info));
  OK(liae_model_get_info(f.model, &f.info));
  CHECK(strcmp(f.info.face_type, expected) == 0);
  OK(liae_context_create(f.model, NULL, &f.context));
  const int side = f.info.resolution;
  f.pixels[0] = calloc((size_t)(side * side * 3), sizeof(float));
  f.pixels[1] = calloc((size_t)(side * side * 3), sizeof(float));
  f.face = float_image(f.pixels[0], side, 3);
  f.rgb = float_image(f.pixels[1], side, 3);
  EXPECT(expected[0] ? LIAE_OK : LIAE_ERROR_INVALID_ARGUMENT,
         liae_frame_swap(f.context, &f.face, points, 5, NULL, &f.rgb));
  EXPECT(expected[0] ? LIAE_OK : LIAE_ERROR_INVALID_ARGUMENT,
         liae_frame_align(f.context, &f.face, points, 5, LIAE_FACE_TYPE_AUTOMATIC, NULL, &f.rgb, NULL));
  close_fixture(&f);
}

static void face_types(const char *path, const char *dfm, const char *folder) {
  liae_model_options options;
  liae_model *model = NULL;
  char packed[4096];
  OK(liae_model_options_init(&options, sizeof options));
  CHECK(options.face_type == LIAE_FACE_TYPE_AUTOMATIC && options.machine_balance == 0);
  expect_face_type(path, NULL, "whole_face");
  expect_face_type(path, &options, "whole_face");
  expect_face_type(dfm, &options, "");
  for (int type = LIAE_FACE_TYPE_HALF; type <= LIAE_FACE_TYPE_HEAD; type++) {
    options.face_type = type;
    expect_face_type(path, &options, names[type]);
    expect_face_type(dfm, &options, names[type]);
  }
  // Kept in packed weights, where it may be overruled again.
  snprintf(packed, sizeof packed, "%s/model.liaepack", folder);
  options.packed_path = packed;
  expect_face_type(dfm, &options, "head");
  options.packed_path = NULL;
  options.face_type = LIAE_FACE_TYPE_AUTOMATIC;
  expect_face_type(packed, &options, "head");
  options.face_type = LIAE_FACE_TYPE_FULL;
  expect_face_type(packed, &options, "full_face");
  // A caller that knows the struct up to memory says nothing.
  options.struct_size = offsetof(liae_model_options, face_type);
  expect_face_type(dfm, &options, "");
  options.struct_size = sizeof options;
  // Faces that do not turn are no kind of model.
  const int32_t wrong[] = {-1, 8, INT32_MAX, LIAE_FACE_TYPE_FULL_NO_ALIGN, LIAE_FACE_TYPE_HEAD_NO_ALIGN};
  const char *const paths[] = {path, dfm, packed};
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    options.face_type = wrong[i];
    for (size_t k = 0; k < sizeof paths / sizeof paths[0]; k++) {
      EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_model_open(paths[k], &options, &model));
      CHECK(model == NULL);
    }
  }
}

int main(int argc, char **argv) {
  fixture f;
  if (argc != 4) return 2;
  open_fixture(&f, argv[1], NULL);
  info(&f);
  morphs(&f);
  face_types(argv[1], argv[2], argv[3]);
  close_fixture(&f);
  return finish();
}
