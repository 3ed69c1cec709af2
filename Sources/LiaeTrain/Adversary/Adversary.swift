// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// A network that learns to tell pictures or codes apart, and answers with maps of logits.
package protocol Adversary: AnyObject {
  /// Names as DeepFaceLab's files have them, with dots, behind the scope of the network's variables.
  var parameters: [Parameter] { get }
  func logits(_ x: Tensor, on tape: Tape) throws(LiaeError) -> [Tensor]
}

/// A convolution of an adversary, of the names `NAME.weight` and `NAME.bias`.
struct AdversaryLayer {
  let weight, bias: Parameter
  let kernel, stride: Int

  /// - Parameter isTransposed: whether the weight is (kernel, kernel, out, in).
  init(_ name: String, kernel: Int, stride: Int = 1, inputs: Int, outputs: Int, isTransposed: Bool = false)
    throws(LiaeError)
  {
    weight = try Parameter(
      name: "\(name).weight",
      shape: [kernel, kernel, isTransposed ? outputs : inputs, isTransposed ? inputs : outputs])
    bias = try Parameter(name: "\(name).bias", shape: [outputs])
    (self.kernel, self.stride) = (kernel, stride)
  }

  /// DeepFaceLab's own padding: kernel / 2 on every side.
  func run(_ x: Tensor, slope: Float, on tape: Tape) throws(LiaeError) -> Tensor {
    try tape.convolution(
      x, weight: weight, bias: bias, kernel: kernel, stride: stride,
      padding: kernel % 2 == 0 ? .around(kernel / 2) : .same(before: kernel / 2), slope: slope)
  }

  func runTransposed(_ x: Tensor, slope: Float, on tape: Tape) throws(LiaeError) -> Tensor {
    try tape.transposedConvolution(x, weight: weight, bias: bias, kernel: kernel, stride: stride, slope: slope)
  }

  /// Glorot's uniform distribution, and biases of 0.
  func initialise(_ random: inout SplitMix64) {
    let bound = WeightLayout.convolution(
      kernel: kernel, inputs: weight.shape[2], outputs: weight.shape[3], depthToSpace: false, groups: 1
    ).glorotBound
    weight.initialise { bound * (2 * random.uniform() - 1) }
    bias.value.update(repeating: 0, count: bias.count)
  }
}
