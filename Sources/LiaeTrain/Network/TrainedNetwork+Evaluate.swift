// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeSystem

extension TrainedNetwork {
  /// Computes values of the network on a tape, from others that are given.
  ///
  /// A given tensor stands for the value of its name and may hold any number of images. Nodes that only given values
  /// depend on are not computed: `evaluate(["swap.rgb"], given: ["swap.code": x], ...)` runs the decoder alone.
  ///
  /// - Parameters:
  ///   - names: of outputs and of values within the network (`Graph.namedValues`).
  ///   - given: tensors (count, side, side, channels) by such names; without one that leads to the targets, `input`.
  ///   - masks: of amp's `morph.code`: (count, 1, 1, channels), 1 for channels of inter_src and 0 for those of inter_dst.
  /// - Returns: the values in the order of `names`.
  /// - Throws: `unsupported` for a name that the network does not have, for operations that the tape does not have, and
  ///   for a missing input; `invalidArgument` for a tensor of another shape; `outOfMemory`, `cancelled`.
  package func evaluate(
    _ names: [String], given: [String: Tensor], mixing masks: Tensor? = nil, on tape: Tape
  ) throws(LiaeError) -> [Tensor] {
    var targets: [Graph.Value] = []
    for name in names { targets.append(try graph.value(name)) }
    var known: [Graph.Value: Tensor] = [:]
    for (name, tensor) in given {
      let value = try graph.value(name), shape = graph.shape(value)
      guard (tensor.height, tensor.width, tensor.channels) == (shape.side, shape.side, shape.channels) else {
        throw LiaeError(
          .invalidArgument,
          "\(name) is of shape \(shape); given (\(tensor.channels), \(tensor.height), \(tensor.width))")
      }
      known[value] = tensor
    }
    if tape.engine.memory == .memory, tape.isRecording, targets.count == 1 {
      return [try recompute(targets[0], given: known, masks, on: tape)]
    }
    return try evaluate(targets, given: known, masks, on: tape)
  }

  private func evaluate(_ targets: [Graph.Value], given: [Graph.Value: Tensor], _ masks: Tensor?, on tape: Tape)
    throws(LiaeError) -> [Tensor]
  {
    try graph.evaluate(targets, given: given) { (node, inputs) throws(LiaeError) in
      try tape.engine.checkCancelled()
      return try run(node, inputs, masks, on: tape)
    }
  }

  /// Nodes of a stretch whose inner values are made again: an upscale and a residual block.
  private static let recomputedNodes = 3

  /// Computes a value stretch by stretch and keeps the last value of each alone.
  private func recompute(
    _ target: Graph.Value, given: [Graph.Value: Tensor], _ masks: Tensor?, on tape: Tape
  ) throws(LiaeError) -> Tensor {
    var known = given
    for stretch in graph.stretches(to: target, given: Set(given.keys), ofAtLeast: Self.recomputedNodes) {
      let inputs = known
      // What one operation makes is kept anyway.
      let value =
        stretch.nodes == 1
        ? try evaluate([stretch.end], given: inputs, masks, on: tape)[0]
        : try tape.recomputing { [self] (tape) throws(LiaeError) in
          try evaluate([stretch.end], given: inputs, masks, on: tape)[0]
        }
      known = given
      known[stretch.end] = value
    }
    guard let value = known[target] else {
      throw LiaeError(.internalError, "the network has no node \(target.index)")
    }
    return value
  }

  /// Computes one value; see `evaluate(_:given:mixing:on:)`.
  package func evaluate(
    _ name: String, given: [String: Tensor], mixing masks: Tensor? = nil, on tape: Tape
  ) throws(LiaeError) -> Tensor {
    try evaluate([name], given: given, mixing: masks, on: tape)[0]
  }

  private func run(_ node: Graph.Node, _ inputs: [Tensor], _ masks: Tensor?, on tape: Tape) throws(LiaeError)
    -> Tensor
  {
    switch node.operation {
    case .convolution(let convolution) where convolution.reading == .plain:
      return try run(convolution, node.name, inputs, on: tape)
    case .dense(let dense) where dense.layers.count == 1 && !dense.flattens && dense.side == nil:
      let (weight, bias) = try layer(dense.layers[0])
      return try tape.dense(inputs[0], weight: weight, bias: bias)
    case .flatten: return try tape.flatten(inputs[0])
    case .unflatten(let side): return try tape.unflatten(inputs[0], side: side)
    case .pixelNorm: return try tape.pixelNorm(inputs[0])
    case .concatenation: return try tape.concatenate(inputs)
    case .sigmoid: return try tape.sigmoid(inputs[0])
    case .transposedConvolution(let name, _):
      let (weight, bias) = try layer(name)
      return try tape.transposedConvolution(inputs[0], weight: weight, bias: bias, kernel: 3, stride: 2, slope: 1)
    case .responseNorm(let block): return try tape.responseNorm(inputs[0], try norm(block))
    case .blurPool(let size): return try tape.blurPool(inputs[0], size: size)
    // Weights in CRD order were rearranged when they were read.
    case .depthToSpace: return try tape.depthToSpace(inputs[0])
    case .mixChannels:
      guard let masks else { throw LiaeError(.unsupported, "node \(node.name): no masks of channels are given") }
      guard masks.count == inputs[0].count, masks.stride == inputs[0].channels else {
        throw LiaeError(
          .invalidArgument,
          "node \(node.name): \(masks.count) masks of \(masks.stride) channels; expected \(inputs[0].count) of \(inputs[0].channels)"
        )
      }
      return try tape.mixChannels(inputs[0], inputs[1], by: masks)
    case .input: throw LiaeError(.unsupported, "node input: no faces are given")
    case .convolution, .dense, .activation, .sum, .lerp, .shuffledSigmoid, .maskHead, .splitHalves, .stack, .unstack,
      .denseOutput:
      throw LiaeError(.unsupported, "node \(node.name): training has no \(node.operation.label)")
    }
  }

  private func run(_ convolution: Convolution, _ name: String, _ inputs: [Tensor], on tape: Tape) throws(LiaeError)
    -> Tensor
  {
    let (weight, bias): (Parameter, Parameter)
    if let joined = joined[name] {
      joined.update(on: tape)
      (weight, bias) = (joined.weight, joined.bias)
    } else {
      (weight, bias) = try layer(convolution.layers[0])
    }
    var slope: Float = 1
    if case .leaky(let value) = convolution.activation { slope = value }
    let padding = convolution.padding
    let y = try tape.convolution(
      inputs[0], weight: weight, bias: bias, kernel: convolution.kernel, stride: convolution.stride,
      padding: padding == 0 && convolution.kernel > 1 ? .valid : .same(before: padding), slope: slope,
      residual: inputs.count > 1 ? inputs[1] : nil, depthToSpace: convolution.depthToSpace != nil)
    return convolution.activation == .cosine ? try tape.cosine(y) : y
  }
}
