// SPDX-License-Identifier: Apache-2.0
// reload LIBRARY MODEL: dlopen, open, run, free, dlclose, 100 times in one process: neither memory, nor descriptors,
// nor threads grow.
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <liae.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static long resident_bytes(void) {
  long total = 0, resident = 0;
  malloc_trim(0);
  FILE *file = fopen("/proc/self/statm", "r");
  if (!file || fscanf(file, "%ld %ld", &total, &resident) != 2) abort();
  fclose(file);
  return resident * sysconf(_SC_PAGESIZE);
}

static int entries(const char *folder) {
  int count = 0;
  DIR *stream = opendir(folder);
  if (!stream) abort();
  while (readdir(stream)) count++;
  closedir(stream);
  return count;
}

#define LOAD(name) *(void **)&name = dlsym(library, "liae_" #name); if (!name) return 0

static int round_trip(const char *path, const char *model_path) {
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    fprintf(stderr, "%s\n", dlerror());
    return 0;
  }
  liae_status (*model_open)(const char *, const liae_model_options *, liae_model **);
  liae_status (*model_info_init)(liae_model_info *, size_t);
  liae_status (*model_get_info)(liae_model *, liae_model_info *);
  liae_status (*context_create)(liae_model *, const liae_context_options *, liae_context **);
  liae_status (*context_options_init)(liae_context_options *, size_t);
  liae_status (*context_run)(liae_context *, const liae_run_options *, const liae_image *, const liae_image *,
                             const liae_image *, const liae_image *);
  liae_status (*context_free)(liae_context *);
  liae_status (*model_free)(liae_model *);
  LOAD(model_open);
  LOAD(model_info_init);
  LOAD(model_get_info);
  LOAD(context_create);
  LOAD(context_options_init);
  LOAD(context_run);
  LOAD(context_free);
  LOAD(model_free);
  liae_model *model = NULL;
  liae_context *context = NULL;
  liae_model_info info;
  liae_context_options options;
  if (model_open(model_path, NULL, &model) || model_info_init(&info, sizeof info) || model_get_info(model, &info) ||
      context_options_init(&options, sizeof options))
    return 0;
  options.threads = 2;
  if (context_create(model, &options, &context)) return 0;
  const size_t side = (size_t)info.resolution, rgb_side = (size_t)info.rgb_side;
  unsigned char *face = calloc(side * side, 3), *rgb = calloc(rgb_side * rgb_side, 3);
  const liae_image in = {face, info.resolution, info.resolution, side * 3, LIAE_PIXEL_FORMAT_RGB8, 0};
  const liae_image out = {rgb, info.rgb_side, info.rgb_side, rgb_side * 3, LIAE_PIXEL_FORMAT_RGB8, 0};
  const liae_status status = context_run(context, NULL, &in, &out, NULL, NULL);
  free(face);
  free(rgb);
  return status == LIAE_OK && context_free(context) == LIAE_OK && model_free(model) == LIAE_OK && dlclose(library) == 0;
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  const int rounds = 100, warm = 30;
  long resident = 0;
  int descriptors = 0, threads = 0;
  mallopt(M_ARENA_MAX, 1);  // what is free then does not depend on which thread asked for it
  for (int i = 0; i < rounds; i++) {
    if (!round_trip(argv[1], argv[2])) {
      fprintf(stderr, "round %d failed\n", i);
      return 1;
    }
    if (i + 1 == warm) {
      resident = resident_bytes();
      descriptors = entries("/proc/self/fd");
      threads = entries("/proc/self/task");
    }
  }
  const long grown = resident_bytes() - resident;
  printf("%d rounds: %ld bytes after %d, %ld more at the end, %d threads, %d descriptors\n", rounds, resident, warm,
         grown, entries("/proc/self/task") - 2, entries("/proc/self/fd") - 3);
  // A leak of 8 KB a round would show; the allocator's own wobble stays below this.
  return grown <= 70 * 8192 && entries("/proc/self/fd") == descriptors && entries("/proc/self/task") == threads ? 0 : 1;
}
