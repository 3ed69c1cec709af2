// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeKernels
import LiaeSystem
import LiaeTensor

/// The weights of one convolution in the order in which the kernel reads them. Immutable.
package final class PackedConvolution: Sendable {
  package let layer: ConvolutionLayer
  package let algorithm: ConvolutionAlgorithm
  package let stored: WeightStorage
  package let kernels: KernelTable
  package var width: Int { kernels.width }
  /// Vectors of output channels; with depth-to-space each quarter is padded to W.
  package let vectors: Int
  /// Vectors of a column block, 1 or 2.
  package let blockVectors: Int
  /// Packed channels of a phase.
  package let phaseChannels: Int
  package let phases: Int
  /// Rows k of one column block, all points.
  package let weightRows: Int
  private let storage: Bytes
  private let tableStorage: Bytes
  private let biasStorage: Bytes
  /// Factors of the weight transform; nothing for a plain sum.
  private let factorStorage: Bytes

  /// The stored weights of a layer that keeps them transformed, or computes a plain sum.
  package var weights: UnsafePointer<Float> { UnsafePointer(storage.base.assumingMemoryBound(to: Float.self)) }
  /// The stored taps of a layer that transforms its weights in each run.
  package var taps: TapParameters {
    TapLayout(
      layer, stored: stored, phases: phases, phaseChannels: phaseChannels,
      blockVectors: blockVectors, points: points, width: width
    ).parameters(
      taps: UnsafeRawPointer(storage.base),
      factors: UnsafePointer(factorStorage.base.assumingMemoryBound(to: Float.self)))
  }
  package var bias: UnsafePointer<Float> { UnsafePointer(biasStorage.base.assumingMemoryBound(to: Float.self)) }
  package var columnBlocks: Int { (vectors + blockVectors - 1) / blockVectors }
  package var bytes: Int { storage.count + biasStorage.count }
  /// kLow, kHigh, weightOffset of each Winograd point.
  package var kLow: UnsafePointer<Int> { UnsafePointer(tableStorage.base.assumingMemoryBound(to: Int.self)) }
  package var kHigh: UnsafePointer<Int> { kLow + 64 }
  package var weightOffset: UnsafePointer<Int> { kLow + 128 }

  package var tileSize: Int {
    if case .winograd(let tileSize) = algorithm { return tileSize }
    return 0
  }
  package var points: Int { winogradPoints(tileSize: tileSize) }

  /// - Parameters:
  ///   - tensors: weights (out, in, k, k) and bias (out); asked for only where the store has to be filled.
  package init(
    _ layer: ConvolutionLayer, tensors: () throws(LiaeError) -> (weights: TensorView, bias: TensorView),
    algorithm: ConvolutionAlgorithm, stored: WeightStorage = .transformed,
    kernels: KernelTable, pool: ThreadPool, store: WeightStore
  ) throws(LiaeError) {
    let width = kernels.width
    (self.layer, self.algorithm, self.kernels) = (layer, algorithm, kernels)
    let stored = algorithm == .direct ? .transformed : stored
    self.stored = stored
    let outputs = layer.outputChannels
    let quarter = layer.depthToSpace ? outputs / 4 : outputs
    let quarterVectors = roundUp(quarter, width) / width
    let vectors = quarterVectors * (layer.depthToSpace ? 4 : 1)
    let blockVectors = vectors == 1 ? 1 : 2
    let blocks = (vectors + blockVectors - 1) / blockVectors
    let phases = layer.stride == 2 && algorithm != .direct ? 4 : 1
    (self.vectors, self.blockVectors, self.phases) = (vectors, blockVectors, phases)
    let inputs = layer.inputChannels
    switch layer.source {
    case .halves:
      // Both halves of equal length where one is added to the other.
      let half = roundUp(inputs / 2, width)
      phaseChannels = half + (stored == .transformed ? inputs / 2 : half)
    case .channels, .picture: phaseChannels = phases == 4 ? roundUp(inputs, width) : inputs
    case .joined(let first): phaseChannels = roundUp(first, width) + inputs - first
    }

    tableStorage = try Bytes.allocate(192 * MemoryLayout<Int>.size, for: "a table of \(layer.name)")
    let table = tableStorage.base.bindMemory(to: Int.self, capacity: 192)
    var rows = layer.kernel * layer.kernel * inputs
    if case .winograd(let tileSize) = algorithm {
      // None between points of what is stored transformed.
      let ofPoints = WinogradRows(
        points: winogradPoints(tileSize: tileSize), phases: phases, channels: phaseChannels,
        gap: stored == .transformed ? 0 : 1)
      for (point, low) in ofPoints.low.enumerated() {
        (table[point], table[64 + point], table[128 + point]) = (low, ofPoints.high[point], ofPoints.offset[point])
      }
      rows = ofPoints.count
    }
    weightRows = rows
    // Kernels prefetch and load one pair of vectors past the end.
    guard let floats = CheckedSize.product([rows, blocks, blockVectors, width]),
      let size = CheckedSize.product(floats + 4 * width, 4)
    else { throw LiaeError(.outOfMemory, "out of memory: packed weights of \(layer.name)") }

    // Which channel each packed channel is.
    var output = [Int32](repeating: -1, count: blocks * blockVectors * width)
    for vector in 0..<vectors {
      for lane in 0..<width {
        let part = vector / quarterVectors, c = vector % quarterVectors * width + lane
        guard c < quarter else { continue }
        output[vector * width + lane] = Int32(layer.depthToSpace ? c * 4 + part : c)
      }
    }
    biasStorage = try store.take("\(layer.name).bias", blocks * blockVectors * width * 4) { (base) throws(LiaeError) in
      let bias = try tensors().bias
      let out = base.assumingMemoryBound(to: Float.self)
      for (lane, channel) in output.enumerated() where channel >= 0 { out[lane] = bias[Int(channel)] }
    }
    let packedChannels = phaseChannels
    guard case .winograd(let tileSize) = algorithm else {
      factorStorage = try Bytes.allocate(0)
      storage = try store.take("\(layer.name).weight", size) { (base) throws(LiaeError) in
        try Self.packDirect(
          layer, weights: tensors().weights, width: width, pool: pool, into: base.assumingMemoryBound(to: Float.self),
          output: output, phaseChannels: packedChannels, blockVectors: blockVectors, weightRows: rows)
      }
      return
    }

    let factors = WinogradTransform.factors(tileSize: tileSize)
    factorStorage = try Bytes.allocate(factors.count * 4, for: "a table of \(layer.name)")
    let factorTable = factorStorage.base.bindMemory(to: Float.self, capacity: factors.count)
    for (i, factor) in factors.enumerated() { factorTable[i] = factor }
    let points = winogradPoints(tileSize: tileSize)
    let layout = TapLayout(
      layer, stored: stored, phases: phases, phaseChannels: packedChannels,
      blockVectors: blockVectors, points: points, width: width)
    guard case .taps = stored else {
      let pieces = WinogradPieces(
        WeightTransform.split(
          layer, phases: phases, phaseChannels: packedChannels, channels: packedChannels, points: points,
          blockVectors: blockVectors, width: width),
        scope: .columnBlock, points: points * points, rowFloats: blockVectors * width, low: table, high: table + 64,
        rowOffset: table + 128, allRows: rows)
      let packing = TransformedPacking(
        layout: layout, factors: factorTable, pieces: pieces, kernels: kernels,
        blockFloats: rows * blockVectors * width)
      storage = try store.take("\(layer.name).weight", size) { (base) throws(LiaeError) in
        try packing.pack(
          tensors().weights, output: output, blocks: blocks, pool: pool,
          into: base.assumingMemoryBound(to: Float.self))
      }
      return
    }
    guard let tapBytes = layout.bytes(blocks: blocks) else {
      throw LiaeError(.outOfMemory, "out of memory: packed weights of \(layer.name)")
    }
    storage = try store.take("\(layer.name).weight", tapBytes) { (base) throws(LiaeError) in
      try layout.pack(tensors().weights, output: output, pool: pool, into: base)
    }
  }
}
