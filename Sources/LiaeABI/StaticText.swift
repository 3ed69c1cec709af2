// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeTensor
import Synchronization

/// C strings that live as long as the process, each made once.
enum StaticText {
  private static let texts = Mutex(CStringTable())

  static func of(_ text: String) -> UnsafePointer<CChar>? { texts.withLock { UnsafePointer($0.intern(text)) } }
}

/// C strings that live as long as the table, each made once.
struct CStringTable {
  private var strings: [String: Bytes] = [:]

  /// - Returns: nil when there is no memory.
  mutating func intern(_ text: String) -> UnsafeMutablePointer<CChar>? {
    if strings[text] == nil {
      guard let bytes = try? Bytes.allocate(text.utf8.count + 1, for: "a string") else { return nil }
      for (i, byte) in text.utf8.enumerated() { bytes.base.storeBytes(of: byte, toByteOffset: i, as: UInt8.self) }
      strings[text] = bytes
    }
    return strings[text]?.base.assumingMemoryBound(to: CChar.self)
  }
}

/// `invalidHandle` is LIAE_ERROR_INVALID_HANDLE, as liae-headergen writes it.
func cName(of status: Status) -> String {
  var name = ""
  for character in "\(status)" {
    if character.isUppercase { name += "_" }
    name += character.uppercased()
  }
  return status == .ok ? "LIAE_OK" : "LIAE_ERROR_\(name.hasSuffix("_ERROR") ? String(name.dropLast(6)) : name)"
}
