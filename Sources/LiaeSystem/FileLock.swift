// SPDX-License-Identifier: Apache-2.0
import Glibc

/// One process's hold on something that a file stands for. Let go when the object goes, or the process ends, however.
///
/// The file itself stays: taking it away would let a third process lock another file of the same name.
package final class FileLock {
  private let descriptor: Int32

  /// - Throws: `busy` where another process holds it; `inputOutput`, `fileNotFound` where the file cannot be made.
  package init(_ path: String) throws(LiaeError) {
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw writeError(path, errno) }
    while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
      if errno == EINTR { continue }
      throw errno == EWOULDBLOCK
        ? LiaeError(.busy, "\(path): another process holds it")
        : LiaeError(.inputOutput, "\(path): cannot be locked: \(systemMessage(errno))")
    }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }
}
