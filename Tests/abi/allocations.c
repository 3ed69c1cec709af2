// SPDX-License-Identifier: Apache-2.0
// allocations MODEL, with count_allocations.so preloaded: a run asks for no memory.
#define _GNU_SOURCE
#include "check.h"

#include <dlfcn.h>

int main(int argc, char **argv) {
  fixture f;
  liae_context_options options;
  liae_run_options run;
  if (argc != 2) return 2;
  long (*count)(void) = NULL;
  *(void **)&count = dlsym(RTLD_DEFAULT, "liae_test_allocation_count");
  if (!count) {
    fprintf(stderr, "count_allocations.so is not preloaded\n");
    return 2;
  }
  // The counter counts.
  const long before = count();
  void *volatile memory = malloc(10);
  CHECK(count() == before + 1);
  free(memory);

  OK(liae_run_options_init(&run, sizeof run));
  OK(liae_context_options_init(&options, sizeof options));
  for (int threads = 1; threads <= 3; threads++) {
    options.threads = threads;
    open_fixture(&f, argv[1], &options);
    const liae_image faces[4] = {f.face, f.face, f.face, f.face}, rgbs[4] = {f.rgb, f.rgb, f.rgb, f.rgb};
    for (int mode = 0; mode <= 3; mode++) {
      run.mode = mode;
      run.morph = 0.5f;
      const long start = count();
      const liae_status one = liae_context_run(f.context, &run, &f.face, &f.rgb, &f.mask, &f.dst_mask);
      const liae_status batch = liae_context_run_batch(f.context, &run, 4, faces, rgbs, NULL, NULL);
      const long end = count();
      OK(one);
      OK(batch);
      if (end != start) fprintf(stderr, "%d threads, mode %d: %ld allocations\n", threads, mode, end - start);
      CHECK(end == start);
    }
    close_fixture(&f);
  }
  return finish();
}
