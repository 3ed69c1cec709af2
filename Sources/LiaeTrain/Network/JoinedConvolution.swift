// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// The parameters of a convolution that computes several layers at once: the heads of a decoder with `d`.
///
/// They are copies of the layers' parameters, made anew whenever the convolution runs; gradients go back to the layers. A
/// smaller kernel stands in the middle of the largest, between zeros.
final class JoinedConvolution {
  let weight, bias: Parameter
  private let layers: [(weight: Parameter, bias: Parameter)]

  /// - Parameters:
  ///   - layers: weights (kernel, kernel, in, out) and biases, in the order of the output channels.
  ///   - kernel: the largest.
  ///   - groups: 4 where a depth-to-space follows.
  /// - Throws: `outOfMemory`.
  init(_ name: String, _ layers: [(weight: Parameter, bias: Parameter)], kernel: Int, groups: Int)
    throws(LiaeError)
  {
    let outputs = layers.reduce(0) { $0 + $1.bias.count }
    weight = try Parameter(
      name: "\(name).weight", shape: [kernel, kernel, layers.first.map { $0.weight.shape[2] } ?? 0, outputs],
      groups: groups)
    bias = try Parameter(name: "\(name).bias", shape: [outputs])
    self.layers = layers
  }

  /// Copies the layers' weights, and records on `tape` that their gradients are added to those of the layers.
  func update(on tape: Tape) {
    weight.isTrained = layers.contains { $0.weight.isTrained }
    (weight.hasGradient, bias.hasGradient) = (false, false)
    weight.value.update(repeating: 0, count: weight.count)
    forEach { layer, from, to in weight.value[to] = layers[layer].weight.value[from] }
    forEachBias { layer, from, to in bias.value[to] = layers[layer].bias.value[from] }
    // Recorded before the convolution, and thus run after the convolution's own backward pass.
    tape.onBackward { [self] () throws(LiaeError) in
      guard weight.hasGradient else { return }
      let gradients = layers.map { ($0.weight.gradientToAdd(), $0.bias.gradientToAdd()) }
      forEach { layer, to, from in gradients[layer].0[to] += weight.gradient[from] }
      forEachBias { layer, to, from in gradients[layer].1[to] += bias.gradient[from] }
      // If the convolution ran twice, the other evaluation has a record of its own.
      (weight.hasGradient, bias.hasGradient) = (false, false)
    }
  }

  /// Calls `body` with the index of a layer, of an element of its weight and of the same element of the joined weight.
  private func forEach(_ body: (_ layer: Int, _ element: Int, _ joined: Int) -> Void) {
    guard let joined = weight.layout else { return }
    let kernel = weight.shape[0]
    var first = 0
    for (index, layer) in layers.enumerated() {
      guard let layout = layer.weight.layout else { continue }
      let small = layer.weight.shape[0], border = (kernel - small) / 2
      for tap in 0..<layout.taps {
        let to = (tap / small + border) * kernel + tap % small + border
        for i in 0..<layout.inputs {
          for c in 0..<layout.outputs {
            body(
              index, layout.place(tap: tap, input: i, output: c), joined.place(tap: to, input: i, output: first + c))
          }
        }
      }
      first += layout.outputs
    }
  }

  private func forEachBias(_ body: (_ layer: Int, _ element: Int, _ joined: Int) -> Void) {
    var first = 0
    for (index, layer) in layers.enumerated() {
      for c in 0..<layer.bias.count { body(index, c, first + c) }
      first += layer.bias.count
    }
  }
}
