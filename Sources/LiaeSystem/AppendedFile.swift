// SPDX-License-Identifier: Apache-2.0
import Glibc

/// A file that grows at its end, as a log does. Closed when the object goes.
package final class AppendedFile {
  package let path: String
  private let descriptor: Int32

  /// Opens the file, or makes it.
  ///
  /// - Throws: `inputOutput`, `fileNotFound` for a folder that is not there.
  package init(_ path: String) throws(LiaeError) {
    descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
    self.path = path
    guard descriptor >= 0 else { throw writeError(path, errno) }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  package func append(_ text: String) throws(LiaeError) {
    try File.Writer(descriptor: descriptor, path: path).write(Array(text.utf8))
  }

  package func append(_ bytes: UnsafeRawBufferPointer) throws(LiaeError) {
    try File.Writer(descriptor: descriptor, path: path).write(bytes)
  }

  /// Cuts the file off behind `count` bytes.
  package func truncate(to count: Int) throws(LiaeError) {
    guard ftruncate(descriptor, off_t(count)) == 0 else { throw writeError(path, errno) }
  }
}
