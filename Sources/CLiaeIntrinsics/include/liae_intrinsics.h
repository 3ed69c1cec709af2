// SPDX-License-Identifier: Apache-2.0
// What Swift cannot say: prefetch, order of loads, numbers of 16 bits, CPUID and XGETBV. Everything is static inline, so
// nothing is exported.
#pragma once
#include <stdint.h>

// Formats and kernels assume a little-endian processor of 64 bits, and there are kernels for these two.
#if !defined(__x86_64__) && !(defined(__aarch64__) && defined(__AARCH64EL__))
#if defined(__aarch64__)
#error "libliae runs on x86-64 and little-endian arm64; this is big-endian arm64"
#elif defined(__i386__)
#error "libliae runs on x86-64 and arm64; this is x86 of 32 bits (i386)"
#elif defined(__arm__)
#error "libliae runs on x86-64 and arm64; this is arm of 32 bits"
#elif defined(__riscv)
#error "libliae runs on x86-64 and arm64; this is RISC-V"
#elif defined(__powerpc__)
#error "libliae runs on x86-64 and arm64; this is POWER"
#elif defined(__s390x__)
#error "libliae runs on x86-64 and arm64; this is s390x"
#elif defined(__loongarch__)
#error "libliae runs on x86-64 and arm64; this is LoongArch"
#elif defined(__wasm__)
#error "libliae runs on x86-64 and arm64; this is WebAssembly"
#else
#error "libliae runs on x86-64 and arm64; this processor is neither"
#endif
#endif

#define LIAE_INLINE static inline __attribute__((always_inline))

/// Prefetch for reading into L2.
LIAE_INLINE void liae_prefetch_l2(const void *p) { __builtin_prefetch(p, 0, 2); }
/// Prefetch for reading into L1.
LIAE_INLINE void liae_prefetch_l1(const void *p) { __builtin_prefetch(p, 0, 3); }
/// Prefetch for writing.
LIAE_INLINE void liae_prefetch_write(void *p) { __builtin_prefetch(p, 1, 3); }

/// Keeps the compiler from moving loads across it, where register tiles fill all vector registers: on arm64, whose
/// multiplications take no operand from memory, loads of a later step that are made early push accumulators to the stack.
LIAE_INLINE void liae_keep_load_order(void) {
#if defined(__aarch64__)
  __asm__ volatile("" : : : "memory");
#endif
}

// Vectors of N numbers of 16 bits at any address as floats, exactly, in one or two instructions where the module is
// compiled for a processor that has them. Elsewhere float16 goes by its bits: exponents are moved from bias 15 to 127,
// infinities and NaNs to the largest, and the mantissa of a subnormal is put behind 2^-14, which is then taken away.
#if defined(__F16C__) || defined(__aarch64__)
#define LIAE_WIDEN_FLOAT16(N) \
  typedef _Float16 half __attribute__((ext_vector_type(N), aligned(2))); \
  return __builtin_convertvector(*(const half *)p, liae_float_##N);
#else
#define LIAE_WIDEN_FLOAT16(N) \
  typedef int32_t bits __attribute__((ext_vector_type(N))); \
  bits x = __builtin_convertvector(*(const liae_uint16_##N *)p, bits); \
  bits magnitude = (x & 0x7fff) << 13, exponent = magnitude & 0x0f800000; \
  bits moved = magnitude + (112 << 23) + ((exponent == 0x0f800000) & (112 << 23)); \
  bits small = exponent == 0; \
  moved += small & (1 << 23); \
  liae_float_##N value = (liae_float_##N)moved - (liae_float_##N)(small & (113 << 23)); \
  return (liae_float_##N)((bits)value | (x & 0x8000) << 16);
#endif
#define LIAE_WIDEN(N) \
  typedef float liae_float_##N __attribute__((ext_vector_type(N))); \
  typedef uint16_t liae_uint16_##N __attribute__((ext_vector_type(N), aligned(2))); \
  LIAE_INLINE liae_float_##N liae_widen_float16_##N(const void *p) { LIAE_WIDEN_FLOAT16(N) } \
  LIAE_INLINE liae_float_##N liae_widen_bfloat16_##N(const void *p) { \
    typedef uint32_t bits __attribute__((ext_vector_type(N))); \
    return (liae_float_##N)(__builtin_convertvector(*(const liae_uint16_##N *)p, bits) << 16); \
  }
LIAE_WIDEN(4)
LIAE_WIDEN(8)
LIAE_WIDEN(16)

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
