// SPDX-License-Identifier: Apache-2.0
// What a call of the library is held to on its thread: memory, cancellation, the floating-point environment.
#pragma once
#include <stddef.h>
#include <stdint.h>

// The library exports what begins with liae_ and is not hidden.
#pragma GCC visibility push(hidden)

/// Tells whether an allocation of this thread has failed since liae_memory_clear_shortage(), and was served from the reserve or
/// not at all.
int liae_memory_is_short(void);
void liae_memory_clear_shortage(void);

/// posix_memalign() of the system, without the reserve: for buffers, whose failure is reported.
int liae_memory_allocate(void **result, size_t alignment, size_t size);

/// The innermost scope of this thread; the caller keeps it alive.
const void *liae_scope_current(void);
void liae_scope_set_current(const void *scope);

/// A flag that any thread may set.
static inline int32_t liae_flag_load(const int32_t *flag) { return __atomic_load_n(flag, __ATOMIC_RELAXED); }
static inline void liae_flag_store(int32_t *flag, int32_t value) { __atomic_store_n(flag, value, __ATOMIC_RELAXED); }

// The floating-point environment: rounding, flushing of subnormals, masks and flags of exceptions.
#if defined(__x86_64__)
/// MXCSR, of vector instructions, and the control word of the x87.
typedef struct { uint32_t vector; uint16_t x87; } liae_float_environment;

/// What a process starts with: rounding to nearest, subnormals kept, no exception delivered.
static inline liae_float_environment liae_float_environment_enter(void) {
  liae_float_environment host;
  uint32_t standard = 0x1f80;
  uint16_t standard_x87 = 0x037f;
  __asm__ volatile("stmxcsr %0" : "=m"(host.vector));
  __asm__ volatile("fnstcw %0" : "=m"(host.x87));
  // Flags alone may differ: loading the register costs more than comparing it.
  if ((host.vector & ~0x3fu) != standard) __asm__ volatile("ldmxcsr %0" : : "m"(standard) : "memory");
  if (host.x87 != standard_x87) __asm__ volatile("fnclex\n\tfldcw %0" : : "m"(standard_x87) : "memory");
  return host;
}

static inline void liae_float_environment_leave(liae_float_environment host) {
  __asm__ volatile("ldmxcsr %0" : : "m"(host.vector) : "memory");
  if (host.x87 != 0x037f) __asm__ volatile("fnclex\n\tfldcw %0" : : "m"(host.x87) : "memory");
}
#elif defined(__aarch64__)
/// FPCR, rounding and masks, and FPSR, flags.
typedef struct { uint64_t control, status; } liae_float_environment;

/// What a process starts with: rounding to nearest, subnormals kept, no exception delivered.
static inline liae_float_environment liae_float_environment_enter(void) {
  liae_float_environment host;
  __asm__ volatile("mrs %0, fpcr" : "=r"(host.control));
  __asm__ volatile("mrs %0, fpsr" : "=r"(host.status));
  // Writing the register costs more than comparing it.
  if (host.control != 0) __asm__ volatile("msr fpcr, %0" : : "r"((uint64_t)0) : "memory");
  return host;
}

static inline void liae_float_environment_leave(liae_float_environment host) {
  if (host.control != 0) __asm__ volatile("msr fpcr, %0" : : "r"(host.control) : "memory");
  __asm__ volatile("msr fpsr, %0" : : "r"(host.status) : "memory");
}
#endif

#pragma GCC visibility pop
