// SPDX-License-Identifier: Apache-2.0
import Glibc

extension File {
  /// Tells whether a file was written to after another one; false where one of them is missing.
  package static func isNewer(_ path: String, than other: String) -> Bool {
    guard let a = modified(path), let b = modified(other) else { return false }
    return a > b
  }

  /// Seconds and nanoseconds since 1970; nil where there is no such file.
  private static func modified(_ path: String) -> (Int, Int)? {
    var info = stat()
    guard stat(path, &info) == 0 else { return nil }
    return (info.st_mtim.tv_sec, info.st_mtim.tv_nsec)
  }
}
