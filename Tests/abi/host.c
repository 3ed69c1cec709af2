// SPDX-License-Identifier: Apache-2.0
// host LIBRARY MODEL: the library, loaded, leaves signal handlers, signal masks and the floating-point environment as they
// were, and gives the same bits whatever the latter is.
#define _GNU_SOURCE
#include "check.h"

#include <dirent.h>
#include <dlfcn.h>
#include <fenv.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

// The control register of vector arithmetic: what a process starts with, and other settings of it.
#if defined(__x86_64__)
#include <xmmintrin.h>
typedef unsigned control_word;
// Flushing of subnormals; rounding down, up and to zero; invalid, overflow and division delivered as signals; all.
static const control_word standard = 0x1f80, modes[] = {
    0x1f80 | 0x8040, 0x1f80 | 0x2000, 0x1f80 | 0x4000, 0x1f80 | 0x6000,
    0x1f80 & ~0x0800u, 0x1f80 & ~0x1000u, 0x1f80 & ~0x0100u, 0};
static control_word get_control(void) { return _mm_getcsr(); }
static void set_control(control_word word) { _mm_setcsr(word); }
#else
typedef unsigned long control_word;
// FPCR: flushing of subnormals; rounding up, down and to zero; NaNs by default.
static const control_word standard = 0, modes[] = {1 << 24, 1 << 22, 2 << 22, 3 << 22, 1 << 25};
static control_word get_control(void) {
  control_word word;
  __asm__ volatile("mrs %0, fpcr" : "=r"(word));
  return word;
}
static void set_control(control_word word) { __asm__ volatile("msr fpcr, %0" : : "r"(word) : "memory"); }
#endif

#define LOAD(name)                                   \
  __typeof__(&name) name##_p;                        \
  *(void **)&name##_p = dlsym(library, #name);       \
  CHECK(name##_p != NULL);                           \
  if (!name##_p) return 1

/// How many threads of this process block a signal that their own faults raise.
static int threads_that_block_faults(void) {
  int found = 0;
  DIR *tasks = opendir("/proc/self/task");
  for (struct dirent *entry; tasks && (entry = readdir(tasks));) {
    char path[300], line[256];
    snprintf(path, sizeof path, "/proc/self/task/%s/status", entry->d_name);
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file)) {
      unsigned long long blocked;
      if (sscanf(line, "SigBlk: %llx", &blocked) != 1) continue;
      for (size_t i = 0; i < sizeof (int[]){SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP} / sizeof(int); i++)
        if (blocked >> ((int[]){SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP}[i] - 1) & 1) found++;
    }
    if (file) fclose(file);
  }
  if (tasks) closedir(tasks);
  return found;
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  struct sigaction before[65], after;
  for (int i = 1; i < 65; i++) sigaction(i, NULL, &before[i]);
  stack_t stack_before, stack_after;
  sigaltstack(NULL, &stack_before);
  void *library = dlopen(argv[1], RTLD_NOW);
  if (!library) {
    fprintf(stderr, "%s\n", dlerror());
    return 1;
  }
  LOAD(liae_model_open);
  LOAD(liae_model_free);
  LOAD(liae_model_info_init);
  LOAD(liae_model_get_info);
  LOAD(liae_context_create);
  LOAD(liae_context_options_init);
  LOAD(liae_context_run);
  LOAD(liae_context_free);
  liae_model *model = NULL;
  liae_model_info info;
  CHECK(liae_model_open_p(argv[2], NULL, &model) == LIAE_OK);
  CHECK(liae_model_info_init_p(&info, sizeof info) == LIAE_OK);
  CHECK(liae_model_get_info_p(model, &info) == LIAE_OK);
  const int side = info.resolution, rgb_side = info.rgb_side;
  const size_t inputs = (size_t)(side * side * 3), outputs = (size_t)(rgb_side * rgb_side * 3);
  float *in = malloc(inputs * 4), *expected = malloc(outputs * 4), *out = malloc(outputs * 4);
  for (size_t i = 0; i < inputs; i++) in[i] = (float)(i * 7919 % 1009) / 1008;
  liae_image face = {in, side, side, (size_t)side * 12, LIAE_PIXEL_FORMAT_RGB_FLOAT, 0};
  liae_image rgb = {expected, rgb_side, rgb_side, (size_t)rgb_side * 12, LIAE_PIXEL_FORMAT_RGB_FLOAT, 0};
  liae_context_options options;
  liae_context *context = NULL;
  CHECK(liae_context_options_init_p(&options, sizeof options) == LIAE_OK);
  options.threads = 3;
  CHECK(liae_context_create_p(model, &options, &context) == LIAE_OK);
  CHECK(liae_context_run_p(context, NULL, &face, &rgb, NULL, NULL) == LIAE_OK);
  // A thread that has not begun yet blocks everything.
  for (int i = 0; i < 1000 && threads_that_block_faults(); i++) usleep(1000);
  CHECK(threads_that_block_faults() == 0);
  CHECK(liae_context_free_p(context) == LIAE_OK);

  rgb.pixels = out;
  for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
    // Made in one mode and run in another.
    for (int made = 0; made < 2; made++) {
      memset(out, 0, outputs * 4);
      set_control(made ? modes[i] : standard);
      const liae_status create = liae_context_create_p(model, &options, &context);
      const control_word kept = get_control();
      set_control(modes[i]);
      const liae_status run = liae_context_run_p(context, NULL, &face, &rgb, NULL, NULL);
      const control_word kept_by_run = get_control();
      set_control(standard);
      CHECK(create == LIAE_OK && run == LIAE_OK);
      CHECK(kept == (made ? modes[i] : standard) && kept_by_run == modes[i]);
      CHECK(memcmp(out, expected, outputs * 4) == 0);
      CHECK(liae_context_free_p(context) == LIAE_OK);
    }
  }
  // The x87, of hosts on x86 that use long double, too.
  fesetround(FE_UPWARD);
  CHECK(liae_context_create_p(model, &options, &context) == LIAE_OK);
  CHECK(liae_context_run_p(context, NULL, &face, &rgb, NULL, NULL) == LIAE_OK);
  CHECK(fegetround() == FE_UPWARD);
  fesetround(FE_TONEAREST);
  CHECK(memcmp(out, expected, outputs * 4) == 0);
  CHECK(liae_context_free_p(context) == LIAE_OK);
  CHECK(liae_model_free_p(model) == LIAE_OK);

  sigset_t mask;
  CHECK(pthread_sigmask(SIG_SETMASK, NULL, &mask) == 0);
  for (int i = 1; i < 65; i++) {
    // The C library keeps two to itself.
    if (i == 32 || i == 33) continue;
    sigaction(i, NULL, &after);
    CHECK(before[i].sa_handler == after.sa_handler);
    CHECK(!sigismember(&mask, i));
  }
  sigaltstack(NULL, &stack_after);
  CHECK(stack_before.ss_sp == stack_after.ss_sp);
  free(in);
  free(expected);
  free(out);
  return finish();
}
