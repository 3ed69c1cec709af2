// SPDX-License-Identifier: Apache-2.0
// Counts the heap allocations of a thread by standing in front of glibc's malloc. For test programs only.
#pragma once
#include <stddef.h>

/// Allocations (malloc, calloc, realloc, aligned ones) that the calling thread has made so far.
size_t liae_test_allocation_count(void);
/// 0 where the counter stands aside, as it does for a sanitizer that has an allocator of its own.
int liae_test_allocations_are_counted(void);
