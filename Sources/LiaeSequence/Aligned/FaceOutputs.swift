// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// The files of the results of each input, settled before anything is computed.
package struct FaceOutputs {
  package enum Format: String, CaseIterable, Sendable { case png, npy }
  package enum Kind: String, Sendable {
    case rgb, mask, destinationMask = "dst_mask"
    /// Masks of an XSeg model, of the picture that is returned and of the one that is given.
    case xsegMask = "xseg_mask", xsegDestinationMask = "xseg_dst_mask"
  }

  package let folder: String
  let format: Format
  let destinationMask: Bool
  /// True if the model returns a picture beside the mask. Names are settled before that is known.
  package var rgb = true
  /// True if an XSeg model's masks are written.
  let xseg: Bool
  let replacing: Bool

  /// The kinds of files written for each input.
  package var kinds: [Kind] {
    (rgb ? [.rgb] : []) + [.mask] + (destinationMask ? [.destinationMask] : [])
      + (xseg ? [.xsegMask, .xsegDestinationMask] : [])
  }

  /// - Throws: `invalidArgument` where two results would have one name or a result would replace an input; `fileExists`
  ///   where a result exists, unless `replacing`; `inputOutput` where a file stands in the folder's place.
  package init(
    inputs: [FaceInput], folder: String, format: Format, destinationMask: Bool, xseg: Bool = false, replacing: Bool
  ) throws(LiaeError) {
    (self.folder, self.format, self.xseg) = (folder, format, xseg)
    (self.destinationMask, self.replacing) = (destinationMask, replacing)
    try File.requireFolder(folder)
    let sources = Dictionary(inputs.compactMap { input in FileIdentity(input.path).map { ($0, input.path) } }) { $1 }
    var owners: [String: String] = [:]
    for input in inputs {
      for path in paths(of: input) {
        if let other = owners.updateValue(input.path, forKey: path) {
          throw LiaeError(
            .invalidArgument, "\(other) and \(input.path) would both be written as \(path); rename one")
        }
        guard let identity = FileIdentity(path) else { continue }
        if let source = sources[identity] {
          throw LiaeError(
            .invalidArgument, "\(path): the result of \(input.path) would replace the input \(source)")
        }
        if !replacing { throw LiaeError(.fileExists, "\(path): exists already; --force replaces it") }
      }
    }
  }

  /// The file of one kind. `index`: which image of a batch, in files that hold one image each.
  package func path(_ stem: String, _ kind: Kind, index: Int? = nil) -> String {
    let number = index.map { ".\(String(repeating: "0", count: max(0, 4 - String($0).count)))\($0)" } ?? ""
    return "\(folder)/\(stem)\(number).\(kind.rawValue).\(format.rawValue)"
  }

  private func paths(of input: FaceInput) -> [String] {
    guard format == .png, let batch = input.batch else { return kinds.map { path(input.stem, $0) } }
    return (0..<batch).flatMap { index in kinds.map { path(input.stem, $0, index: index) } }
  }
}
