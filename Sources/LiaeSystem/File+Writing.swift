// SPDX-License-Identifier: Apache-2.0
import Glibc

extension File {
  /// Writes the whole file or nothing, also where the power fails: into a temporary file beside it, which is brought to
  /// disk and renamed over the place of `path`.
  ///
  /// A symbolic link stays, and what it leads to is replaced. The permissions of a file that is replaced are kept, and
  /// its owner where that is allowed; access lists and extended attributes are not. A character device or a FIFO that
  /// somebody reads is written to directly.
  ///
  /// - Parameters:
  ///   - replacing: without it, a file that is already there is an error (`fileExists`) and stays.
  ///   - batch: takes the file, which has its name once the batch is finished; nil: it has it at the end of this call.
  /// - Throws: `fileExists`, `inputOutput`, `fileNotFound` for a folder that is not there, and what `body` throws.
  package static func writeAtomically(
    _ path: String, replacing: Bool, in batch: WriteBatch? = nil, _ body: (borrowing Writer) throws(LiaeError) -> Void
  ) throws(LiaeError) {
    if !replacing, kind(path) != nil {
      throw LiaeError(.fileExists, "\(path): exists already; --force replaces it")
    }
    let target = try WriteTarget(path)
    if target.isStream { return try target.writeDirectly(body) }
    let file = try UnnamedFile(target)
    try file.write(body)
    if let batch { batch.add(file) } else { try file.settle() }
  }

  /// The same of bytes that are there already.
  package static func writeAtomically(
    _ path: String, replacing: Bool, in batch: WriteBatch? = nil, _ bytes: Bytes
  ) throws(LiaeError) {
    defer { withExtendedLifetime(bytes) {} }
    try writeAtomically(path, replacing: replacing, in: batch) { (writer) throws(LiaeError) in
      try writer.write(bytes.raw)
    }
  }

  /// The same of text, as UTF-8.
  package static func writeAtomically(
    _ path: String, replacing: Bool, in batch: WriteBatch? = nil, text: String
  ) throws(LiaeError) {
    let bytes = Array(text.utf8)
    try writeAtomically(path, replacing: replacing, in: batch) { (writer) throws(LiaeError) in try writer.write(bytes) }
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
        let (n, code) = writeWithoutSignals(descriptor, rest.baseAddress, min(rest.count, 1 << 24))
        if n < 0 {
          if code == EINTR { continue }
          throw writeError(path, code)
        }
        // It would be zero for ever.
        if n == 0 { throw LiaeError(.inputOutput, "\(path): cannot be written: the system takes no more bytes") }
        rest = UnsafeRawBufferPointer(rebasing: rest[n...])
      }
    }

    package func write(_ bytes: [UInt8]) throws(LiaeError) {
      try bytes.withUnsafeBufferPointer { (buffer) throws(LiaeError) in try write(UnsafeRawBufferPointer(buffer)) }
    }
  }
}

/// A finished file that has not its name yet.
struct UnnamedFile: Sendable {
  let descriptor: Int32
  let target: WriteTarget
  private let temporary: String

  init(_ target: WriteTarget) throws(LiaeError) {
    self.target = target
    // Nobody else's, be it another thread or, in a folder that machines share, another process of the same number.
    var temporary = File.temporaryPath(target.place)
    let flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC
    var descriptor = open(temporary, flags, target.permissions ?? 0o666)
    var attempts = 0
    while descriptor < 0, errno == EEXIST, attempts < 1000 {
      attempts += 1
      temporary = File.temporaryPath(target.place, ending: "-\(attempts)")
      descriptor = open(temporary, flags, target.permissions ?? 0o666)
    }
    guard descriptor >= 0 else { throw writeError(target.path, errno) }
    (self.descriptor, self.temporary) = (descriptor, temporary)
    target.adopt(descriptor)
  }

  /// Takes a file that another program has written.
  init(_ target: WriteTarget, written temporary: String) throws(LiaeError) {
    descriptor = open(temporary, O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw writeError(target.path, errno) }
    (self.target, self.temporary) = (target, temporary)
    target.adopt(descriptor)
  }

  /// - Throws: what `body` throws; then the temporary file is gone.
  @inline(never)  // Swift 6.3 ends when it inlines it.
  func write(_ body: (borrowing File.Writer) throws(LiaeError) -> Void) throws(LiaeError) {
    do throws(LiaeError) { try body(File.Writer(descriptor: descriptor, path: target.path)) } catch {
      discard()
      throw error
    }
  }

  /// Begins to bring what was written to disk, and waits for nothing: Linux writes pages that are not needed.
  func beginToSettle() { posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED) }

  /// Brings it to disk, and gives it its name, which is on the disk too at the end unless it is one of a batch.
  ///
  /// - Throws: `inputOutput`, `fileNotFound`; then the temporary file is gone, and what was there before stays.
  func settle(syncsFolder: Bool = true) throws(LiaeError) {
    guard fdatasync(descriptor) == 0 else { throw failure(errno) }
    // The descriptor is gone, whatever close says; EINTR says nothing of the file.
    guard close(descriptor) == 0 || errno == EINTR else { throw unlinked(errno) }
    guard rename(temporary, target.place) == 0 else { throw unlinked(errno) }
    if syncsFolder { try target.syncFolder() }
  }

  func discard() {
    close(descriptor)
    unlink(temporary)
  }

  private func failure(_ code: Int32) -> LiaeError {
    discard()
    return writeError(target.path, code)
  }

  private func unlinked(_ code: Int32) -> LiaeError {
    unlink(temporary)
    return writeError(target.path, code)
  }
}

/// Returns the error of a failed attempt to make or write a file.
func writeError(_ path: String, _ code: Int32) -> LiaeError {
  if code == ENOMEM { return LiaeError(.outOfMemory, "\(path): cannot be written: out of memory") }
  return code == ENOENT || code == ENOTDIR
    ? LiaeError(.fileNotFound, "\(path): cannot be written: its folder does not exist")
    : LiaeError(.inputOutput, "\(path): cannot be written: \(systemMessage(code))")
}
