// SPDX-License-Identifier: Apache-2.0
import Glibc

extension File {
  /// A name beside `path` for what is to become that file, of this process alone.
  ///
  /// - Parameter ending: of the name, for programs that take the format from it.
  package static func temporaryPath(_ path: String, ending: String = "") -> String { "\(path).tmp\(getpid())\(ending)" }

  /// Tells whether `name` is exactly what `writeAtomically` calls a temporary file of `whole`: `.tmp`, the number of
  /// the process, and from the second try on `-` and the number of the try. Names are compared byte for byte: two that
  /// only look alike are two files.
  package static func isTemporary(_ name: String, of whole: String) -> Bool { process(name, whole) != nil }

  /// Tells whether `name` is that of a temporary file of `whole`, and the process that made it has ended.
  ///
  /// To be asked before this process writes such a file: one of its own number is that of an earlier process, as in
  /// containers, where each has the same.
  package static func isAbandonedTemporary(_ name: String, of whole: String) -> Bool {
    guard let process = process(name, whole) else { return false }
    return process == getpid() || !isAlive(process)
  }

  /// The number of the process in the name of a temporary file of `whole`; nil for any other name.
  private static func process(_ name: String, _ whole: String) -> Int32? {
    let prefix = Array("\(whole).tmp".utf8), bytes = Array(name.utf8)
    guard bytes.starts(with: prefix) else { return nil }
    let parts = bytes.dropFirst(prefix.count).split(
      separator: UInt8(ascii: "-"), maxSplits: 1, omittingEmptySubsequences: false)
    guard let process = parts.first.flatMap(number), parts.count < 2 || number(parts[1]) != nil else { return nil }
    return process
  }

  /// Digits without leading zeros as a number.
  private static func number(_ digits: ArraySlice<UInt8>) -> Int32? {
    guard let first = digits.first, (0x31...0x39).contains(first), digits.allSatisfy({ (0x30...0x39).contains($0) })
    else { return nil }
    return Int32(String(decoding: digits, as: UTF8.self))
  }

  /// Tells whether there is a process of this number, whoever's it is.
  private static func isAlive(_ process: Int32) -> Bool { kill(process, 0) == 0 || errno == EPERM }
}
