// SPDX-License-Identifier: Apache-2.0
// Preloaded: counts what the process asks for. Everything goes on to the C library.
#define _GNU_SOURCE
#include <errno.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static long allocations = 0;
static void counted(void) { __atomic_add_fetch(&allocations, 1, __ATOMIC_RELAXED); }

long liae_test_allocation_count(void);
long liae_test_allocation_count(void) { return __atomic_load_n(&allocations, __ATOMIC_RELAXED); }

void *malloc(size_t size) {
  counted();
  return __libc_malloc(size);
}
void *calloc(size_t count, size_t size) {
  counted();
  return __libc_calloc(count, size);
}
void *realloc(void *memory, size_t size) {
  counted();
  return __libc_realloc(memory, size);
}
void *memalign(size_t alignment, size_t size) {
  counted();
  return __libc_memalign(alignment, size);
}
void *aligned_alloc(size_t alignment, size_t size) {
  counted();
  return __libc_memalign(alignment, size);
}
int posix_memalign(void **memory, size_t alignment, size_t size) {
  counted();
  *memory = __libc_memalign(alignment, size);
  return *memory ? 0 : ENOMEM;
}
void *mmap(void *address, size_t length, int protection, int flags, int file, off_t offset) {
  counted();
  return (void *)syscall(SYS_mmap, address, length, protection, flags, file, offset);
}
