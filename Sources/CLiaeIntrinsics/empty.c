// SPDX-License-Identifier: Apache-2.0
// SwiftPM wants one source file in a C target; the header is all there is, and names a processor that has no kernels.
#include "liae_intrinsics.h"
