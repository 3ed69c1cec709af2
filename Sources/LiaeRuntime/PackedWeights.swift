// SPDX-License-Identifier: Apache-2.0
import LiaeConvolution
import LiaeGraph
import LiaeKernels
import LiaeSystem
import LiaeTensor

/// The packed weights of every layer of a network, found by name. Immutable.
final class PackedWeights: Sendable {
  /// Source of a plan's layers: in memory, or packed before.
  struct Layers {
    /// The algorithm of a convolution and how its weights are stored.
    let choose: (ConvolutionLayer) throws(LiaeError) -> ConvolutionChoice
    /// Element type of the weights of layers that are packed together, where they are kept as they are.
    let type: (_ layers: [String]) throws(LiaeError) -> DType
    /// Weights and bias of a layer, asked for where the store has to be filled.
    let tensors: (_ layer: String) throws(LiaeError) -> (weights: TensorView, bias: TensorView)
    /// A tensor by its name, likewise.
    let tensor: (_ name: String) throws(LiaeError) -> TensorView
    /// The closure that is told of layers that are packed.
    let release: (_ layers: [String]) -> Void
  }

  /// The convolutions, in the order of packing.
  let convolutions: [PackedConvolution]
  let choices: [LayerChoice]
  private let byName: [String: PackedConvolution]
  /// Dense layers that read a picture, several in one matrix, by the name of each; and its first row.
  private let rows: [String: (dense: PackedDenseRows, first: Int)]
  private let columns: [String: PackedDenseColumns]
  private let norms: [String: PackedResponseNorm]

  /// Packs each layer where a node reads it first.
  ///
  /// - Throws: `unsupported` for a node whose operation has no kernel; `outOfMemory`; what `layers` and `store` throw.
  init(_ graph: Graph, _ layers: Layers, kernels: KernelTable, pool: ThreadPool, store: WeightStore) throws(LiaeError) {
    var convolutions: [PackedConvolution] = []
    var byName: [String: PackedConvolution] = [:]
    var rows: [String: (dense: PackedDenseRows, first: Int)] = [:]
    var columns: [String: PackedDenseColumns] = [:]
    var norms: [String: PackedResponseNorm] = [:]
    var choices: [LayerChoice] = []
    let width = kernels.width
    /// Element type of dense layers that are packed together.
    func element(_ names: [String]) throws(LiaeError) -> DType {
      let element = try layers.type(names)
      if element != .float32 {
        choices.append(
          LayerChoice(name: names.joined(separator: " + "), algorithm: .direct, stored: .taps(element)))
      }
      return element
    }
    let graph = try graph.joiningDenseLayers()
    for node in graph.nodes {
      try CallScope.check()
      switch node.operation {
      case .convolution(let convolution), .maskHead(let convolution):
        guard let layer = graph.layer(node), byName[layer.name] == nil else { continue }
        let choice = try layers.choose(layer)
        let isJoined = convolution.layers.count > 1, isTransposed = convolution.reading == .transposed
        // Layers that are joined or transposed are copied, as float32.
        let stored: WeightStorage =
          choice.fromTaps ? .taps(isJoined || isTransposed ? .float32 : try layers.type([layer.name])) : .transformed
        choices.append(LayerChoice(name: layer.name, algorithm: choice.algorithm, stored: stored))
        let packed = try PackedConvolution(
          layer,
          tensors: { () throws(LiaeError) in
            if isTransposed { return try Self.turn(layer, try layers.tensors(convolution.layers[0])) }
            return isJoined
              ? try Self.join(convolution, layer, layers.tensors) : try layers.tensors(convolution.layers[0])
          },
          algorithm: choice.algorithm, stored: stored, kernels: kernels, pool: pool, store: store)
        layers.release(convolution.layers)
        byName[layer.name] = packed
        convolutions.append(packed)
      case .dense(let dense) where dense.flattens:
        guard rows[dense.layers[0]] == nil else { continue }
        let input = graph.shape(node.inputs[0]), each = dense.outputs / dense.layers.count
        let packed = try PackedDenseRows(
          name: dense.name, modules: dense.layers.count, rowsEach: each, channels: input.channels, side: input.side,
          element: try element(dense.layers), width: width, pool: pool, store: store
        ) { (module) throws(LiaeError) in try layers.tensors(dense.layers[module]) }
        layers.release(dense.layers)
        for (module, layer) in dense.layers.enumerated() { rows[layer] = (packed, module * each) }
      case .dense(let dense) where dense.side != nil && dense.layers.count == 1:
        guard columns[dense.layers[0]] == nil else { continue }
        columns[dense.layers[0]] = try PackedDenseColumns(
          name: dense.name, channels: node.shape.channels, side: node.shape.side,
          length: graph.shape(node.inputs[0]).channels, element: try element(dense.layers), width: width, pool: pool,
          store: store
        ) { () throws(LiaeError) in try layers.tensors(dense.layers[0]) }
        layers.release(dense.layers)
      case .responseNorm(let block):
        guard norms[block] == nil else { continue }
        norms[block] = try PackedResponseNorm(block, channels: node.shape.channels, width: width, store: store) {
          (name) throws(LiaeError) in try layers.tensor("\(block).\(name)")
        }
        layers.release(node.operation.layers)
      case .concatenation where node.inputs.count == 2: break
      case .input, .sigmoid, .shuffledSigmoid, .splitHalves, .mixChannels, .denseOutput, .stack, .unstack,
        .blurPool:
        break
      default: throw LiaeError(.unsupported, "node \(node.name): there is no kernel for \(node.operation.label) alone")
      }
    }
    (self.convolutions, self.choices, self.byName) = (convolutions, choices, byName)
    (self.rows, self.columns, self.norms) = (rows, columns, norms)
  }

  func convolution(_ convolution: Convolution) throws(LiaeError) -> PackedConvolution {
    guard let packed = byName[convolution.name] else { throw Self.missing(convolution.name) }
    return packed
  }

  /// The matrix that holds the layers' rows, and the first of them.
  func rows(_ dense: Dense) throws(LiaeError) -> (dense: PackedDenseRows, first: Int) {
    guard let found = rows[dense.layers[0]] else { throw Self.missing(dense.name) }
    for (place, layer) in dense.layers.enumerated() {
      // A run reads neighbours of the matrix that was packed.
      guard let other = rows[layer], other.dense === found.dense,
        other.first == found.first + place * dense.outputs / dense.layers.count
      else { throw Self.missing(layer) }
    }
    return found
  }

  func columns(_ dense: Dense) throws(LiaeError) -> PackedDenseColumns {
    guard let packed = columns[dense.layers[0]] else { throw Self.missing(dense.name) }
    return packed
  }

  func norm(_ block: String) throws(LiaeError) -> PackedResponseNorm {
    guard let packed = norms[block] else { throw Self.missing(block) }
    return packed
  }

  private static func missing(_ layer: String) -> LiaeError {
    LiaeError(.internalError, "layer \(layer) is not packed as it is run")
  }

  /// The weights of layers that are joined; a smaller kernel is the middle of the larger.
  private static func join(
    _ convolution: Convolution, _ joined: ConvolutionLayer,
    _ tensors: (_ layer: String) throws(LiaeError) -> (weights: TensorView, bias: TensorView)
  ) throws(LiaeError) -> (weights: TensorView, bias: TensorView) {
    let kernel = joined.kernel, inputs = joined.inputChannels
    let shape = [joined.outputChannels, inputs, kernel, kernel]
    guard let count = CheckedSize.product(shape), let size = CheckedSize.product(count, 4) else {
      throw LiaeError(.outOfMemory, "out of memory: the joined weights of \(joined.name)")
    }
    let weights = try Bytes.allocate(size, for: joined.name)
    let bias = try Bytes.allocate(joined.outputChannels * 4, for: joined.name)
    let out = weights.base.assumingMemoryBound(to: Float.self)
    let biasOut = bias.base.assumingMemoryBound(to: Float.self)
    var row = 0
    for layer in convolution.layers {
      let (w, b) = try tensors(layer)
      guard w.shape.count == 4, w.shape[1] == inputs, w.shape[2] <= kernel, row + w.shape[0] <= joined.outputChannels
      else { throw LiaeError(.internalError, "\(layer) of shape \(w.shape) does not fit into \(joined.name)") }
      let own = w.shape[2], margin = (kernel - own) / 2
      for o in 0..<w.shape[0] {
        biasOut[row] = b[o]
        for c in 0..<inputs {
          for y in 0..<own {
            for x in 0..<own {
              let to = ((row * inputs + c) * kernel + y + margin) * kernel + x + margin
              out[to] = w[((o * inputs + c) * own + y) * own + x]
            }
          }
        }
        row += 1
      }
    }
    return (
      try TensorView(dtype: .float32, shape: shape, storage: weights),
      try TensorView(dtype: .float32, shape: [joined.outputChannels], storage: bias)
    )
  }
}
