// SPDX-License-Identifier: Apache-2.0
// threads MODEL: same bits for any number of threads and any host runner; cancel, busy and free during a run. Progress
// callbacks hold a run where another thread needs it, so nothing depends on time; but idle threads have to take none.
#define _POSIX_C_SOURCE 200809L
#include "check.h"

#include <pthread.h>
#include <time.h>

enum { images = 3 };

// ---- Host runners ----------------------------------------------------------------------------------------------------

static size_t calls = 0, tasks = 0;

static void backwards(void *user_data, size_t count, liae_task task, void *context) {
  CHECK(user_data == &calls);
  calls++;
  tasks += count;
  while (count > 0) task(context, --count);
}

struct piece {
  liae_task task;
  void *context;
  size_t index;
};

static void *run_piece(void *argument) {
  struct piece *piece = argument;
  piece->task(piece->context, piece->index);
  return NULL;
}

static void one_thread_each(void *user_data, size_t count, liae_task task, void *context) {
  pthread_t threads[256];
  struct piece pieces[256];
  (void)user_data;
  if (count > 256) abort();
  for (size_t i = 0; i < count; i++) {
    pieces[i].task = task;
    pieces[i].context = context;
    pieces[i].index = i;
    if (pthread_create(&threads[i], NULL, run_piece, &pieces[i]) != 0) abort();
  }
  for (size_t i = 0; i < count; i++) pthread_join(threads[i], NULL);
}

// ---- Same bits -------------------------------------------------------------------------------------------------------

/// All outputs of `images` faces that differ, one after another.
static size_t run_all(fixture *f, const liae_context_options *options, float **result) {
  const size_t side = (size_t)f->info.resolution, rgb = (size_t)f->info.rgb_side, mask = (size_t)f->info.mask_side;
  const size_t face_count = side * side * 3, rgb_count = rgb * rgb * 3, mask_count = mask * mask;
  const size_t total = images * (rgb_count + 2 * mask_count);
  float *faces = malloc(images * face_count * sizeof(float));
  float *out = calloc(total, sizeof(float));
  liae_context *context = NULL;
  for (size_t i = 0; i < images * face_count; i++) faces[i] = (float)(i * 6007 % 4093) / 4092;
  OK(liae_context_create(f->model, options, &context));
  const liae_tensor in = {faces, images * face_count}, r = {out, images * rgb_count},
                    m = {out + images * rgb_count, images * mask_count},
                    d = {out + images * (rgb_count + mask_count), images * mask_count};
  OK(liae_context_run_tensors(context, NULL, &in, &r, &m, &d));
  OK(liae_context_free(context));
  free(faces);
  *result = out;
  return total * sizeof(float);
}

static void same_bits(fixture *f) {
  liae_context_options options;
  float *expected, *found;
  OK(liae_context_options_init(&options, sizeof options));
  options.threads = 1;
  const size_t size = run_all(f, &options, &expected);
  for (int batch = 1; batch <= 3; batch++) {
    options.max_batch = batch;
    for (int threads = 1; threads <= 3; threads++) {
      options.threads = threads;
      run_all(f, &options, &found);
      CHECK(memcmp(expected, found, size) == 0);
      free(found);
    }
  }
  options.max_batch = 1;
  options.threads = 3;
  options.parallel_for = backwards;
  options.parallel_for_user_data = &calls;
  run_all(f, &options, &found);
  CHECK(memcmp(expected, found, size) == 0);
  CHECK(calls > 0 && tasks > calls);
  free(found);
  options.parallel_for = one_thread_each;
  run_all(f, &options, &found);
  CHECK(memcmp(expected, found, size) == 0);
  free(found);
  free(expected);
}

// ---- Between runs ----------------------------------------------------------------------------------------------------

static double processor_seconds(void) {
  struct timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

/// Threads of a context that has run sleep: one that spun would take the whole of the time.
static void idle_costs_nothing(fixture *f) {
  liae_context_options options;
  liae_context *contexts[2] = {NULL, NULL};
  const struct timespec pause = {0, 300000000};
  OK(liae_context_options_init(&options, sizeof options));
  options.threads = 4;
  for (int i = 0; i < 2; i++) {
    OK(liae_context_create(f->model, &options, &contexts[i]));
    OK(liae_context_run(contexts[i], NULL, &f->face, &f->rgb, &f->mask, NULL));
  }
  const double before = processor_seconds();
  nanosleep(&pause, NULL);
  CHECK(processor_seconds() - before < 0.03);
  for (int i = 0; i < 2; i++) OK(liae_context_free(contexts[i]));
}

// ---- During a run ----------------------------------------------------------------------------------------------------

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int held = 0, released = 0, progress_calls = 0;
static float last_share = 0;

/// The first call holds the run until release().
static void hold(void *user_data, float share) {
  (void)user_data;
  CHECK(share >= last_share && share <= 1);
  last_share = share;
  if (progress_calls++ > 0) return;
  pthread_mutex_lock(&mutex);
  held = 1;
  pthread_cond_broadcast(&changed);
  while (!released) pthread_cond_wait(&changed, &mutex);
  pthread_mutex_unlock(&mutex);
}

static void wait_until_held(void) {
  pthread_mutex_lock(&mutex);
  while (!held) pthread_cond_wait(&changed, &mutex);
  pthread_mutex_unlock(&mutex);
}

static void release(void) {
  pthread_mutex_lock(&mutex);
  released = 1;
  pthread_cond_broadcast(&changed);
  pthread_mutex_unlock(&mutex);
}

static liae_status run_status;
static char run_error[1024];

static void *run_fixture(void *argument) {
  fixture *f = argument;
  run_status = liae_context_run(f->context, NULL, &f->face, &f->rgb, &f->mask, NULL);
  snprintf(run_error, sizeof run_error, "%s", liae_last_error());
  return NULL;
}

static pthread_t start_held(fixture *f) {
  pthread_t thread;
  held = released = progress_calls = 0;
  last_share = 0;
  if (pthread_create(&thread, NULL, run_fixture, f) != 0) abort();
  wait_until_held();
  return thread;
}

static void during_a_run(const char *path) {
  fixture f;
  liae_context_options options;
  liae_context_info info;
  size_t count;
  pthread_t thread;
  float first;
  OK(liae_context_options_init(&options, sizeof options));
  options.threads = 2;
  options.progress = hold;
  open_fixture(&f, path, &options);

  // Another thread runs the same context.
  thread = start_held(&f);
  EXPECT(LIAE_ERROR_BUSY, liae_context_run(f.context, NULL, &f.face, &f.rgb, NULL, NULL));
  EXPECT(LIAE_ERROR_BUSY, liae_context_get_timing_count(f.context, &count));
  OK(liae_context_info_init(&info, sizeof info));
  OK(liae_context_get_info(f.context, &info));
  release();
  pthread_join(thread, NULL);
  CHECK(run_status == LIAE_OK && run_error[0] == 0 && last_share == 1);
  first = f.pixels[1][0];

  // Cancelled: the thread that runs is told, each thread has its own message, and the next run is not affected.
  thread = start_held(&f);
  OK(liae_context_cancel(f.context));
  release();
  pthread_join(thread, NULL);
  CHECK(run_status == LIAE_ERROR_CANCELLED && run_error[0] != 0 && liae_last_error()[0] == 0);
  last_share = 0;
  OK(liae_context_run(f.context, NULL, &f.face, &f.rgb, &f.mask, NULL));
  CHECK(f.pixels[1][0] == first && last_share == 1);
  OK(liae_context_cancel(f.context));
  last_share = 0;
  OK(liae_context_run(f.context, NULL, &f.face, &f.rgb, &f.mask, NULL));

  // Freed: the run ends as it would.
  f.pixels[1][0] = -1;
  thread = start_held(&f);
  OK(liae_context_free(f.context));
  OK(liae_model_free(f.model));
  EXPECT(LIAE_ERROR_INVALID_HANDLE, liae_context_run(f.context, NULL, &f.face, &f.rgb, NULL, NULL));
  EXPECT(LIAE_ERROR_INVALID_HANDLE, liae_context_cancel(f.context));
  release();
  pthread_join(thread, NULL);
  CHECK(run_status == LIAE_OK && f.pixels[1][0] == first);
  for (int i = 0; i < 4; i++) free(f.pixels[i]);
}

// ---- Many contexts of one model at the same time ---------------------------------------------------------------------

static fixture shared;
static const float *shared_result;
static int differences = 0;

static void *run_of_its_own(void *argument) {
  liae_context_options options;
  liae_context *context = NULL;
  const size_t count = (size_t)shared.info.rgb_side * (size_t)shared.info.rgb_side * 3;
  float *out = malloc(count * sizeof(float));
  liae_image rgb = shared.rgb;
  (void)argument;
  rgb.pixels = out;
  int good = liae_context_options_init(&options, sizeof options) == LIAE_OK;
  options.threads = 2;
  good = good && liae_context_create(shared.model, &options, &context) == LIAE_OK;
  for (int i = 0; i < 5; i++) {
    good = good && liae_context_run(context, NULL, &shared.face, &rgb, NULL, NULL) == LIAE_OK &&
           memcmp(out, shared_result, count * sizeof(float)) == 0;
  }
  good = liae_context_free(context) == LIAE_OK && good;
  pthread_mutex_lock(&mutex);
  differences += !good;
  pthread_mutex_unlock(&mutex);
  free(out);
  return NULL;
}

static void side_by_side(const char *path) {
  pthread_t threads[4];
  open_fixture(&shared, path, NULL);
  OK(liae_context_run(shared.context, NULL, &shared.face, &shared.rgb, NULL, NULL));
  shared_result = shared.pixels[1];
  for (int i = 0; i < 4; i++)
    if (pthread_create(&threads[i], NULL, run_of_its_own, NULL) != 0) abort();
  for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
  CHECK(differences == 0);
  close_fixture(&shared);
}

int main(int argc, char **argv) {
  fixture f;
  if (argc != 2) return 2;
  open_fixture(&f, argv[1], NULL);
  same_bits(&f);
  idle_costs_nothing(&f);
  close_fixture(&f);
  during_a_run(argv[1]);
  side_by_side(argv[1]);
  return finish();
}
