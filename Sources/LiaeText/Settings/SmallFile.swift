// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// Files of settings, which people write.
package enum SmallFile {
  private static let limit = 1 << 20

  package static func read(_ path: String) throws(LiaeError) -> [UInt8] {
    let file = try Bytes.map(path: path)
    guard file.count <= limit else {
      throw LiaeError(.limitExceeded, "\(path): has \(file.count) bytes; at most \(limit) are read")
    }
    return withExtendedLifetime(file) { Array(file.raw) }
  }
}
