// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Glibc
import LiaeSystem

/// - Throws: for an empty path, as a shell makes it of a variable that is not set: it would mean the root folder.
package func requirePath(_ path: String, _ option: String) throws {
  if path.isEmpty { throw ValidationError("\(option) is empty; expected a path") }
}

/// A folder's path without slashes at its end.
package func withoutSlash(_ path: String) -> String {
  var path = path
  while path.count > 1, path.hasSuffix("/") { path.removeLast() }
  return path
}

/// Device and inode: the same for two names of one file.
package struct FileIdentity: Hashable {
  package var device: UInt
  package var inode: UInt

  package init?(_ path: String) {
    var info = stat()
    guard stat(path, &info) == 0 else { return nil }
    (device, inode) = (UInt(info.st_dev), UInt(info.st_ino))
  }
}

/// - Throws: where something that is no folder stands where the output is to go.
package func requireFolder(_ path: String) throws {
  if let kind = File.kind(path), kind != .folder {
    throw Failure(.files, "\(path): is a file; the output is a folder")
  }
}
