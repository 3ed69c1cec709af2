// SPDX-License-Identifier: Apache-2.0
// Preloaded: cuts the power after a number of changes to files below a folder, and keeps what would have been on the disk.
//
// LIAE_TEST_ROOT: the folder. LIAE_TEST_SHADOW: a folder for what is durable: files/INODE, the bytes that a sync has written,
// and folders/INODE, the names that a sync of a folder has written. LIAE_TEST_CUT: the process ends before change number N;
// without it they are counted, into LIAE_TEST_SHADOW/count.
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static char root[512], shadow[512];
static long cut = -1, changes;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void keep_file(int descriptor, ino_t inode) {
  char path[600];
  snprintf(path, sizeof path, "%s/files/%lu", shadow, (unsigned long)inode);
  const int out = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
  char source[64], buffer[65536];
  snprintf(source, sizeof source, "/proc/self/fd/%d", descriptor);
  const int in = (int)syscall(SYS_openat, AT_FDCWD, source, O_RDONLY, 0);
  for (ssize_t n; (n = syscall(SYS_read, in, buffer, sizeof buffer)) > 0;)
    if (syscall(SYS_write, out, buffer, n) != n) abort();
  syscall(SYS_close, in);
  syscall(SYS_close, out);
}

static void keep_folder(const char *folder, ino_t inode) {
  char path[600], line[1200];
  snprintf(path, sizeof path, "%s/folders/%lu", shadow, (unsigned long)inode);
  const int out = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
  DIR *stream = opendir(folder);
  for (struct dirent *entry; stream && (entry = readdir(stream));) {
    if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
    const int length = snprintf(line, sizeof line, "%lu %s\n", (unsigned long)entry->d_ino, entry->d_name);
    if (syscall(SYS_write, out, line, (size_t)length) != length) abort();
  }
  if (stream) closedir(stream);
  syscall(SYS_close, out);
}

static int keep(const char *path, const struct stat *info, int type, struct FTW *place) {
  (void)place;
  if (type == FTW_D) keep_folder(path, info->st_ino);
  if (type == FTW_F) {
    const int descriptor = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY, 0);
    if (descriptor >= 0) {
      keep_file(descriptor, info->st_ino);
      syscall(SYS_close, descriptor);
    }
  }
  return 0;
}

__attribute__((constructor)) static void begin(void) {
  const char *folder = getenv("LIAE_TEST_ROOT"), *kept = getenv("LIAE_TEST_SHADOW"), *n = getenv("LIAE_TEST_CUT");
  if (!folder || !kept) return;
  snprintf(root, sizeof root, "%s", folder);
  snprintf(shadow, sizeof shadow, "%s", kept);
  cut = n ? atol(n) : -1;
  unsetenv("LIAE_TEST_ROOT");
  char path[600];
  snprintf(path, sizeof path, "%s/files", shadow);
  syscall(SYS_mkdir, path, 0777);
  snprintf(path, sizeof path, "%s/folders", shadow);
  syscall(SYS_mkdir, path, 0777);
  // What is there at the start is durable.
  nftw(root, keep, 16, FTW_PHYS);
}
__attribute__((destructor)) static void end(void) {
  if (!root[0] || cut >= 0) return;
  char path[600], text[32];
  snprintf(path, sizeof path, "%s/count", shadow);
  const int length = snprintf(text, sizeof text, "%ld\n", changes);
  const int out = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
  if (syscall(SYS_write, out, text, (size_t)length) != length) abort();
}
// The programs leave libraries as they are when they end.
void _exit(int status) {
  end();
  for (;;) syscall(SYS_exit_group, status);
}

static int below(const char *path) {
  char real[4096];
  if (!root[0] || !path) return 0;
  if (path[0] != '/') {
    char here[2048];
    if (syscall(SYS_getcwd, here, sizeof here) < 0) return 0;
    snprintf(real, sizeof real, "%s/%s", here, path);
    path = real;
  }
  return !strncmp(path, root, strlen(root));
}
static int path_of(int descriptor, char *path, size_t size) {
  char link_path[64];
  snprintf(link_path, sizeof link_path, "/proc/self/fd/%d", descriptor);
  const ssize_t n = syscall(SYS_readlink, link_path, path, size - 1);
  path[n > 0 ? n : 0] = 0;
  return below(path);
}
static void change(void) {
  pthread_mutex_lock(&mutex);
  if (cut >= 0 && changes >= cut) syscall(SYS_exit_group, 137);
  changes++;
  pthread_mutex_unlock(&mutex);
}

static int sync_one(int descriptor, int call) {
  char path[4096];
  if (!path_of(descriptor, path, sizeof path)) return (int)syscall(call, descriptor);
  change();
  struct stat info;
  syscall(SYS_fstat, descriptor, &info);
  pthread_mutex_lock(&mutex);
  if (S_ISDIR(info.st_mode)) keep_folder(path, info.st_ino);
  else keep_file(descriptor, info.st_ino);
  pthread_mutex_unlock(&mutex);
  return 0;
}
int fsync(int descriptor) { return sync_one(descriptor, SYS_fsync); }
int fdatasync(int descriptor) { return sync_one(descriptor, SYS_fdatasync); }
int syncfs(int descriptor) {
  (void)descriptor;
  change();
  nftw(root, keep, 16, FTW_PHYS);
  return 0;
}

int open(const char *path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  const int mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(list, int) : 0;
  va_end(list);
  const int writes = flags & (O_CREAT | O_TRUNC) && below(path);
  if (writes) change();
  const int descriptor = (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
  struct stat info;
  if (writes && descriptor >= 0 && syscall(SYS_fstat, descriptor, &info) == 0 && info.st_size == 0) {
    // A new file may have the number of one that is gone.
    char kept[600];
    snprintf(kept, sizeof kept, "%s/files/%lu", shadow, (unsigned long)info.st_ino);
    syscall(SYS_unlink, kept);
  }
  return descriptor;
}
ssize_t write(int descriptor, const void *buffer, size_t size) {
  char path[4096];
  if (descriptor > 2 && path_of(descriptor, path, sizeof path)) change();
  return syscall(SYS_write, descriptor, buffer, size);
}
int ftruncate(int descriptor, off_t length) {
  char path[4096];
  if (path_of(descriptor, path, sizeof path)) change();
  return (int)syscall(SYS_ftruncate, descriptor, length);
}
int rename(const char *from, const char *to) {
  if (below(to)) change();
  return (int)syscall(SYS_rename, from, to);
}
int link(const char *from, const char *to) {
  if (below(to)) change();
  return (int)syscall(SYS_link, from, to);
}
int unlink(const char *path) {
  if (below(path)) change();
  return (int)syscall(SYS_unlink, path);
}
int mkdir(const char *path, mode_t mode) {
  if (below(path)) change();
  return (int)syscall(SYS_mkdir, path, mode);
}
