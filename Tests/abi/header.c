// SPDX-License-Identifier: Apache-2.0
// Includes the header alone, twice, in C.
#include <liae.h>
#include <liae.h>

int use(void);
int use(void) {
  liae_run_options options;
  if (liae_run_options_init(&options, sizeof options) != LIAE_OK) return 1;
  options.mode = LIAE_MODE_MORPH;
  return liae_version() != LIAE_VERSION;
}
