// SPDX-License-Identifier: Apache-2.0
import Glibc
import Synchronization

/// A stretch of a file and the memory that it is read into.
package struct FileStretch: Sendable {
  /// The offset from the file's begin, bytes.
  let offset: Int
  let count: Int
  nonisolated(unsafe) let target: UnsafeMutableRawPointer

  /// - Parameter target: `count` bytes, which live until the stretch is read.
  package init(offset: Int, count: Int, into target: UnsafeMutableRawPointer) {
    (self.offset, self.count, self.target) = (offset, count, target)
  }
}

extension File {
  /// The size and time that tell whether a file was written to.
  private struct Revision: Equatable { let size, seconds, nanoseconds: Int }

  private func revision() throws(LiaeError) -> Revision {
    var info = stat()
    guard fstat(descriptor, &info) == 0 else { throw openError(path, errno) }
    return Revision(size: Int(info.st_size), seconds: info.st_mtim.tv_sec, nanoseconds: info.st_mtim.tv_nsec)
  }

  /// The first bytes of the file, at most `count`.
  package func prefix(_ count: Int) throws(LiaeError) -> Bytes {
    try read(offset: 0, count: min(count, length()))
  }

  /// A stretch of the file, on memory of its own.
  ///
  /// - Throws: `inputOutput` where it ends past the end of the file; `outOfMemory`.
  package func read(offset: Int, count: Int) throws(LiaeError) -> Bytes {
    let length = try self.length()
    guard offset >= 0, count >= 0, let end = CheckedSize.sum(offset, count), end <= length else {
      throw ended(at: length)
    }
    let bytes = try Bytes.allocateUnfilled(count, for: path)
    try read([FileStretch(offset: offset, count: count, into: bytes.base)])
    return bytes
  }

  /// Reads stretches of the file, large ones in pieces by several threads.
  ///
  /// - Throws: `inputOutput` where the disk fails, or the file ends before a stretch does, or is changed meanwhile.
  package func read(_ stretches: [FileStretch]) throws(LiaeError) {
    let before = try revision()
    var pieces: [FileStretch] = []
    var total = 0
    for stretch in stretches {
      guard stretch.offset >= 0, stretch.count >= 0, let end = CheckedSize.sum(stretch.offset, stretch.count),
        end <= before.size
      else { throw ended(at: before.size) }
      total += stretch.count
      for start in Swift.stride(from: 0, to: stretch.count, by: Self.pieceBytes) {
        pieces.append(
          FileStretch(
            offset: stretch.offset + start, count: min(Self.pieceBytes, stretch.count - start),
            into: stretch.target + start))
      }
    }
    // Threads take longer to start than little takes to read; without them it is read all the same.
    let workers = total < Self.parallelBytes ? 1 : min(4, processorCount())
    if let pool = workers > 1 ? try? ThreadPool(workers: workers) : nil {
      let job = ReadJob(self, pieces)
      withExtendedLifetime(job) {
        pool.run(pieces.count, Unmanaged.passUnretained(job).toOpaque()) { raw, index, _ in
          Unmanaged<ReadJob>.fromOpaque(raw).takeUnretainedValue().read(index)
        }
      }
      if let error = job.error { throw error }
    } else {
      for piece in pieces { try read(piece) }
    }
    // Pieces may have been left out.
    try CallScope.check()
    guard try revision() == before else {
      throw LiaeError(.inputOutput, "\(path): was changed while it was read; try again")
    }
  }

  private static let pieceBytes = 1 << 22
  private static let parallelBytes = 1 << 25

  private func ended(at byte: Int) -> LiaeError {
    LiaeError(.inputOutput, "\(path): ended at byte \(byte) while it was read: somebody cut it off")
  }

  fileprivate func read(_ piece: FileStretch) throws(LiaeError) {
    try CallScope.check()
    var done = 0
    while done < piece.count {
      let n = pread(descriptor, piece.target + done, piece.count - done, off_t(piece.offset + done))
      if n < 0 {
        if errno == EINTR { continue }
        throw LiaeError(.inputOutput, "\(path): cannot be read: \(systemMessage(errno))")
      }
      if n == 0 { throw ended(at: piece.offset + done) }
      done += n
    }
  }
}

/// Pieces of a file that the threads of a pool read.
private final class ReadJob: Sendable {
  private let file: File
  private let pieces: [FileStretch]
  private let first = Mutex<LiaeError?>(nil)

  init(_ file: File, _ pieces: [FileStretch]) { (self.file, self.pieces) = (file, pieces) }

  var error: LiaeError? { first.withLock { $0 } }

  func read(_ index: Int) {
    do throws(LiaeError) { try file.read(pieces[index]) } catch { first.withLock { if $0 == nil { $0 = error } } }
  }
}

extension Bytes {
  /// The whole file at `path`, read into memory of our own.
  ///
  /// - Throws: `fileNotFound`; `inputOutput` where it cannot be read, or is changed meanwhile; `outOfMemory`.
  package static func read(path: String) throws(LiaeError) -> Bytes { try read(File(reading: path)) }

  /// The whole of a file, read into memory of our own.
  ///
  /// - Throws: as `read(path:)`.
  package static func read(_ file: File) throws(LiaeError) -> Bytes {
    let bytes = try allocate(try file.length(), for: file.path)
    try file.read([FileStretch(offset: 0, count: bytes.count, into: bytes.base)])
    return bytes
  }
}

/// Bytes in memory, or a stretch of a file that is read when it is needed.
package enum StoredBytes: Sendable {
  case memory(Bytes)
  case file(File, offset: Int, count: Int)

  package var count: Int {
    switch self {
    case .memory(let bytes): bytes.count
    case .file(_, _, let count): count
    }
  }

  /// - Throws: as `File.read`.
  package func read() throws(LiaeError) -> Bytes {
    switch self {
    case .memory(let bytes): bytes
    case .file(let file, let offset, let count): try file.read(offset: offset, count: count)
    }
  }
}
