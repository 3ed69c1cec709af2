// SPDX-License-Identifier: Apache-2.0
/* host_pool MODEL [ARCHITECTURE [THREADS [ROUNDS]]]: what liae_parallel_for costs against the context's own threads.
 *
 * The host's pool is a plain one: threads that wait for work at a condition variable. Runs of both kinds take turns; it
 * prints milliseconds of each and the ratio of the medians. Then it sleeps with both contexts open, and prints the
 * processor time that the process took meanwhile. */
#define _POSIX_C_SOURCE 200809L
#include <liae.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct {
  pthread_mutex_t mutex;
  pthread_cond_t work, done;
  liae_task task;
  void *context;
  size_t next, count, unfinished;
  int ending;
} pool;

/* Takes tasks until there are none; the mutex is held before and after. */
static void drain(pool *p) {
  while (p->next < p->count) {
    size_t index = p->next++;
    liae_task task = p->task;
    void *context = p->context;
    pthread_mutex_unlock(&p->mutex);
    task(context, index);
    pthread_mutex_lock(&p->mutex);
    if (--p->unfinished == 0) pthread_cond_signal(&p->done);
  }
}

static void *work(void *argument) {
  pool *p = argument;
  pthread_mutex_lock(&p->mutex);
  while (!p->ending) {
    drain(p);
    if (!p->ending) pthread_cond_wait(&p->work, &p->mutex);
  }
  pthread_mutex_unlock(&p->mutex);
  return NULL;
}

static void parallel_for(void *user_data, size_t count, liae_task task, void *context) {
  pool *p = user_data;
  pthread_mutex_lock(&p->mutex);
  p->task = task;
  p->context = context;
  p->next = 0;
  p->count = p->unfinished = count;
  pthread_cond_broadcast(&p->work);
  drain(p);
  while (p->unfinished > 0) pthread_cond_wait(&p->done, &p->mutex);
  pthread_mutex_unlock(&p->mutex);
}

static double seconds(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void check(liae_status status) {
  if (status == LIAE_OK) return;
  fprintf(stderr, "host_pool: %s: %s\n", liae_status_string(status), liae_last_error());
  exit(1);
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

int main(int argc, char **argv) {
  if (argc < 2 || argc > 5) {
    fprintf(stderr, "usage: host_pool MODEL [ARCHITECTURE [THREADS [ROUNDS]]]\n");
    return 2;
  }
  int threads = argc > 3 ? atoi(argv[3]) : 2, rounds = argc > 4 ? atoi(argv[4]) : 31;
  if (threads < 1 || threads > 64 || rounds < 1 || rounds > 10000) {
    fprintf(stderr, "host_pool: expected 1 to 64 threads and 1 to 10000 rounds\n");
    return 2;
  }

  pool host;
  memset(&host, 0, sizeof host);
  pthread_mutex_init(&host.mutex, NULL);
  pthread_cond_init(&host.work, NULL);
  pthread_cond_init(&host.done, NULL);
  pthread_t helpers[64];
  int helper_count = 0;
  for (; helper_count < threads - 1; helper_count++) {
    if (pthread_create(&helpers[helper_count], NULL, work, &host) != 0) return 1;
  }

  liae_model_options options;
  check(liae_model_options_init(&options, sizeof options));
  if (argc > 2 && argv[2][0] != 0) options.architecture = argv[2];
  liae_model *model = NULL;
  check(liae_model_open(argv[1], &options, &model));
  liae_model_info info;
  check(liae_model_info_init(&info, sizeof info));
  check(liae_model_get_info(model, &info));

  liae_context *contexts[2] = {NULL, NULL};
  liae_context_options context_options;
  for (int i = 0; i < 2; i++) {
    check(liae_context_options_init(&context_options, sizeof context_options));
    context_options.threads = threads;
    if (i == 1) {
      context_options.parallel_for = parallel_for;
      context_options.parallel_for_user_data = &host;
    }
    check(liae_context_create(model, &context_options, &contexts[i]));
  }

  size_t side = (size_t)info.resolution, rgb_side = (size_t)info.rgb_side, mask_side = (size_t)info.mask_side;
  unsigned char *face = calloc(side * side, 3), *rgb = calloc(rgb_side * rgb_side, 3);
  unsigned char *mask = calloc(mask_side, mask_side), *dst_mask = calloc(mask_side, mask_side);
  double *times[2] = {calloc((size_t)rounds, sizeof(double)), calloc((size_t)rounds, sizeof(double))};
  if (!face || !rgb || !mask || !dst_mask || !times[0] || !times[1]) return 1;
  liae_image in = {face, info.resolution, info.resolution, side * 3, LIAE_PIXEL_FORMAT_RGB8, 0};
  liae_image out = {rgb, info.rgb_side, info.rgb_side, rgb_side * 3, LIAE_PIXEL_FORMAT_RGB8, 0};
  liae_image masks[2] = {{mask, info.mask_side, info.mask_side, mask_side, LIAE_PIXEL_FORMAT_GRAY8, 0},
                         {dst_mask, info.mask_side, info.mask_side, mask_side, LIAE_PIXEL_FORMAT_GRAY8, 0}};
  for (int round = -2; round < rounds; round++) {
    for (int i = 0; i < 2; i++) {
      double start = seconds(CLOCK_MONOTONIC);
      check(liae_context_run(contexts[i], NULL, &in, &out, &masks[0], &masks[1]));
      if (round >= 0) times[i][round] = (seconds(CLOCK_MONOTONIC) - start) * 1e3;
    }
  }
  for (int i = 0; i < 2; i++) qsort(times[i], (size_t)rounds, sizeof(double), compare);
  printf("%s %d, %d threads, %d rounds in turn\n", info.architecture, info.resolution, threads, rounds);
  printf("own threads   min %8.2f ms, median %8.2f ms\n", times[0][0], times[0][rounds / 2]);
  printf("parallel_for  min %8.2f ms, median %8.2f ms\n", times[1][0], times[1][rounds / 2]);
  printf("ratio         min %8.3f,    median %8.3f\n", times[1][0] / times[0][0],
         times[1][rounds / 2] / times[0][rounds / 2]);

  struct timespec second = {1, 0};
  double before = seconds(CLOCK_PROCESS_CPUTIME_ID);
  nanosleep(&second, NULL);
  printf("idle          %.2f ms of processor time in a second\n", (seconds(CLOCK_PROCESS_CPUTIME_ID) - before) * 1e3);

  for (int i = 0; i < 2; i++) liae_context_free(contexts[i]);
  liae_model_free(model);
  pthread_mutex_lock(&host.mutex);
  host.ending = 1;
  pthread_cond_broadcast(&host.work);
  pthread_mutex_unlock(&host.mutex);
  for (int i = 0; i < helper_count; i++) pthread_join(helpers[i], NULL);
  free(face), free(rgb), free(mask), free(dst_mask), free(times[0]), free(times[1]);
  return 0;
}
