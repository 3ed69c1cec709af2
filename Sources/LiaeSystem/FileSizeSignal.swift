// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Makes a write past the limit of the file size an error like that of a full disk, not the end of the process.
package func ignoreFileSizeSignal() { signal(SIGXFSZ, SIG_IGN) }
