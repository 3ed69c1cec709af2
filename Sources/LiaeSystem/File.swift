// SPDX-License-Identifier: Apache-2.0
import Glibc

/// An open file that is read. Closed when the object goes.
package final class File: Sendable {
  package let path: String
  let descriptor: Int32

  package init(reading path: String) throws(LiaeError) {
    // Without O_NONBLOCK a pipe that nobody writes into would be waited for before it can be refused.
    descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    self.path = path
    guard descriptor >= 0 else { throw openError(path, errno) }
    var info = stat()
    guard fstat(descriptor, &info) == 0 else { throw openError(path, errno) }
    guard info.st_mode & S_IFMT == S_IFREG else {
      let what = info.st_mode & S_IFMT == S_IFDIR ? "is a folder, not a file" : "is not a regular file"
      throw LiaeError(.inputOutput, "\(path): \(what)")
    }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  package func length() throws(LiaeError) -> Int {
    var info = stat()
    guard fstat(descriptor, &info) == 0 else { throw openError(path, errno) }
    return Int(info.st_size)
  }

  package enum Kind: Sendable { case file, folder, other }

  /// Returns what stands at `path`, or nil.
  package static func kind(_ path: String) -> Kind? {
    var info = stat()
    guard stat(path, &info) == 0 else { return nil }
    switch info.st_mode & S_IFMT {
    case S_IFREG: return .file
    case S_IFDIR: return .folder
    default: return .other
    }
  }

  /// The names in a folder, sorted, without `.` and `..`.
  package static func list(_ folder: String) throws(LiaeError) -> [String] {
    guard let stream = opendir(folder) else { throw openError(folder, errno) }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: $0.pointee)) { String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  /// Makes the folder and those above it where they are missing.
  package static func makeFolder(_ path: String) throws(LiaeError) {
    if kind(path) == .folder || path.isEmpty { return }
    if let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")), slash != path.startIndex {
      try makeFolder(String(path[..<slash]))
    }
    guard mkdir(path, 0o777) != 0 else { return }
    let code = errno
    // Somebody else may have made it in between.
    guard code == EEXIST, kind(path) == .folder else {
      let reason = code == EEXIST ? "a file of this name is there" : systemMessage(code)
      throw LiaeError(.inputOutput, "\(path): the folder cannot be made: \(reason)")
    }
  }
}

/// Returns the system's message for an error number.
package func systemMessage(_ code: Int32) -> String { String(cString: strerror(code)) }

func openError(_ path: String, _ code: Int32) -> LiaeError {
  if code == ENOMEM { return LiaeError(.outOfMemory, "\(path): cannot be opened: out of memory") }
  return code == ENOENT || code == ENOTDIR
    ? LiaeError(.fileNotFound, "\(path): no such file or folder")
    : LiaeError(.inputOutput, "\(path): cannot be opened: \(systemMessage(code))")
}
