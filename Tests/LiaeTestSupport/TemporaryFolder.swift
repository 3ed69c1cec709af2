// SPDX-License-Identifier: Apache-2.0
import Foundation

/// A folder of its own for one test, deleted with what is in it when the object goes.
package final class TemporaryFolder {
  package let path: String

  package init() throws {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("liae-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    path = url.path
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// The path of `name` inside the folder.
  package func callAsFunction(_ name: String) -> String { "\(path)/\(name)" }
}
