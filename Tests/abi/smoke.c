// SPDX-License-Identifier: Apache-2.0
// smoke MODEL: opens, runs, frees; what the queries say is consistent.
#include "check.h"

static int messages = 0;

static void count_message(void *user_data, liae_log_level level, const char *message) {
  CHECK(user_data == &messages);
  CHECK(level >= LIAE_LOG_LEVEL_ERROR && level <= LIAE_LOG_LEVEL_INFO);
  CHECK(message && message[0]);
  messages++;
}

static int in_range(const float *values, int count) {
  for (int i = 0; i < count; i++)
    if (!(values[i] >= 0 && values[i] <= 1)) return 0;
  return 1;
}

int main(int argc, char **argv) {
  fixture f;
  liae_cpu cpu;
  liae_context_info info;
  liae_timing timing;
  liae_model *missing = NULL;
  size_t count = 99;
  if (argc != 2) return 2;

  CHECK(liae_version() == LIAE_VERSION);
  CHECK(strcmp(liae_version_string(), LIAE_VERSION_STRING) == 0);
  CHECK(strcmp(liae_status_string(LIAE_ERROR_BUSY), "LIAE_ERROR_BUSY") == 0);
  CHECK(strcmp(liae_status_string(LIAE_ERROR_INTERNAL), "LIAE_ERROR_INTERNAL") == 0);
  CHECK(strcmp(liae_status_string(-5), "LIAE_STATUS_UNKNOWN") == 0);
  CHECK(strstr(liae_provenance_xmp(LIAE_PROVENANCE_GENERATED), "/trainedAlgorithmicMedia\"") != NULL);
  CHECK(strstr(liae_provenance_xmp(LIAE_PROVENANCE_COMPOSITE), "/compositeWithTrainedAlgorithmicMedia\"") != NULL);
  CHECK(liae_provenance_xmp(0) == NULL);

  OK(liae_cpu_init(&cpu, sizeof cpu));
  OK(liae_cpu_features(&cpu));
  CHECK(cpu.processors >= 1 && strstr(cpu.detected, cpu.isa) != NULL);

  open_fixture(&f, argv[1], NULL);
  CHECK(strcmp(f.info.isa, cpu.isa) == 0);
  CHECK(f.info.resolution >= 64 && f.info.parameter_count > 0 && f.info.packed_bytes > 0);
  OK(liae_context_info_init(&info, sizeof info));
  OK(liae_context_get_info(f.context, &info));
  CHECK(info.workspace_bytes > 0 && info.threads >= 1 && info.max_batch == 1);
  OK(liae_context_get_timing_count(f.context, &count));
  CHECK(count == 0);

  OK(liae_context_run(f.context, NULL, &f.face, &f.rgb, &f.mask, &f.dst_mask));
  CHECK(in_range(f.pixels[1], f.info.rgb_side * f.info.rgb_side * 3));
  CHECK(in_range(f.pixels[2], f.info.mask_side * f.info.mask_side));
  CHECK(in_range(f.pixels[3], f.info.mask_side * f.info.mask_side));
  OK(liae_context_get_timing_count(f.context, &count));
  CHECK(count > 5);
  OK(liae_timing_init(&timing, sizeof timing));
  for (size_t i = 0; i < count; i++) {
    OK(liae_context_get_timing(f.context, i, &timing));
    CHECK(timing.name[0] && timing.algorithm);
  }
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_context_get_timing(f.context, count, &timing));

  liae_log_set_callback(count_message, &messages);
  EXPECT(LIAE_ERROR_FILE_NOT_FOUND, liae_model_open("no/such/model.safetensors", NULL, &missing));
  CHECK(messages == 1 && missing == NULL);
  CHECK(strstr(liae_last_error(), "no/such/model.safetensors") != NULL);
  liae_log_set_callback(NULL, NULL);
  EXPECT(LIAE_ERROR_FILE_NOT_FOUND, liae_model_open("no/such/model.safetensors", NULL, &missing));
  CHECK(messages == 1);

  // The order in which handles go is free.
  OK(liae_model_free(f.model));
  f.model = NULL;
  OK(liae_context_run(f.context, NULL, &f.face, &f.rgb, NULL, NULL));
  close_fixture(&f);
  return finish();
}
