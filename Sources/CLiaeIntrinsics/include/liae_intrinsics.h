// SPDX-License-Identifier: Apache-2.0
// What Swift cannot say: prefetch, CPUID and XGETBV. Everything is static inline, so nothing is exported.
#pragma once
#include <stdint.h>

#define LIAE_INLINE static inline __attribute__((always_inline))

/// Prefetch for reading into L2.
LIAE_INLINE void liae_prefetch_l2(const void *p) { __builtin_prefetch(p, 0, 2); }
/// Prefetch for reading into L1.
LIAE_INLINE void liae_prefetch_l1(const void *p) { __builtin_prefetch(p, 0, 3); }
/// Prefetch for writing.
LIAE_INLINE void liae_prefetch_write(void *p) { __builtin_prefetch(p, 1, 3); }

#if defined(__x86_64__)
#include <cpuid.h>
typedef struct { uint32_t eax, ebx, ecx, edx; } liae_cpuid_result;
/// CPUID leaf and subleaf; all zero where the processor does not have the leaf.
LIAE_INLINE liae_cpuid_result liae_cpuid(uint32_t leaf, uint32_t subleaf) {
  liae_cpuid_result r = {0, 0, 0, 0};
  __get_cpuid_count(leaf, subleaf, &r.eax, &r.ebx, &r.ecx, &r.edx);
  return r;
}
/// XCR0: which register states the operating system saves. Call it only where CPUID says OSXSAVE.
LIAE_INLINE uint64_t liae_xgetbv0(void) {
  uint32_t lo, hi;
  __asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
  return ((uint64_t)hi << 32) | lo;
}
#endif
