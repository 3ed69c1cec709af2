// SPDX-License-Identifier: Apache-2.0
// A reserve of memory for small allocations that the system refuses.
//
// The Swift runtime ends the process when an object or an array cannot be allocated. libliae.so and the programs are
// therefore linked with --wrap for the functions below (Package.swift): an allocation that fails is served from the
// reserve, and the thread is marked short of memory, so that the code that reports errors can give up with a status, which
// frees what it took. C++ libraries keep an emergency pool for exceptions for the same reason. Sizes that a file or an
// option sets do not come this way: LiaeSystem asks for them with liae_memory_allocate() and reports the failure.
//
// Without --wrap, as in the tests of single modules, nothing here is called but liae_memory_allocate().
#include "liae_process.h"
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

void *__real_malloc(size_t) __attribute__((weak));
void *__real_calloc(size_t, size_t) __attribute__((weak));
void *__real_realloc(void *, size_t) __attribute__((weak));
int __real_posix_memalign(void **, size_t, size_t) __attribute__((weak));
size_t __real_malloc_usable_size(void *) __attribute__((weak));
void __real_free(void *) __attribute__((weak));

// initial-exec: the first use in a thread must not allocate.
static _Thread_local int is_short __attribute__((tls_model("initial-exec")));
static _Thread_local const void *scope __attribute__((tls_model("initial-exec")));

int liae_memory_is_short(void) { return is_short; }
void liae_memory_clear_shortage(void) { is_short = 0; }
const void *liae_scope_current(void) { return scope; }
void liae_scope_set_current(const void *new_scope) { scope = new_scope; }

int liae_memory_allocate(void **result, size_t alignment, size_t size) {
  return __real_posix_memalign ? __real_posix_memalign(result, alignment, size)
                               : posix_memalign(result, alignment, size);
}

// ---- The reserve: blocks in the order of their addresses, first fit, neighbours joined when freed (Knuth 2.5 A, C) ----

enum { reserve_size = 8 << 20, alignment = 16 };

typedef struct block {
  size_t size;         // of the block, header included
  struct block *next;  // the next vacant one; of no meaning in a block that is used
} block;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
// Zero pages of the image: there from the start, and none is in memory before it is touched.
static char reserve[reserve_size] __attribute__((aligned(alignment)));
static block *vacant;
static int is_begun;

static int is_reserved(const void *p) {
  return (const char *)p >= reserve && (const char *)p < reserve + reserve_size;
}

static block *block_of(void *p) { return (block *)((char *)p - sizeof(block)); }

static void *take(size_t size, size_t align) {
  is_short = 1;
  if (size > reserve_size / 2 || align > 4096) return NULL;
  size_t need = (size + sizeof(block) + alignment - 1) / alignment * alignment;
  void *result = NULL;
  pthread_mutex_lock(&mutex);
  if (!is_begun) {
    vacant = (block *)reserve;
    vacant->size = reserve_size;
    vacant->next = NULL;
    is_begun = 1;
  }
  for (block **link = &vacant; *link; link = &(*link)->next) {
    block *found = *link;
    // The block begins so far inside that what follows its header is aligned; the gap stays vacant.
    size_t start = (size_t)found + sizeof(block);
    size_t gap = (align - start % align) % align;
    while (gap && gap < sizeof(block)) gap += align;
    if (found->size < gap + need) continue;
    block *taken = (block *)((char *)found + gap);
    size_t rest = found->size - gap - need;
    block *after = found->next;
    if (rest >= 2 * sizeof(block)) {
      block *tail = (block *)((char *)taken + need);
      tail->size = rest;
      tail->next = after;
      after = tail;
    } else {
      need += rest;
    }
    if (gap) {
      found->size = gap;
      found->next = after;
    } else {
      *link = after;
    }
    taken->size = need;
    result = (char *)taken + sizeof(block);
    break;
  }
  pthread_mutex_unlock(&mutex);
  if (!result) errno = ENOMEM;
  return result;
}

static void give_back(void *p) {
  block *freed = block_of(p);
  pthread_mutex_lock(&mutex);
  block **link = &vacant, *before = NULL;
  while (*link && *link < freed) {
    before = *link;
    link = &(*link)->next;
  }
  freed->next = *link;
  *link = freed;
  if (freed->next && (char *)freed + freed->size == (char *)freed->next) {
    freed->size += freed->next->size;
    freed->next = freed->next->next;
  }
  if (before && (char *)before + before->size == (char *)freed) {
    before->size += freed->size;
    before->next = freed->next;
  }
  pthread_mutex_unlock(&mutex);
}

// ---- What the linker puts in place of the system's functions --------------------------------------------------------

void *__wrap_malloc(size_t size) {
  void *p = __real_malloc(size);
  return p ? p : take(size, alignment);
}

void *__wrap_calloc(size_t count, size_t size) {
  void *p = __real_calloc(count, size);
  size_t total;
  if (p || __builtin_mul_overflow(count, size, &total)) return p;
  p = take(total, alignment);
  return p ? memset(p, 0, total) : NULL;
}

int __wrap_posix_memalign(void **result, size_t align, size_t size) {
  int code = __real_posix_memalign(result, align, size);
  if (code != ENOMEM) return code;
  void *p = take(size, align < alignment ? alignment : align);
  if (!p) return code;
  *result = p;
  return 0;
}

size_t __wrap_malloc_usable_size(void *p) {
  return is_reserved(p) ? block_of(p)->size - sizeof(block) : __real_malloc_usable_size(p);
}

void __wrap_free(void *p) {
  if (is_reserved(p)) give_back(p);
  else __real_free(p);
}

void *__wrap_realloc(void *p, size_t size) {
  if (!p) return __wrap_malloc(size);
  int was_reserved = is_reserved(p);
  void *moved = was_reserved ? __wrap_malloc(size) : __real_realloc(p, size);
  if (moved && !was_reserved) return moved;
  if (!moved && (was_reserved || !(moved = take(size, alignment)))) return NULL;
  size_t old = __wrap_malloc_usable_size(p);
  memcpy(moved, p, old < size ? old : size);
  __wrap_free(p);
  return moved;
}

// operator new and delete, as the C++ part of the Swift runtime calls them.
void *__wrap__Znwm(size_t size) {
  void *p = __wrap_malloc(size ? size : 1);
  if (!p) abort();
  return p;
}

void *__wrap__ZnwmSt11align_val_t(size_t size, size_t align) {
  void *p = NULL;
  if (__wrap_posix_memalign(&p, align < sizeof(void *) ? sizeof(void *) : align, size ? size : 1) != 0) abort();
  return p;
}

void __wrap__ZdlPv(void *p) { __wrap_free(p); }
void __wrap__ZdlPvm(void *p, size_t size) { (void)size, __wrap_free(p); }
void __wrap__ZdlPvmSt11align_val_t(void *p, size_t size, size_t align) { (void)size, (void)align, __wrap_free(p); }
