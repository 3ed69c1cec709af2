// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// A path that may hold a model, looked at once: a folder, or a mapped file whose format its first bytes tell. Readers of
/// checkpoints and of packed weights take it as it is, so that nobody opens the path a second time.
package struct CheckpointFile: Sendable {
  package enum Content: Sendable {
    case folder
    case file(FormatSniffer, Bytes)
  }

  package let path: String
  package let content: Content

  /// Looks what stands at the path, and maps it where it is a file.
  ///
  /// - Throws: `fileNotFound`, `inputOutput`.
  package init(path: String) throws(LiaeError) {
    self.path = path
    guard File.kind(path) != .folder else {
      content = .folder
      return
    }
    let bytes = try Bytes.map(path: path)
    content = .file(FormatSniffer.sniff(bytes), bytes)
  }

  /// The bytes of packed weights; nil where it holds anything else.
  package var packedWeights: Bytes? {
    if case .file(.packedWeights, let bytes) = content { bytes } else { nil }
  }
}
