// SPDX-License-Identifier: Apache-2.0
// Preloaded: fails chosen calls of the system, as SQLite's tests do, and counts the blocks of memory that are alive.
//
// A program arms it with liae_test_fail(); for a whole process the environment does: LIAE_TEST_FAIL=memory|file,
// LIAE_TEST_FAIL_AT=N (the first call is 0), LIAE_TEST_FAIL_FOREVER=1 (all from then on), LIAE_TEST_FAIL_COUNT=FILE, where
// the number of calls is written at exit.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

enum { none, memory, file };
static int kind = none, forever;
static long at = -1, seen, alive;

void liae_test_fail(int what, long n, int from_then_on);
long liae_test_calls_seen(void);
long liae_test_blocks_alive(void);

/// what: 0 nothing, 1 memory, 2 files.
void liae_test_fail(int what, long n, int from_then_on) {
  __atomic_store_n(&kind, none, __ATOMIC_SEQ_CST);
  forever = from_then_on;
  at = n;
  __atomic_store_n(&seen, 0, __ATOMIC_SEQ_CST);
  __atomic_store_n(&kind, what, __ATOMIC_SEQ_CST);
}
long liae_test_calls_seen(void) { return __atomic_load_n(&seen, __ATOMIC_SEQ_CST); }
long liae_test_blocks_alive(void) { return __atomic_load_n(&alive, __ATOMIC_SEQ_CST); }

static int fails(int what) {
  if (__atomic_load_n(&kind, __ATOMIC_RELAXED) != what) return 0;
  const long n = __atomic_fetch_add(&seen, 1, __ATOMIC_RELAXED);
  return forever ? n >= at : n == at;
}

static const char *count_file;
__attribute__((constructor)) static void begin(void) {
  const char *what = getenv("LIAE_TEST_FAIL"), *n = getenv("LIAE_TEST_FAIL_AT");
  count_file = getenv("LIAE_TEST_FAIL_COUNT");
  if (what) liae_test_fail(!strcmp(what, "memory") ? memory : file, n ? atol(n) : -1, getenv("LIAE_TEST_FAIL_FOREVER") != NULL);
  // A child that the program starts is not what is tested.
  unsetenv("LIAE_TEST_FAIL");
}
__attribute__((destructor)) static void end(void) {
  const long count = liae_test_calls_seen();
  kind = none;
  if (!count_file) return;
  char text[32];
  const int length = snprintf(text, sizeof text, "%ld\n", count);
  const int output = (int)syscall(SYS_openat, AT_FDCWD, count_file, O_WRONLY | O_CREAT | O_TRUNC, 0666);
  if (output >= 0 && syscall(SYS_write, output, text, (size_t)length) != length) abort();
}
// The programs leave libraries as they are when they end.
void _exit(int status) {
  end();
  for (;;) syscall(SYS_exit_group, status);
}

// ---- Memory ----------------------------------------------------------------------------------------------------------

static void *counted(void *p) {
  if (p) __atomic_add_fetch(&alive, 1, __ATOMIC_RELAXED);
  return p;
}
static void *refused(void) {
  errno = ENOMEM;
  return NULL;
}
void *malloc(size_t size) { return fails(memory) ? refused() : counted(__libc_malloc(size)); }
void *calloc(size_t count, size_t size) { return fails(memory) ? refused() : counted(__libc_calloc(count, size)); }
void *realloc(void *p, size_t size) {
  if (fails(memory)) return refused();
  void *moved = __libc_realloc(p, size);
  if (!p) return counted(moved);
  if (!moved && size == 0) __atomic_sub_fetch(&alive, 1, __ATOMIC_RELAXED);
  return moved;
}
void *memalign(size_t alignment, size_t size) {
  return fails(memory) ? refused() : counted(__libc_memalign(alignment, size));
}
void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }
int posix_memalign(void **result, size_t alignment, size_t size) {
  void *p = memalign(alignment, size);
  if (!p) return ENOMEM;
  *result = p;
  return 0;
}
void free(void *p) {
  if (p) __atomic_sub_fetch(&alive, 1, __ATOMIC_RELAXED);
  __libc_free(p);
}
void *mmap(void *address, size_t length, int protection, int flags, int descriptor, off_t offset) {
  if (fails(memory)) {
    errno = ENOMEM;
    return MAP_FAILED;
  }
  void *p = (void *)syscall(SYS_mmap, address, length, protection, flags, descriptor, offset);
  if (p != MAP_FAILED) __atomic_add_fetch(&alive, 1, __ATOMIC_RELAXED);
  return p;
}
int munmap(void *address, size_t length) {
  const int code = (int)syscall(SYS_munmap, address, length);
  if (code == 0) __atomic_sub_fetch(&alive, 1, __ATOMIC_RELAXED);
  return code;
}
int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*function)(void *), void *argument) {
  static int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
  if (!real) *(void **)&real = dlsym(RTLD_NEXT, "pthread_create");
  if (fails(memory)) return EAGAIN;
  // The stack that the C library maps and keeps is its own affair.
  const int what = __atomic_exchange_n(&kind, none, __ATOMIC_SEQ_CST);
  const int code = real(thread, attributes, function, argument);
  __atomic_store_n(&kind, what, __ATOMIC_SEQ_CST);
  return code;
}

// ---- Files: of descriptors above those of the terminal --------------------------------------------------------------

static int error(int code) {
  errno = code;
  return -1;
}
int open(const char *path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  const int mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(list, int) : 0;
  va_end(list);
  if (fails(file)) return error(flags & O_CREAT ? ENOSPC : EIO);
  return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}
ssize_t read(int descriptor, void *buffer, size_t size) {
  if (descriptor > 2 && fails(file)) return error(EIO);
  return syscall(SYS_read, descriptor, buffer, size);
}
ssize_t pread(int descriptor, void *buffer, size_t size, off_t offset) {
  if (fails(file)) return error(EIO);
  return syscall(SYS_pread64, descriptor, buffer, size, offset);
}
ssize_t write(int descriptor, const void *buffer, size_t size) {
  if (descriptor > 2 && fails(file)) return error(ENOSPC);
  return syscall(SYS_write, descriptor, buffer, size);
}
int fstat(int descriptor, struct stat *info) {
  if (fails(file)) return error(EIO);
  return (int)syscall(SYS_fstat, descriptor, info);
}
int fsync(int descriptor) { return fails(file) ? error(EIO) : (int)syscall(SYS_fsync, descriptor); }
int fdatasync(int descriptor) { return fails(file) ? error(EIO) : (int)syscall(SYS_fdatasync, descriptor); }
int rename(const char *from, const char *to) { return fails(file) ? error(EIO) : (int)syscall(SYS_rename, from, to); }
int ftruncate(int descriptor, off_t length) {
  return fails(file) ? error(EIO) : (int)syscall(SYS_ftruncate, descriptor, length);
}
int mkdir(const char *path, mode_t mode) { return fails(file) ? error(ENOSPC) : (int)syscall(SYS_mkdir, path, mode); }
int link(const char *from, const char *to) { return fails(file) ? error(EIO) : (int)syscall(SYS_link, from, to); }
/// Closes, and says that it has failed, as network file systems do.
int close(int descriptor) {
  const int code = (int)syscall(SYS_close, descriptor);
  return descriptor > 2 && fails(file) ? error(EIO) : code;
}
