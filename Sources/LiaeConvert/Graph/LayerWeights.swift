// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeSystem
import LiaeTensor

/// Places of the weights and the bias of a layer in a file.
enum LayerWeights: Hashable {
  case dense(Int)
  /// `isDCR`: the output channels are in the order that depth-to-space has in TensorFlow.
  case convolution(Int, isDCR: Bool)
  /// (in, out, 3, 3), as ONNX and we have it.
  case transposed(Int)
  /// A filter response norm with its threshold, by its number.
  case norm(Int)
  /// Output channels of convolutions whose kernels may be larger, with zeros around the middle.
  case rows([Row], kernel: Int)

  struct Row: Hashable {
    var layer: Int
    /// Side of the layer's kernel.
    var kernel: Int
    var row: Int
  }
}

extension GraphInterpreter {
  /// Weights and bias of a layer in canonical layout, in the precision of the file.
  func tensors(_ weights: LayerWeights) throws(LiaeError) -> (weight: TensorView, bias: TensorView) {
    do throws(LiaeError) {
      switch weights {
      case .dense(let layer): return try stored(layer)
      case .convolution(let layer, let isDCR):
        let (weight, bias) = try stored(layer)
        return isDCR ? (try weight.pixelShuffleOrder(), try bias.pixelShuffleOrder()) : (weight, bias)
      case .transposed(let layer): return try stored(layer, outputAxis: 1)
      case .norm(let norm):
        let norm = norms[norm]
        return (try channelTensor(norm.weight), try channelTensor(norm.bias))
      case .rows(let rows, let kernel): return try gathered(rows, kernel)
      }
    } catch { throw error.naming(file) }
  }

  /// The epsilon and the threshold of a filter response norm, (1) and (C).
  func normTensors(_ number: Int) throws(LiaeError) -> (epsilon: TensorView, threshold: TensorView) {
    do throws(LiaeError) {
      let bytes = try Bytes.allocate(4, for: "an epsilon")
      bytes.base.storeBytes(of: Float(norms[number].epsilon), as: Float.self)
      return (
        try TensorView(dtype: .float32, shape: [1], storage: bytes), try channelTensor(norms[number].threshold)
      )
    } catch { throw error.naming(file) }
  }

  private func channelTensor(_ constant: Int) throws(LiaeError) -> TensorView {
    try constants[constant].tensor([constants[constant].count])
  }

  /// A layer without a bias adds zeros.
  private func stored(_ number: Int, outputAxis: Int = 0) throws(LiaeError) -> (weight: TensorView, bias: TensorView) {
    let layer = layers[number]
    let weight = constants[layer.weight]
    let outputs = weight.shape[outputAxis]
    guard let bias = layer.bias else {
      let zeros = try Bytes.allocate(CheckedSize.product(outputs, 4) ?? 0, for: "a bias")
      return (
        try weight.tensor(weight.shape), try TensorView(dtype: .float32, shape: [outputs], storage: zeros)
      )
    }
    return (try weight.tensor(weight.shape), try constants[bias].tensor([outputs]))
  }

  private func gathered(_ rows: [LayerWeights.Row], _ kernel: Int) throws(LiaeError) -> (
    weight: TensorView, bias: TensorView
  ) {
    guard let first = rows.first else { throw LiaeError(.internalError, "a layer of no rows") }
    var stored: [Int: (weight: TensorView, bias: TensorView)] = [:]
    for row in rows where stored[row.layer] == nil { stored[row.layer] = try self.stored(row.layer) }
    // Where precisions differ, single precision holds all of them.
    func dtype(_ types: [DType]) -> DType { types.allSatisfy { $0 == types[0] } ? types[0] : .float32 }
    let all = stored.values
    let (weightType, biasType) = (dtype(all.map(\.weight.dtype)), dtype(all.map(\.bias.dtype)))
    let channels = constants[layers[first.layer].weight].shape[1]
    let shape = [rows.count, channels, kernel, kernel]
    let (size, biasSize) = (weightType.size, biasType.size)
    let weights = try Bytes.allocate(
      CheckedSize.product(shape).flatMap { CheckedSize.product($0, size) } ?? 0, for: "a head")
    let biases = try Bytes.allocate(rows.count * biasSize, for: "a head")
    for (to, row) in rows.enumerated() {
      guard let (weight, bias) = stored[row.layer] else { continue }
      let (from, added) = (
        try weight.converted(to: weightType, name: "a head"), try bias.converted(to: biasType, name: "a head")
      )
      defer { withExtendedLifetime((from, added)) {} }
      (biases.base + to * biasSize).copyMemory(
        from: added.storage.base + added.offset + row.row * biasSize, byteCount: biasSize)
      let border = (row.kernel - kernel) / 2
      for channel in 0..<channels {
        for y in 0..<kernel {
          let target = ((to * channels + channel) * kernel + y) * kernel
          let source = ((row.row * channels + channel) * row.kernel + y + border) * row.kernel + border
          (weights.base + target * size).copyMemory(
            from: from.storage.base + from.offset + source * size, byteCount: kernel * size)
        }
      }
    }
    return (
      try TensorView(dtype: weightType, shape: shape, storage: weights),
      try TensorView(dtype: biasType, shape: [rows.count], storage: biases)
    )
  }

  /// Tells whether a row's kernel is one of side `kernel` with zeros around it.
  func isMiddle(_ row: LayerWeights.Row, kernel: Int) throws(LiaeError) -> Bool {
    if row.kernel == kernel { return true }
    guard row.kernel > kernel else { return false }
    let weight: TensorView
    do throws(LiaeError) { weight = try stored(row.layer).weight } catch { throw error.naming(file) }
    let border = (row.kernel - kernel) / 2
    let middle = border..<border + kernel
    let channels = weight.shape[1]
    for channel in 0..<channels {
      for y in 0..<row.kernel {
        for x in 0..<row.kernel where !middle.contains(x) || !middle.contains(y) {
          if weight[((row.row * channels + channel) * row.kernel + y) * row.kernel + x] != 0 { return false }
        }
      }
    }
    return true
  }
}
