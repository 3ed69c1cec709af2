// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// Files of settings, which people write.
package enum SmallFile {
  private static let limit = 1 << 20

  package static func read(_ path: String) throws(LiaeError) -> [UInt8] {
    let file = try File(reading: path)
    let length = try file.length()
    guard length <= limit else {
      throw LiaeError(.limitExceeded, "\(path): has \(length) bytes; at most \(limit) are read")
    }
    let bytes = try Bytes.read(file)
    return withExtendedLifetime(bytes) { Array(bytes.raw) }
  }
}
