// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeImageIO
import LiaeSystem

/// A folder of rendered frames with known landmarks, and the true swap of each: the same frames with another person.
package struct RenderedSequence {
  /// The folders of the files: `00001.png` and so on in both.
  package struct Files: Sendable {
    package var framesFolder: String
    package var truthFolder: String
    /// A landmarks file (docs/landmarks.md).
    package var landmarks: String

    package init(framesFolder: String, truthFolder: String, landmarks: String) {
      (self.framesFolder, self.truthFolder, self.landmarks) = (framesFolder, truthFolder, landmarks)
    }
  }

  /// Renders and writes the files; the folders are there already.
  ///
  /// - Parameters:
  ///   - side: of the frames, pixels, 16...4096.
  ///   - replacing: whether files that are there already are replaced; else they are an error, `fileExists`.
  package static func write(_ files: Files, frames count: Int, side: Int, replacing: Bool) throws(LiaeError) {
    let faces = try RenderedFaces(width: side, height: side)
    let source = try Head(.a)
    var lines = ["# Faces of rendered frames: docs/landmarks.md"]
    let batch = WriteBatch()
    try batch.finishing { () throws(LiaeError) in
      for index in 0..<max(0, count) {
        let number = String(index + 1)
        let name = String(repeating: "0", count: max(0, 5 - number.count)) + number + ".png"
        let frame = try faces.frame(index)
        // A rendering is no work of a model: no provenance.
        try frame.picture.writePNG(
          to: "\(files.framesFolder)/\(name)", provenance: nil, replacing: replacing, in: batch)
        try faces.frame(index, of: source).picture
          .writePNG(to: "\(files.truthFolder)/\(name)", provenance: nil, replacing: replacing, in: batch)
        lines.append(LandmarksFile.line(frame: .name(name), points: frame.landmarks))
      }
    }
    try File.writeAtomically(files.landmarks, replacing: replacing, text: lines.joined(separator: "\n") + "\n")
  }
}
