// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// A path that may hold a model, looked at once: a folder, or an open file whose format its first bytes tell. Readers of
/// checkpoints and of packed weights take it as it is, so that nobody opens the path a second time.
package struct CheckpointFile: Sendable {
  package enum Content: Sendable {
    case folder
    case file(FormatSniffer, File)
  }

  package let path: String
  package let content: Content

  /// Looks what stands at the path, and opens it where it is a file.
  ///
  /// - Throws: `fileNotFound`, `inputOutput`.
  package init(path: String) throws(LiaeError) {
    self.path = path
    guard File.kind(path) != .folder else {
      content = .folder
      return
    }
    let file = try File(reading: path)
    content = .file(FormatSniffer.sniff(try file.prefix(FormatSniffer.bytes)), file)
  }

  /// A file of packed weights; nil where it holds anything else.
  package var packedWeights: File? {
    if case .file(.packedWeights, let file) = content { file } else { nil }
  }
}
