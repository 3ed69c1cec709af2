// SPDX-License-Identifier: Apache-2.0
// packed MODEL FOLDER: packed weights saved, opened alone and beside their checkpoint give the same bits.
#include "check.h"

#include <sys/stat.h>

static int warnings = 0, notes = 0;

static void count_message(void *user_data, liae_log_level level, const char *message) {
  (void)user_data;
  CHECK(message && message[0]);
  if (level == LIAE_LOG_LEVEL_WARNING && strstr(message, "liaepack")) warnings++;
  if (level == LIAE_LOG_LEVEL_INFO && strstr(message, "liaepack")) notes++;
}

static void run(liae_model *model, fixture *f) {
  liae_context *context = NULL;
  OK(liae_context_create(model, NULL, &context));
  for (int i = 1; i < 4; i++) memset(f->pixels[i], 0, sizeof(float) * 64);
  OK(liae_context_run(context, NULL, &f->face, &f->rgb, &f->mask, &f->dst_mask));
  OK(liae_context_free(context));
}

/// Whether the model gives the bits that `expected` holds.
static int agrees(liae_model *model, fixture *f, float *expected[4]) {
  const int counts[4] = {0, f->info.rgb_side * f->info.rgb_side * 3, f->info.mask_side * f->info.mask_side,
                         f->info.mask_side * f->info.mask_side};
  run(model, f);
  for (int i = 1; i < 4; i++)
    if (memcmp(f->pixels[i], expected[i], sizeof(float) * (size_t)counts[i])) return 0;
  return 1;
}

static void flip(const char *path, long offset) {
  FILE *file = fopen(path, "r+b");
  CHECK(file != NULL);
  if (!file) return;
  fseek(file, offset, offset < 0 ? SEEK_END : SEEK_SET);
  const int byte = fgetc(file);
  fseek(file, -1, SEEK_CUR);
  fputc(byte ^ 1, file);
  fclose(file);
}

int main(int argc, char **argv) {
  fixture f;
  liae_model *model = NULL;
  liae_model_options options;
  liae_model_info info;
  float *expected[4] = {NULL, NULL, NULL, NULL};
  char saved[4096], cache[4096], nowhere[4096];
  if (argc != 3) return 2;
  snprintf(saved, sizeof saved, "%s/saved.liaepack", argv[2]);
  snprintf(cache, sizeof cache, "%s/cache.liaepack", argv[2]);
  snprintf(nowhere, sizeof nowhere, "%s/no/such/folder.liaepack", argv[2]);

  open_fixture(&f, argv[1], NULL);
  run(f.model, &f);
  for (int i = 1; i < 4; i++) {
    const size_t size = sizeof(float) * (size_t)(i == 1 ? f.info.rgb_side * f.info.rgb_side * 3
                                                        : f.info.mask_side * f.info.mask_side);
    expected[i] = malloc(size);
    memcpy(expected[i], f.pixels[i], size);
  }

  // Saved, and opened by its content alone; also after the first model has gone.
  OK(liae_model_save_packed(f.model, saved));
  OK(liae_model_open(saved, NULL, &model));
  OK(liae_model_info_init(&info, sizeof info));
  OK(liae_model_get_info(model, &info));
  CHECK(strcmp(info.architecture, f.info.architecture) == 0 && strcmp(info.origin, f.info.origin) == 0);
  CHECK(info.packed_bytes == f.info.packed_bytes && info.parameter_count == f.info.parameter_count);
  CHECK(agrees(model, &f, expected));
  // Over the file that the model is mapped from.
  OK(liae_model_save_packed(model, saved));
  CHECK(agrees(model, &f, expected));
  OK(liae_model_free(model));

  // Beside the checkpoint: written, then used.
  liae_log_set_callback(count_message, NULL);
  OK(liae_model_options_init(&options, sizeof options));
  CHECK(options.packed_path == NULL && options.verify_packed == 0);
  options.packed_path = cache;
  options.verify_packed = 1;
  for (int round = 0; round < 2; round++) {
    OK(liae_model_open(argv[1], &options, &model));
    CHECK(notes == 1 && warnings == 0);
    CHECK(agrees(model, &f, expected));
    OK(liae_model_free(model));
  }
  // A damaged part is found, and written anew.
  flip(cache, -100);
  OK(liae_model_open(argv[1], &options, &model));
  CHECK(notes == 2 && warnings == 0);
  CHECK(agrees(model, &f, expected));
  OK(liae_model_free(model));
  // Found in the first run, where nobody asks for it before, and written anew.
  options.verify_packed = 0;
  for (int copies = 0; copies < 2; copies++) {
    options.copy_packed = copies;
    flip(cache, -100);
    OK(liae_model_open(argv[1], &options, &model));
    CHECK(notes == 2 && warnings == 0);
    CHECK(agrees(model, &f, expected));
    CHECK(notes == 2 && warnings == 1);
    CHECK(agrees(model, &f, expected));
    CHECK(notes == 2 && warnings == 1);
    OK(liae_model_free(model));
    warnings = 0;
  }
  options.copy_packed = 0;
  options.verify_packed = 1;
  // Without a place for them the model opens all the same, and says so.
  options.packed_path = nowhere;
  OK(liae_model_open(argv[1], &options, &model));
  CHECK(notes == 2 && warnings == 1);
  CHECK(agrees(model, &f, expected));
  OK(liae_model_free(model));

  // Misuse and damage.
  options.packed_path = cache;
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_model_open(saved, &options, &model));
  options.packed_path = NULL;
  options.convolution = LIAE_CONVOLUTION_DIRECT;
  EXPECT(LIAE_ERROR_PACK_MISMATCH, liae_model_open(saved, &options, &model));
  options.convolution = LIAE_CONVOLUTION_AUTOMATIC;
  options.verify_packed = 2;
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_model_open(saved, &options, &model));
  options.verify_packed = 0;
  options.copy_packed = 2;
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_model_open(saved, &options, &model));
  options.copy_packed = 0;
  options.allow_non_finite = -1;
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_model_open(saved, &options, &model));
  options.allow_non_finite = 0;
  flip(saved, -100);
  {
    liae_context *context = NULL;
    OK(liae_model_open(saved, &options, &model));
    OK(liae_context_create(model, NULL, &context));
    for (int i = 0; i < 2; i++)
      EXPECT(LIAE_ERROR_CORRUPT_FILE, liae_context_run(context, NULL, &f.face, &f.rgb, &f.mask, &f.dst_mask));
    CHECK(strstr(liae_last_error(), saved) != NULL);
    OK(liae_context_free(context));
    OK(liae_model_free(model));
    model = NULL;
  }
  options.verify_packed = 1;
  EXPECT(LIAE_ERROR_CORRUPT_FILE, liae_model_open(saved, &options, &model));
  CHECK(model == NULL);
  flip(saved, 40);
  EXPECT(LIAE_ERROR_CORRUPT_FILE, liae_model_open(saved, NULL, &model));
  EXPECT(LIAE_ERROR_FILE_NOT_FOUND, liae_model_save_packed(f.model, nowhere));
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_model_save_packed(f.model, NULL));
  EXPECT(LIAE_ERROR_INVALID_HANDLE, liae_model_save_packed(NULL, saved));
  EXPECT(LIAE_ERROR_INPUT_OUTPUT, liae_model_save_packed(f.model, argv[2]));

  // The options of a caller that was compiled before they had packed weights.
  OK(liae_model_options_init(&options, 32));
  options.packed_path = (const char *)1;
  OK(liae_model_open(argv[1], &options, &model));
  OK(liae_model_free(model));

  liae_log_set_callback(NULL, NULL);
  OK(liae_model_save_packed(f.model, saved));
  for (int i = 1; i < 4; i++) free(expected[i]);
  close_fixture(&f);
  return finish();
}
