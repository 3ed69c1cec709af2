// SPDX-License-Identifier: Apache-2.0
// The C library for Embedded Swift: the toolchain's list of headers, and functions of variable arguments.
#include <SwiftGlibc.h>
#include <fcntl.h>
#include <sys/ioctl.h>

static inline int liae_open(const char *path, int flags, mode_t mode) { return open(path, flags, mode); }
static inline int liae_fcntl(int file, int command, int value) { return fcntl(file, command, value); }
static inline int liae_ioctl(int file, unsigned long request, void *value) { return ioctl(file, request, value); }
