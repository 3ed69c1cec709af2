// SPDX-License-Identifier: Apache-2.0
import Glibc

/// An open file. Closed when the object goes.
package final class File {
  package let path: String
  let descriptor: Int32

  package init(reading path: String) throws(LiaeError) {
    // Without O_NONBLOCK a pipe that nobody writes into would be waited for before it can be refused.
    descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    self.path = path
    guard descriptor >= 0 else { throw openError(path, errno) }
    var info = stat()
    guard fstat(descriptor, &info) == 0, info.st_mode & S_IFMT == S_IFREG else {
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

  /// What stands at `path`, or nil.
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

  /// Writes the whole file or nothing: into a temporary file beside it, then renames it over `path`.
  ///
  /// - Parameter replacing: without it, a file that is already there is an error (`fileExists`) and stays.
  package static func writeAtomically(
    _ path: String, replacing: Bool, _ body: (borrowing Writer) throws(LiaeError) -> Void
  ) throws(LiaeError) {
    if !replacing, kind(path) != nil {
      throw LiaeError(.fileExists, "\(path): exists already; --force replaces it")
    }
    // Nobody else's, be it another thread or, in a folder that machines share, another process of the same number.
    var temporary = temporaryPath(path)
    var descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    var attempts = 0
    while descriptor < 0, errno == EEXIST, attempts < 1000 {
      attempts += 1
      temporary = temporaryPath(path, ending: "-\(attempts)")
      descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    }
    guard descriptor >= 0 else { throw writeError(path, errno) }
    do throws(LiaeError) { try body(Writer(descriptor: descriptor, path: path)) } catch {
      close(descriptor)
      unlink(temporary)
      throw error
    }
    guard close(descriptor) == 0 else {
      let code = errno
      unlink(temporary)
      throw writeError(path, code)
    }
    guard rename(temporary, path) == 0 else {
      let code = errno
      unlink(temporary)
      throw writeError(path, code)
    }
  }

  /// The same of bytes that are there already.
  package static func writeAtomically(_ path: String, replacing: Bool, _ bytes: Bytes) throws(LiaeError) {
    defer { withExtendedLifetime(bytes) {} }
    try writeAtomically(path, replacing: replacing) { (writer) throws(LiaeError) in try writer.write(bytes.raw) }
  }

  /// The same of text, as UTF-8.
  package static func writeAtomically(_ path: String, replacing: Bool, text: String) throws(LiaeError) {
    let bytes = Array(text.utf8)
    try writeAtomically(path, replacing: replacing) { (writer) throws(LiaeError) in try writer.write(bytes) }
  }

  /// Takes the bytes of a file that is being written.
  package struct Writer: ~Copyable {
    let descriptor: Int32
    let path: String

    package func write(_ bytes: UnsafeRawBufferPointer) throws(LiaeError) {
      var rest = bytes
      while !rest.isEmpty {
        // In pieces, so that a call that is cancelled ends soon.
        try CallScope.check()
        let n = Glibc.write(descriptor, rest.baseAddress, min(rest.count, 1 << 24))
        if n < 0 {
          if errno == EINTR { continue }
          throw writeError(path, errno)
        }
        rest = UnsafeRawBufferPointer(rebasing: rest[n...])
      }
    }

    /// Waits until what was written is on the disk.
    package func synchronize() throws(LiaeError) {
      try CallScope.check()
      guard fdatasync(descriptor) == 0 else { throw writeError(path, errno) }
    }

    package func write(_ bytes: [UInt8]) throws(LiaeError) {
      try bytes.withUnsafeBufferPointer { (buffer) throws(LiaeError) in try write(UnsafeRawBufferPointer(buffer)) }
    }
  }
}

/// What the system says of an error number.
package func systemMessage(_ code: Int32) -> String { String(cString: strerror(code)) }

private func openError(_ path: String, _ code: Int32) -> LiaeError {
  if code == ENOMEM { return LiaeError(.outOfMemory, "\(path): cannot be opened: out of memory") }
  return code == ENOENT || code == ENOTDIR
    ? LiaeError(.fileNotFound, "\(path): no such file or folder")
    : LiaeError(.inputOutput, "\(path): cannot be opened: \(systemMessage(code))")
}

/// What a failed attempt to make or write a file is called.
func writeError(_ path: String, _ code: Int32) -> LiaeError {
  if code == ENOMEM { return LiaeError(.outOfMemory, "\(path): cannot be written: out of memory") }
  return code == ENOENT || code == ENOTDIR
    ? LiaeError(.fileNotFound, "\(path): cannot be written: its folder does not exist")
    : LiaeError(.inputOutput, "\(path): cannot be written: \(systemMessage(code))")
}
