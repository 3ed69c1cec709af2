// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The place to which a file is to be written: behind the links that its path leads through, and what stands there
/// already.
struct WriteTarget: Sendable {
  /// The path as the user named it, for messages.
  let path: String
  /// The same behind all symbolic links.
  let place: String
  /// The permissions of the file that is replaced; nil where there is none.
  let permissions: mode_t?
  /// A character device or a FIFO.
  let isStream: Bool
  private let owner: (user: uid_t, group: gid_t)

  /// - Throws: `inputOutput` for a folder, a socket, a block device, and links in a circle; `fileNotFound` for a folder
  ///   that is not there.
  init(_ path: String) throws(LiaeError) {
    self.path = path
    var info = stat()
    guard stat(path, &info) == 0 else {
      guard errno == ENOENT else { throw writeError(path, errno) }
      place = try Self.follow(path)
      (permissions, isStream, owner) = (nil, false, (0, 0))
      return
    }
    func refuse(_ what: String) -> LiaeError { LiaeError(.inputOutput, "\(path): cannot be written: it is \(what)") }
    switch info.st_mode & S_IFMT {
    case S_IFREG:
      (isStream, permissions) = (false, info.st_mode & 0o777)
      place = try Self.follow(path)
      var found = stat()
      guard stat(place, &found) == 0, found.st_ino == info.st_ino, found.st_dev == info.st_dev else {
        throw refuse("behind a link that cannot be followed")
      }
    case S_IFCHR, S_IFIFO: (place, isStream, permissions) = (path, true, nil)
    case S_IFDIR: throw refuse("a folder")
    case S_IFBLK: throw refuse("a block device")
    default: throw refuse("no file")
    }
    owner = (info.st_uid, info.st_gid)
  }

  /// The path that symbolic links lead to, which need not be there.
  private static func follow(_ path: String) throws(LiaeError) -> String {
    var place = path
    var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
    // As many as the system follows.
    for _ in 0..<40 {
      let count = buffer.withUnsafeMutableBytes { bytes in
        bytes.baseAddress.map { readlink(place, $0.assumingMemoryBound(to: CChar.self), bytes.count) } ?? -1
      }
      guard count >= 0 else { return place }
      let target = String(decoding: buffer[..<count], as: UTF8.self)
      place = target.hasPrefix("/") ? target : "\(folder(of: place))/\(target)"
    }
    throw writeError(path, ELOOP)
  }

  private static func folder(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// Gives a new file the owner and the permissions of the one that it replaces, as far as the system allows that.
  func adopt(_ descriptor: Int32) {
    guard let permissions else { return }
    _ = fchown(descriptor, owner.user, owner.group)
    _ = fchmod(descriptor, permissions)
  }

  /// Writes to a device or a FIFO.
  ///
  /// - Throws: `inputOutput`, also for a FIFO that nobody reads: waiting for a reader could be for ever.
  @inline(never)  // Swift 6.3 ends when it inlines it.
  func writeDirectly(_ body: (borrowing File.Writer) throws(LiaeError) -> Void) throws(LiaeError) {
    let descriptor = open(place, O_WRONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    guard descriptor >= 0 else {
      throw errno == ENXIO
        ? LiaeError(.inputOutput, "\(path): cannot be written: nobody reads from it") : writeError(path, errno)
    }
    _ = fcntl(descriptor, F_SETFL, O_WRONLY)
    do throws(LiaeError) { try body(File.Writer(descriptor: descriptor, path: path)) } catch {
      close(descriptor)
      throw error
    }
    guard close(descriptor) == 0 || errno == EINTR else { throw writeError(path, errno) }
  }

  /// Brings the names in the target's folder to disk. File systems that cannot do that are left alone.
  func syncFolder() throws(LiaeError) {
    let descriptor = open(Self.folder(of: place), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    // A folder may be written to and not read.
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    guard fsync(descriptor) != 0, errno != EINVAL, errno != ENOTSUP, errno != EROFS else { return }
    throw writeError(path, errno)
  }

  /// Names that lie in the same folder.
  var folder: String { Self.folder(of: place) }
}
