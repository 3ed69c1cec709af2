// SPDX-License-Identifier: Apache-2.0
import Glibc

extension File {
  /// Takes a file away; one that is not there is no error.
  package static func remove(_ path: String) throws(LiaeError) {
    guard unlink(path) != 0, errno != ENOENT else { return }
    throw LiaeError(.inputOutput, "\(path): cannot be removed: \(systemMessage(errno))")
  }

  /// Gives a file a second name, which keeps what it holds now when a new file takes over the first name. On file
  /// systems without such links it is a copy.
  ///
  /// - Throws: `fileExists`; `inputOutput`, `fileNotFound`.
  package static func keep(_ path: String, as name: String) throws(LiaeError) {
    if link(path, name) == 0 { return }
    if errno == EEXIST { throw LiaeError(.fileExists, "\(name): exists already") }
    try writeAtomically(name, replacing: false, Bytes.map(path: path))
  }
}
