// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Makes a write to a pipe whose reader went away an error, not the end of the process.
package func ignorePipeSignal() { signal(SIGPIPE, SIG_IGN) }
