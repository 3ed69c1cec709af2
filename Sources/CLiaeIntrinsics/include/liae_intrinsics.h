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
  typedef double liae_double_##N __attribute__((ext_vector_type(N))); \
  LIAE_INLINE liae_double_##N liae_add_squares_##N(liae_double_##N sum, liae_float_##N x) { \
    liae_double_##N wide = __builtin_convertvector(x, liae_double_##N); \
    return sum + wide * wide; \
  } \
  LIAE_INLINE liae_float_##N liae_square_root_##N(liae_float_##N x) { return __builtin_elementwise_sqrt(x); } \
  LIAE_INLINE liae_float_##N liae_widen_bfloat16_##N(const void *p) { \
    typedef uint32_t bits __attribute__((ext_vector_type(N))); \
    return (liae_float_##N)(__builtin_convertvector(*(const liae_uint16_##N *)p, bits) << 16); \
  }
LIAE_WIDEN(4)
LIAE_WIDEN(8)
LIAE_WIDEN(16)

// N rows of N floats, `from` floats apart, to N columns, `to` floats apart: perfect shuffles of the rows, log2 N times.
#define LIAE_UNROLL _Pragma("clang loop unroll(full)") for
#define LIAE_TRANSPOSE(N, STEPS, UPPER, ...) \
  LIAE_INLINE void liae_transpose_##N(const float *s, intptr_t from, float *d, intptr_t to) { \
    typedef float row __attribute__((ext_vector_type(N), aligned(4))); \
    liae_float_##N a[N], b[N]; \
    LIAE_UNROLL (int i = 0; i < N; i++) a[i] = *(const row *)(s + i * from); \
    LIAE_UNROLL (int step = 0; step < STEPS; step++) { \
      LIAE_UNROLL (int i = 0; i < N / 2; i++) { \
        liae_float_##N x = a[i], y = a[i + N / 2]; \
        b[2 * i] = __builtin_shufflevector(x, y, __VA_ARGS__); \
        x = __builtin_shufflevector(x, x, UPPER), y = __builtin_shufflevector(y, y, UPPER); \
        b[2 * i + 1] = __builtin_shufflevector(x, y, __VA_ARGS__); \
      } \
      LIAE_UNROLL (int i = 0; i < N; i++) a[i] = b[i]; \
    } \
    LIAE_UNROLL (int i = 0; i < N; i++) *(row *)(d + i * to) = a[i]; \
  }
#define LIAE_UPPER_4 2, 3, 2, 3
#define LIAE_UPPER_8 4, 5, 6, 7, 4, 5, 6, 7
#define LIAE_UPPER_16 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15
LIAE_TRANSPOSE(4, 2, LIAE_UPPER_4, 0, 4, 1, 5)
LIAE_TRANSPOSE(8, 3, LIAE_UPPER_8, 0, 8, 1, 9, 2, 10, 3, 11)
LIAE_TRANSPOSE(16, 4, LIAE_UPPER_16, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)

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
