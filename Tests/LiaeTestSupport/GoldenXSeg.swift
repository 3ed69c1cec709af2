// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeSystem

/// An XSeg network of a golden set, in its checkpoint or in its export, and what DeepFaceLab's code computes in float64.
package struct GoldenXSeg: Sendable, CustomStringConvertible {
  package let network: GoldenNetwork
  /// The `.onnx`; nil: the checkpoint.
  package let file: String?

  package init(network: GoldenNetwork, file: String? = nil) { (self.network, self.file) = (network, file) }

  package var description: String { file.map { "\(network)/\($0)" } ?? network.description }

  /// Every XSeg network of the chosen set, and every export of one.
  package static let all = GoldenNetwork.xseg.flatMap { network in
    [GoldenXSeg(network: network, file: nil)]
      + network.files.filter { $0.hasSuffix(".onnx") }.map { GoldenXSeg(network: network, file: $0) }
  }

  package func model() throws(LiaeError) -> Model {
    if let file { return try network.model(file) }
    return try network.model()
  }

  /// Faces, (H, W, 3) in 0...1, blue first.
  package func faces() throws -> [[Float]] {
    guard let faces = try network.arrays()["input_u8"] else { throw NPZ.Malformed(what: "\(self): no input_u8") }
    return (0..<faces.shape[0]).map { faces.item($0).map { $0 / 255 } }
  }

  /// The logits of both faces, every `stride`-th row and column of `side` pixels.
  package func logits() throws -> [(values: [Float], stride: Int)] {
    let arrays = try network.arrays()
    guard let first = arrays["logits"], let second = arrays["logits_second_stride4"] else {
      throw NPZ.Malformed(what: "\(self): no logits")
    }
    return [(first.item(0), 1), (second.item(0), 4)]
  }

  /// The tolerances of a mask, and of its logits, in float32.
  package static let (maskTolerance, logitTolerance) = (3e-4, 1.5e-3)
  /// The tolerance of a value within the network, in float32.
  package static let tolerance = 2e-4

  /// Every `stride`-th row and column of a square picture of `channels` channels, in the order row, column, channel.
  package static func strided(_ values: [Float], side: Int, channels: Int = 1, stride: Int) -> [Float] {
    Swift.stride(from: 0, to: side, by: stride).flatMap { y in
      Swift.stride(from: 0, to: side, by: stride).flatMap { x in
        let pixel = (y * side + x) * channels
        return values[pixel..<pixel + channels]
      }
    }
  }
}
