// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeGraph
import LiaeSystem

/// Inputs of an ONNX graph: a square picture, and for AMP the morph value.
struct GraphInput {
  /// Name of the input that is the picture.
  let picture: String
  /// Side, pixels.
  let resolution: Int
  /// (N, R, R, 3), as DeepFaceLab has it; else (N, 3, R, R), as PyTorch does.
  let isChannelsLast: Bool
  /// Images; 1 if the file leaves it open.
  let batch: Int
  let morph: (name: String, shape: [Int])?

  /// - Throws: `unknownArchitecture` for other inputs than these, `shapeMismatch` for a picture of another shape.
  init(_ inputs: [ONNXModel.ValueInfo], file: String) throws(LiaeError) {
    func isScalar(_ input: ONNXModel.ValueInfo) -> Bool { input.shape == [] || input.shape == [.fixed(1)] }
    let pictures = inputs.count == 1 ? inputs : inputs.filter { !isScalar($0) }
    guard pictures.count == 1, let input = pictures.first, inputs.count <= 2 else {
      throw LiaeError(
        .unknownArchitecture,
        "\(file): \(inputs.count) inputs (\(inputs.prefix(8).map(\.name).joined(separator: ", "))); expected a picture, and for AMP a morph value"
      )
    }
    let range = Architecture.resolutionRange
    let sizes = (input.shape ?? []).map { if case .fixed(let size) = $0, size > 0 { size } else { 0 } }
    let isLast = sizes.count == 4 && sizes[3] == 3 && sizes[1] == sizes[2]
    guard isLast || sizes.count == 4 && sizes[1] == 3 && sizes[2] == sizes[3], range.contains(sizes[2]) else {
      let shape = sizes.map { $0 == 0 ? "?" : "\($0)" }.joined(separator: ", ")
      throw LiaeError(
        .shapeMismatch,
        "\(file): input \(input.name) has shape (\(shape)); expected (N, R, R, 3) or (N, 3, R, R), R from \(range.lowerBound) to \(range.upperBound)"
      )
    }
    (picture, resolution, isChannelsLast, batch) = (input.name, sizes[2], isLast, max(1, sizes[0]))
    morph = inputs.first { $0.name != input.name }.map { ($0.name, [Int](repeating: 1, count: $0.shape?.count ?? 0)) }
  }
}
