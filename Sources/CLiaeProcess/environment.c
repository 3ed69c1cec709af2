// SPDX-License-Identifier: Apache-2.0
// The environment as libliae.so sees it: without the variables of the Swift runtime.
//
// Inside a host the runtime must neither print, as SWIFT_DEBUG_HELP or a value that it cannot parse make it, nor install
// handlers of signals, as SWIFT_BACKTRACE does. libliae.so is linked with --wrap for the names below (Package.swift); the
// programs are not, so that their crashes can be traced.
#include <stddef.h>
#include <string.h>

char *__real_getenv(const char *) __attribute__((weak));

char *__wrap_getenv(const char *name) {
  return strncmp(name, "SWIFT_", 6) == 0 ? NULL : __real_getenv(name);
}

// The runtime walks the whole environment for its variables; nothing else in the library does.
static char *none[] = {NULL};
char **__wrap_environ = none;
char **__wrap___environ = none;
