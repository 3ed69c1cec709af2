// SPDX-License-Identifier: Apache-2.0
// looks MODEL: how often calls look at their cancellation. The flag stands in a page that may not be read: each look is a
// fault, which is counted, timed in processor time of the thread, and then let through by single-stepping (x86-64 Linux).
#define _GNU_SOURCE
#include "check.h"

#include <signal.h>
#include <sys/mman.h>
#include <time.h>
#include <ucontext.h>

enum { page_size = 4096, single_step = 0x100, side = 2000 };
/// Processor time between two looks, and from cancellation to the end of the call: the promise is 0.1 s on a machine that
/// has nothing else to do.
static const double longest = 0.1;

static int32_t *flag;
static volatile long looks;
/// The look that finds the flag set; 0: none.
static volatile long cancelled_look;
static volatile double longest_pause;
/// Of each thread; 0 before its first look.
static __thread volatile double last_look;

static double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void look(int number, siginfo_t *info, void *context) {
  (void)number;
  if (info->si_addr < (void *)flag || info->si_addr >= (void *)((char *)flag + page_size)) {
    signal(SIGSEGV, SIG_DFL);
    return;
  }
  looks++;
  const double now = seconds();
  if (last_look > 0 && now - last_look > longest_pause) longest_pause = now - last_look;
  mprotect(flag, page_size, PROT_READ | PROT_WRITE);
  if (looks == cancelled_look) *flag = 1;
  ((ucontext_t *)context)->uc_mcontext.gregs[REG_EFL] |= single_step;
}

static void looked(int number, siginfo_t *info, void *context) {
  (void)number;
  (void)info;
  ((ucontext_t *)context)->uc_mcontext.gregs[REG_EFL] &= ~single_step;
  mprotect(flag, page_size, PROT_NONE);
  last_look = seconds();
}

/// Makes the flag ready for a call that is cancelled at look `n`, or not at all.
static void begin(long n) {
  mprotect(flag, page_size, PROT_READ | PROT_WRITE);
  *flag = 0;
  looks = 0;
  cancelled_look = n;
  longest_pause = 0;
  mprotect(flag, page_size, PROT_NONE);
  last_look = seconds();
}

/// Notes the time from the last look to the end of the call.
static void end(void) {
  const double now = seconds();
  if (now - last_look > longest_pause) longest_pause = now - last_look;
}

static fixture f;

static void frames(void) {
  static const struct {
    const char *name;
    int32_t blend, transfer, denoise, bicubic, colors;
  } cases[] = {
    {"overlay", LIAE_BLEND_OVERLAY, LIAE_COLOR_TRANSFER_RCT, 0, 0, 0},
    {"seamless", LIAE_BLEND_SEAMLESS, LIAE_COLOR_TRANSFER_MIX_M, 0, 0, 0},
    {"seamless with histogram", LIAE_BLEND_SEAMLESS_HISTOGRAM_MATCH, LIAE_COLOR_TRANSFER_NONE, 0, 0, 0},
    {"denoised", LIAE_BLEND_OVERLAY, LIAE_COLOR_TRANSFER_NONE, 30, 0, 0},
    {"degraded", LIAE_BLEND_OVERLAY, LIAE_COLOR_TRANSFER_NONE, 0, 50, 0},
    {"fewer colours", LIAE_BLEND_OVERLAY, LIAE_COLOR_TRANSFER_NONE, 0, 0, 50},
  };
  const size_t bytes = (size_t)side * side * 3;
  unsigned char *pixels = malloc(bytes), *result = malloc(bytes);
  for (size_t i = 0; i < bytes; i++) pixels[i] = (unsigned char)(i * 2654435761u >> 13);
  const liae_image from = byte_image(pixels, side, side, 3), to = byte_image(result, side, side, 3);
  float landmarks[136];
  for (int i = 0; i < 68; i++) {
    const float t = (float)(i - 8) / 8;
    landmarks[2 * i] = side * (i < 17 ? 0.15f + 0.7f * (float)i / 16 : 0.25f + 0.5f * (float)((i * 7) % 17) / 16);
    landmarks[2 * i + 1] = side * (i < 17 ? 0.4f + 0.5f * (1 - t * t) : 0.3f + 0.45f * (float)(i - 17) / 50);
  }
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    liae_composite_options options;
    OK(liae_composite_options_init(&options, sizeof options));
    options.blend = cases[i].blend;
    options.color_transfer = cases[i].transfer;
    options.denoise = cases[i].denoise;
    options.bicubic_degrade = cases[i].bicubic;
    options.color_degrade = cases[i].colors;
    options.cancel = flag;
    begin(0);
    OK(liae_frame_swap(f.context, &from, landmarks, 68, &options, &to));
    end();
    const long all = looks;
    CHECK(all > 100);
    CHECK(longest_pause < longest);
    printf("%s: %ld looks, at most %.0f ms apart\n", cases[i].name, all, longest_pause * 1e3);
    // Wherever the call is cancelled, it ends soon and leaves the result alone.
    for (long part = 0; part < 10; part++) {
      memset(result, 7, bytes);
      begin(1 + part * (all - 1) / 10);
      EXPECT(LIAE_ERROR_CANCELLED, liae_frame_swap(f.context, &from, landmarks, 68, &options, &to));
      end();
      CHECK(longest_pause < longest);
      CHECK(result[0] == 7 && memcmp(result, result + 1, bytes - 1) == 0);
    }
  }
  free(pixels);
  free(result);
}

static void opening(const char *path) {
  liae_model *model = NULL;
  liae_model_options options;
  OK(liae_model_options_init(&options, sizeof options));
  options.cancel = flag;
  begin(0);
  OK(liae_model_open(path, &options, &model));
  end();
  const long all = looks;
  CHECK(all > 20);
  CHECK(longest_pause < longest);
  printf("opening: %ld looks, at most %.0f ms apart\n", all, longest_pause * 1e3);
  OK(liae_model_free(model));
  for (long part = 0; part < 10; part++) {
    begin(1 + part * (all - 1) / 10);
    EXPECT(LIAE_ERROR_CANCELLED, liae_model_open(path, &options, &model));
    end();
    CHECK(model == NULL);
    CHECK(longest_pause < longest);
  }
}

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  struct sigaction action = {.sa_flags = SA_SIGINFO};
  action.sa_sigaction = look;
  sigaction(SIGSEGV, &action, NULL);
  action.sa_sigaction = looked;
  sigaction(SIGTRAP, &action, NULL);
  flag = mmap(NULL, page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (flag == MAP_FAILED) return 2;
  liae_context_options options;
  OK(liae_context_options_init(&options, sizeof options));
  // Looks of other threads would find the page open, and not be counted.
  options.threads = 1;
  open_fixture(&f, argv[1], &options);
  frames();
  opening(argv[1]);
  close_fixture(&f);
  return finish();
}
