// SPDX-License-Identifier: Apache-2.0
// writing MODEL FOLDER: how packed weights are written where the system fails, and where links and devices stand. Every
// failure is a status; what was there stays, no other file is left, and the host's signals are as they were.
#define _GNU_SOURCE
#include "check.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/// Which call fails, from its `after`-th on.
static const char *failing = "";
static int failure = 0, after = 0, calls = 0, syncs = 0, renames = 0;

static int fails(const char *name) { return strcmp(failing, name) == 0 && calls++ >= after; }

// These stand before the system's for the library too.
ssize_t write(int descriptor, const void *bytes, size_t count) {
  ssize_t (*next)(int, const void *, size_t) = NULL;
  *(void **)&next = dlsym(RTLD_NEXT, "write");
  if (descriptor > 2) {
    if (strcmp(failing, "short") == 0) return next(descriptor, bytes, count > 4097 ? 4097 : count);
    if (strcmp(failing, "interrupted") == 0 && calls++ % 2 == 0) {
      errno = EINTR;
      return -1;
    }
    if (strcmp(failing, "zero") == 0) return 0;
    if (fails("write")) {
      errno = failure;
      return -1;
    }
  }
  return next(descriptor, bytes, count);
}

static int number_call(const char *name, int argument) {
  int (*next)(int) = NULL;
  *(void **)&next = dlsym(RTLD_NEXT, name);
  const int result = next(argument);
  if (fails(name)) {
    errno = failure;
    return -1;
  }
  return result;
}

int fdatasync(int descriptor) {
  syncs++;
  return number_call("fdatasync", descriptor);
}
int fsync(int descriptor) {
  // Of the folder, once the file has its name.
  if (renames) syncs++;
  return number_call("fsync", descriptor);
}
int close(int descriptor) { return number_call("close", descriptor); }

int rename(const char *from, const char *to) {
  int (*next)(const char *, const char *) = NULL;
  *(void **)&next = dlsym(RTLD_NEXT, "rename");
  // The bytes are on the disk before the file has its name.
  CHECK(syncs > 0);
  renames++;
  if (fails("rename")) {
    errno = failure;
    return -1;
  }
  return next(from, to);
}

static int files_in(const char *folder) {
  int count = 0;
  DIR *stream = opendir(folder);
  if (!stream) return -1;
  for (struct dirent *entry; (entry = readdir(stream));) count += entry->d_name[0] != '.';
  closedir(stream);
  return count;
}

static off_t size_of(const char *path) {
  struct stat info;
  return stat(path, &info) == 0 ? info.st_size : -1;
}

static void expect_failure(liae_model *model, const char *folder, const char *path, const char *call, int code, int from) {
  failing = call;
  failure = code;
  after = from;
  calls = syncs = renames = 0;
  const liae_status status = liae_model_save_packed(model, path);
  failing = "";
  CHECK(status == LIAE_ERROR_INPUT_OUTPUT);
  CHECK(strstr(liae_last_error(), path) != NULL);
  CHECK(size_of(path) == 3 && files_in(folder) == 1);
}

static void past_the_limit(liae_model *model, const char *folder, const char *path) {
  struct rlimit before, limit;
  struct sigaction action;
  sigset_t mask, pending;
  getrlimit(RLIMIT_FSIZE, &before);
  limit = before;
  limit.rlim_cur = 20000;
  // The default ends the process.
  signal(SIGXFSZ, SIG_DFL);
  setrlimit(RLIMIT_FSIZE, &limit);
  EXPECT(LIAE_ERROR_INPUT_OUTPUT, liae_model_save_packed(model, path));
  setrlimit(RLIMIT_FSIZE, &before);
  sigaction(SIGXFSZ, NULL, &action);
  sigprocmask(SIG_SETMASK, NULL, &mask);
  sigpending(&pending);
  CHECK(action.sa_handler == SIG_DFL && !sigismember(&mask, SIGXFSZ) && !sigismember(&pending, SIGXFSZ));
  CHECK(size_of(path) == 3 && files_in(folder) == 1);
}

int main(int argc, char **argv) {
  liae_model *model = NULL;
  char path[4096], link[4096];
  struct stat info;
  if (argc != 3) return 2;
  snprintf(path, sizeof path, "%s/a.liaepack", argv[2]);
  snprintf(link, sizeof link, "%s/link", argv[2]);
  OK(liae_model_open(argv[1], NULL, &model));
  FILE *file = fopen(path, "w");
  if (!file) return 2;
  fputs("old", file);
  fclose(file);

  const int codes[] = {ENOSPC, EIO, EAGAIN, EDQUOT};
  for (int i = 0; i < 4; i++)
    for (int from = 0; from < 20; from += 3) expect_failure(model, argv[2], path, "write", codes[i], from);
  expect_failure(model, argv[2], path, "zero", 0, 0);
  expect_failure(model, argv[2], path, "fdatasync", EIO, 0);
  expect_failure(model, argv[2], path, "close", EDQUOT, 0);
  expect_failure(model, argv[2], path, "rename", EIO, 0);
  past_the_limit(model, argv[2], path);

  // What the system does in pieces is whole; permissions stay.
  chmod(path, 0640);
  const char *harmless[] = {"", "short", "interrupted"};
  off_t size = 0;
  for (int i = 0; i < 3; i++) {
    failing = harmless[i];
    calls = syncs = renames = 0;
    OK(liae_model_save_packed(model, path));
    failing = "";
    CHECK(syncs == 2 && renames == 1);
    if (i == 0) size = size_of(path);
    CHECK(size_of(path) == size && size > 100000 && files_in(argv[2]) == 1);
  }
  CHECK(stat(path, &info) == 0 && (info.st_mode & 0777) == 0640);
  liae_model *saved = NULL;
  OK(liae_model_open(path, NULL, &saved));
  OK(liae_model_free(saved));

  // Links stay, devices too.
  CHECK(symlink("a.liaepack", link) == 0);
  OK(liae_model_save_packed(model, link));
  CHECK(lstat(link, &info) == 0 && S_ISLNK(info.st_mode) && files_in(argv[2]) == 2);
  OK(liae_model_save_packed(model, "/dev/null"));
  CHECK(stat("/dev/null", &info) == 0 && S_ISCHR(info.st_mode));
  unlink(link);
  CHECK(mkfifo(link, 0600) == 0);
  EXPECT(LIAE_ERROR_INPUT_OUTPUT, liae_model_save_packed(model, link));
  CHECK(lstat(link, &info) == 0 && S_ISFIFO(info.st_mode) && files_in(argv[2]) == 2);
  OK(liae_model_free(model));
  return finish();
}
