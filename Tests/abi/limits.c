// SPDX-License-Identifier: Apache-2.0
// limits MODEL FOLDER: memory limits of calls, contexts and models; cancellation of frames, openings and saves; a host's pool
// that does not do its work.
#define _GNU_SOURCE
#include "check.h"

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

static fixture f;
static float landmarks[136];
static void make_landmarks(float scale) {
  // Points of a face that is 0.7 of 1 wide: iBUG's mean face, roughly.
  for (int i = 0; i < 17; i++) {
    landmarks[2 * i] = (0.15f + 0.7f * (float)i / 16) * scale;
    const float t = (float)(i - 8) / 8;
    landmarks[2 * i + 1] = (0.4f + 0.5f * (1 - t * t)) * scale;
  }
  for (int i = 17; i < 68; i++) {
    landmarks[2 * i] = (0.25f + 0.5f * (float)((i * 7) % 17) / 16) * scale;
    landmarks[2 * i + 1] = (0.3f + 0.45f * (float)(i - 17) / 50) * scale;
  }
}
static long peak_kilobytes(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

/// A square frame, a result that is 7 everywhere, and landmarks of a face that fills the frame.
typedef struct {
  unsigned char *frame, *result;
  size_t bytes;
  liae_image from, to;
} scene;
static scene make_scene(int side) {
  scene s;
  s.bytes = (size_t)side * (size_t)side * 3;
  s.frame = malloc(s.bytes);
  s.result = malloc(s.bytes);
  for (size_t i = 0; i < s.bytes; i++) s.frame[i] = (unsigned char)(i * 2654435761u >> 13);
  memset(s.result, 7, s.bytes);
  s.from = byte_image(s.frame, side, side, 3);
  s.to = byte_image(s.result, side, side, 3);
  make_landmarks((float)side);
  return s;
}
static void free_scene(scene *s) {
  free(s->frame);
  free(s->result);
}

static void memory_limits(const char *path, int side) {
  liae_model *model = NULL;
  liae_model_options mo;
  OK(liae_model_options_init(&mo, sizeof mo));
  mo.memory_limit = 100000;
  EXPECT(LIAE_ERROR_RESOURCE_LIMIT, liae_model_open(path, &mo, &model));
  CHECK(model == NULL);
  mo.memory_limit = (uint64_t)1 << 40;
  OK(liae_model_open(path, &mo, &model));
  OK(liae_model_free(model));

  liae_context *context = NULL;
  liae_context_options co;
  OK(liae_context_options_init(&co, sizeof co));
  co.threads = 2;
  co.memory_limit = 10000;
  EXPECT(LIAE_ERROR_RESOURCE_LIMIT, liae_context_create(f.model, &co, &context));
  CHECK(context == NULL);
  co.memory_limit = (uint64_t)150 << 20;
  OK(liae_context_create(f.model, &co, &context));

  // A face as large as a large frame: in bands where each pixel is computed by itself, refused where all must be there.
  scene s = make_scene(side);
  liae_composite_options options;
  OK(liae_composite_options_init(&options, sizeof options));
  options.blend = LIAE_BLEND_SEAMLESS;
  EXPECT(LIAE_ERROR_RESOURCE_LIMIT, liae_frame_swap(context, &s.from, landmarks, 68, &options, &s.to));
  CHECK(s.result[0] == 7 && s.result[s.bytes / 2] == 7);
  const long before = peak_kilobytes();
  options.blend = LIAE_BLEND_OVERLAY;
  OK(liae_frame_swap(context, &s.from, landmarks, 68, &options, &s.to));
  CHECK(memcmp(s.frame, s.result, s.bytes) != 0);
  // What the calls have taken is given back.
  OK(liae_frame_swap(context, &s.from, landmarks, 68, &options, &s.to));
  CHECK(peak_kilobytes() - before < 250 << 10);
  printf("a face in a frame of %d x %d pixels: %ld MB\n", side, side, (peak_kilobytes() - before) >> 10);

  // Any call.
  OK(liae_memory_set_limit((uint64_t)4 << 20));
  double matrix[6] = {1, 0, 0, 0, 1, 0};
  liae_image square = byte_image(s.result, 2048, 2048, 3);
  EXPECT(LIAE_ERROR_RESOURCE_LIMIT, liae_image_warp(&s.from, matrix, LIAE_INTERPOLATION_CUBIC, &square));
  OK(liae_memory_set_limit(0));
  OK(liae_image_warp(&s.from, matrix, LIAE_INTERPOLATION_CUBIC, &square));
  OK(liae_context_free(context));
  free_scene(&s);
}

// ---- Cancellation ----------------------------------------------------------------------------------------------------

static int32_t flag;
static volatile int finished;
static void *set_flag(void *delay) {
  usleep((useconds_t)*(int *)delay);
  __atomic_store_n(&flag, 1, __ATOMIC_RELAXED);
  return NULL;
}
static void *cancel_model(void *model) {
  while (!finished) {
    if (liae_model_cancel(model)) return model;
    usleep(20);
  }
  return NULL;
}
static void *cancel_context(void *context) {
  while (!finished) {
    if (liae_context_cancel(context)) return context;
    usleep(1000);
  }
  return NULL;
}

static void cancellation(const char *path, const char *folder, int side) {
  pthread_t thread;
  void *bad;
  scene s = make_scene(side);
  liae_composite_options options;
  OK(liae_composite_options_init(&options, sizeof options));
  options.blend = LIAE_BLEND_SEAMLESS;
  options.denoise = 100;
  options.color_transfer = LIAE_COLOR_TRANSFER_MIX_M;
  finished = 0;
  CHECK(pthread_create(&thread, NULL, cancel_context, f.context) == 0);
  EXPECT(LIAE_ERROR_CANCELLED, liae_frame_swap(f.context, &s.from, landmarks, 68, &options, &s.to));
  finished = 1;
  CHECK(pthread_join(thread, &bad) == 0 && bad == NULL);
  CHECK(s.result[0] == 7 && s.result[s.bytes - 1] == 7);

  // By a flag, also where no context takes part.
  int delay = 20000;
  options.cancel = &flag;
  CHECK(pthread_create(&thread, NULL, set_flag, &delay) == 0);
  EXPECT(LIAE_ERROR_CANCELLED, liae_frame_swap(f.context, &s.from, landmarks, 68, &options, &s.to));
  CHECK(pthread_join(thread, NULL) == 0);
  EXPECT(LIAE_ERROR_CANCELLED, liae_frame_composite(&s.from, NULL, 0, &options, &s.to, NULL));
  CHECK(s.result[0] == 7);
  flag = 0;
  options = (liae_composite_options){0};
  OK(liae_composite_options_init(&options, sizeof options));
  OK(liae_frame_swap(f.context, &s.from, landmarks, 68, &options, &s.to));
  free_scene(&s);

  liae_model *model = NULL;
  liae_model_options mo;
  OK(liae_model_options_init(&mo, sizeof mo));
  mo.cancel = &flag;
  flag = 1;
  EXPECT(LIAE_ERROR_CANCELLED, liae_model_open(path, &mo, &model));
  CHECK(model == NULL);
  flag = 0;
  OK(liae_model_open(path, &mo, &model));

  char saved[512];
  snprintf(saved, sizeof saved, "%s/cancelled.liaepack", folder);
  finished = 0;
  CHECK(pthread_create(&thread, NULL, cancel_model, model) == 0);
  liae_status status = LIAE_OK;
  for (int i = 0; i < 2000 && status == LIAE_OK; i++) {
    status = liae_model_save_packed(model, saved);
    if (status == LIAE_OK) CHECK(unlink(saved) == 0);
  }
  finished = 1;
  CHECK(pthread_join(thread, &bad) == 0 && bad == NULL);
  CHECK(status == LIAE_ERROR_CANCELLED);
  CHECK(access(saved, F_OK) != 0);
  OK(liae_model_save_packed(model, saved));
  OK(liae_model_free(model));
}

// ---- A host's pool ---------------------------------------------------------------------------------------------------

static void nothing(void *data, size_t count, liae_task task, void *context) { (void)data, (void)count, (void)task, (void)context; }
static void most(void *data, size_t count, liae_task task, void *context) {
  (void)data;
  for (size_t i = 1; i < count; i++) task(context, i);
}
static void all(void *data, size_t count, liae_task task, void *context) {
  (void)data;
  for (size_t i = count; i > 0; i--) task(context, i - 1);
}

static void host_pools(void) {
  liae_context_options options;
  liae_context *context = NULL;
  OK(liae_context_options_init(&options, sizeof options));
  options.threads = 4;
  options.parallel_for = nothing;
  OK(liae_context_create(f.model, &options, &context));
  EXPECT(LIAE_ERROR_THREAD_FAILURE, liae_context_run(context, NULL, &f.face, &f.rgb, &f.mask, NULL));
  OK(liae_context_free(context));
  // Fewer than were asked for do all the work.
  options.parallel_for = most;
  OK(liae_context_create(f.model, &options, &context));
  OK(liae_context_run(context, NULL, &f.face, &f.rgb, &f.mask, NULL));
  OK(liae_context_free(context));
  options.parallel_for = all;
  OK(liae_context_create(f.model, &options, &context));
  OK(liae_context_run(context, NULL, &f.face, &f.rgb, &f.mask, NULL));
  OK(liae_context_free(context));
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  liae_context_options options;
  OK(liae_context_options_init(&options, sizeof options));
  options.threads = 2;
  open_fixture(&f, argv[1], &options);
  memory_limits(argv[1], 5000);
  cancellation(argv[1], argv[2], 2000);
  host_pools();
  close_fixture(&f);
  return finish();
}
