// SPDX-License-Identifier: Apache-2.0
import LiaeCommandLine
import LiaeSystem

/// Where the results of each input go, settled before anything is computed.
struct OutputPlan {
  enum Format: String { case png, npy }
  enum Kind: String { case rgb, mask, destinationMask = "dst_mask" }

  let folder: String
  let format: Format
  let destinationMask: Bool
  let replacing: Bool

  var kinds: [Kind] { destinationMask ? [.rgb, .mask, .destinationMask] : [.rgb, .mask] }

  /// - Throws: where two results would have one name, a result would replace an input, or, unless `replacing`, exists.
  init(inputs: [InputFile], folder: String, format: Format, destinationMask: Bool, replacing: Bool) throws {
    (self.folder, self.format) = (folder, format)
    (self.destinationMask, self.replacing) = (destinationMask, replacing)
    try requireFolder(folder)
    let sources = Dictionary(inputs.compactMap { input in FileIdentity(input.path).map { ($0, input.path) } }) { $1 }
    var owners: [String: String] = [:]
    for input in inputs {
      for path in paths(of: input) {
        if let other = owners.updateValue(input.path, forKey: path) {
          throw Failure(.usage, "\(other) and \(input.path) would both be written as \(path); rename one")
        }
        guard let identity = FileIdentity(path) else { continue }
        if let source = sources[identity] {
          throw Failure(.usage, "\(path): the result of \(input.path) would replace the input \(source)")
        }
        if !replacing { throw Failure(.files, "\(path): exists already; --force replaces it") }
      }
    }
  }

  /// The file of one kind. `index`: which image of a batch, in files that hold one image each.
  func path(_ stem: String, _ kind: Kind, index: Int? = nil) -> String {
    let number = index.map { ".\(String(repeating: "0", count: max(0, 4 - String($0).count)))\($0)" } ?? ""
    return "\(folder)/\(stem)\(number).\(kind.rawValue).\(format.rawValue)"
  }

  private func paths(of input: InputFile) -> [String] {
    guard format == .png, let batch = input.batch else { return kinds.map { path(input.stem, $0) } }
    return (0..<batch).flatMap { index in kinds.map { path(input.stem, $0, index: index) } }
  }
}
