// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// Recognises texts that downloads leave in place of a file: a web page, a server's answer, the pointer of Git LFS.
package enum StrayText {
  /// Returns what the text is and how to get the file, for messages; nil for anything else.
  package static func remark(_ bytes: Bytes) -> String? {
    let mark: [UInt8] = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? [0xef, 0xbb, 0xbf] : []
    let text = bytes.raw[mark.count..<min(bytes.count, 256)].drop { $0 == 0x20 || (0x09...0x0d).contains($0) }
    let start = String(decoding: text.prefix(64), as: UTF8.self).lowercased()
    withExtendedLifetime(bytes) {}
    if ["<!doctype html", "<html", "<head", "<?xml", "<error"].contains(where: start.hasPrefix) {
      return "a web page, which a server sends in place of a file that it does not give; download the file again"
    }
    if start.hasPrefix("version https://git-lfs") {
      return "a pointer of Git LFS, not the file itself; `git lfs pull` gets it"
    }
    if start.hasPrefix("{") || start.hasPrefix("access denied") || start.hasPrefix("not found") {
      return "a text, perhaps a server's answer in place of the file; download the file again"
    }
    return nil
  }
}
