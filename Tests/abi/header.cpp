// SPDX-License-Identifier: Apache-2.0
// Includes the header alone, twice, in C++.
#include <liae.h>
#include <liae.h>

bool use();
bool use() {
  liae_run_options options;
  if (liae_run_options_init(&options, sizeof options) != LIAE_OK) return false;
  options.mode = LIAE_MODE_MORPH;
  liae_status status = liae_context_free(nullptr);
  return status == LIAE_OK && liae_version() == LIAE_VERSION;
}
