// SPDX-License-Identifier: Apache-2.0
import Glibc

extension File {
  /// Takes a file away; one that is not there is no error.
  package static func remove(_ path: String) throws(LiaeError) {
    guard unlink(path) != 0, errno != ENOENT else { return }
    throw LiaeError(.inputOutput, "\(path): cannot be removed: \(systemMessage(errno))")
  }

  /// Takes away the file that is to be written anew, behind the links that lead to it, which stay. What is not there, a
  /// device and a FIFO are left alone.
  ///
  /// - Throws: `inputOutput`, also for what cannot be written to, such as a folder.
  package static func removeContent(_ path: String) throws(LiaeError) {
    let target = try WriteTarget(path)
    if target.permissions != nil { try remove(target.place) }
  }

  /// Takes a folder away if it is empty. One that is not there, or holds anything, is no error.
  package static func removeEmptyFolder(_ path: String) throws(LiaeError) {
    guard rmdir(path) != 0, ![ENOENT, ENOTEMPTY, EEXIST].contains(errno) else { return }
    throw LiaeError(.inputOutput, "\(path): the folder cannot be removed: \(systemMessage(errno))")
  }

  /// Gives a file a second name, which keeps what it holds now when a new file takes over the first name. On file
  /// systems without such links it is a copy.
  ///
  /// - Throws: `fileExists`; `inputOutput`, `fileNotFound`.
  package static func keep(_ path: String, as name: String) throws(LiaeError) {
    if link(path, name) == 0 { return }
    if errno == EEXIST { throw LiaeError(.fileExists, "\(name): exists already") }
    try writeAtomically(name, replacing: false, Bytes.read(path: path))
  }
}

extension File {
  /// The file's name without its folder and its ending: `b` of `a/b.png`, `.b` of `.b`.
  package static func stem(_ path: String) -> String {
    let name = path.split(separator: "/").last.map(String.init) ?? path
    guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return name }
    return String(name[..<dot])
  }

  /// The folder in which a path's last part stands: `a` of `a/b.png`, `.` of `b.png`, `/` of `/b.png`.
  package static func folder(_ path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// - Throws: `inputOutput` where something that is no folder stands where a folder is to be written.
  package static func requireFolder(_ path: String) throws(LiaeError) {
    if let kind = kind(path), kind != .folder {
      throw LiaeError(.inputOutput, "\(path): is a file; the output is a folder")
    }
  }

  /// Returns a temporary path to which another program is to write what becomes the file `path`, and which `place`
  /// names: beside what links lead to.
  ///
  /// - Throws: `inputOutput` for devices, FIFOs and folders.
  package static func temporaryPlace(_ path: String) throws(LiaeError) -> String {
    let target = try WriteTarget(path)
    guard !target.isStream else {
      throw LiaeError(.inputOutput, "\(path): is no file, and what is written there is not written in one go")
    }
    return temporaryPath(target.place)
  }

  /// Gives a file whose bytes are on the disk another name, replacing what has it, and brings the name to disk.
  ///
  /// - Throws: `inputOutput`, `fileNotFound`.
  package static func move(_ path: String, to name: String) throws(LiaeError) {
    guard rename(path, name) == 0 else { throw writeError(name, errno) }
    try WriteTarget(name).syncFolder()
  }

  /// Brings a finished file to disk and gives it its name, as `writeAtomically` does.
  ///
  /// - Parameter temporary: `temporaryPlace` of the same path. Gone where this throws.
  /// - Throws: `inputOutput`, `fileNotFound`.
  package static func place(_ temporary: String, at path: String) throws(LiaeError) {
    try UnnamedFile(WriteTarget(path), written: temporary).settle()
  }
}

/// Device and inode: the same for two names of one file.
package struct FileIdentity: Hashable, Sendable {
  private let device: UInt
  private let inode: UInt

  /// Returns nil where there is no such file.
  package init?(_ path: String) {
    var info = stat()
    guard stat(path, &info) == 0 else { return nil }
    (device, inode) = (UInt(info.st_dev), UInt(info.st_ino))
  }
}
