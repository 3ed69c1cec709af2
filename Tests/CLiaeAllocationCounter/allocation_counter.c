// SPDX-License-Identifier: Apache-2.0
#include "allocation_counter.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define LIAE_TEST_NO_COUNTER 1
#endif
#endif

#if defined(__GLIBC__) && !defined(LIAE_TEST_NO_COUNTER)
#include <errno.h>

// glibc's own names of its allocator; an executable's definitions of the plain names go before the library's.
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static _Thread_local size_t count __attribute__((tls_model("initial-exec")));

void *malloc(size_t size) { count++; return __libc_malloc(size); }
void *calloc(size_t n, size_t size) { count++; return __libc_calloc(n, size); }
void *realloc(void *old, size_t size) { count++; return __libc_realloc(old, size); }
void *memalign(size_t alignment, size_t size) { count++; return __libc_memalign(alignment, size); }
void *aligned_alloc(size_t alignment, size_t size) { count++; return __libc_memalign(alignment, size); }
int posix_memalign(void **out, size_t alignment, size_t size) {
  count++;
  if (alignment % sizeof(void *) != 0 || (alignment & (alignment - 1)) != 0 || alignment == 0) return EINVAL;
  void *p = __libc_memalign(alignment, size);
  if (!p) return ENOMEM;
  *out = p;
  return 0;
}

size_t liae_test_allocation_count(void) { return count; }
int liae_test_allocations_are_counted(void) { return 1; }
#else
size_t liae_test_allocation_count(void) { return 0; }
int liae_test_allocations_are_counted(void) { return 0; }
#endif
