// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// Tells codes of source faces from codes of destination faces: the `true_face_power` of df. Variables are of the scope
/// `dis`.
///
/// Layers of stride 2, the first of kernel 4 and the others of kernel 3, one more for every 8 pixels of the code's
/// side; 256 channels, twice as many after each layer, 2048 at most. Held against DeepFaceLab for one layer only, which
/// is what codes below 8 pixels have.
package final class CodeDiscriminator: Adversary {
  private let down: [AdversaryLayer]
  private let output: AdversaryLayer
  private static let slope: Float = 0.1

  /// - Throws: `outOfMemory`.
  init(channels: Int, side: Int, seed: UInt64) throws(LiaeError) {
    var (inputs, down): (Int, [AdversaryLayer]) = (channels, [])
    for i in 0..<1 + side / 8 {
      let outputs = 256 * min(1 << i, 8)
      down.append(
        try AdversaryLayer("dis.convs.\(i)", kernel: i == 0 ? 4 : 3, stride: 2, inputs: inputs, outputs: outputs))
      inputs = outputs
    }
    self.down = down
    output = try AdversaryLayer("dis.out_conv", kernel: 1, inputs: inputs, outputs: 1)
    var random = SplitMix64(state: seed)
    for layer in down + [output] { layer.initialise(&random) }
  }

  package var parameters: [Parameter] { (down + [output]).flatMap { [$0.weight, $0.bias] } }

  package func logits(_ x: Tensor, on tape: Tape) throws(LiaeError) -> [Tensor] {
    var x = x
    for layer in down { x = try layer.run(x, slope: Self.slope, on: tape) }
    return [try output.run(x, slope: 1, on: tape)]
  }
}
