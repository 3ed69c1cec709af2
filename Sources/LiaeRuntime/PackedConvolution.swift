// SPDX-License-Identifier: Apache-2.0
import LiaeConvolution
import LiaeDispatch
import LiaeKernels
import LiaeGraph
import LiaeSystem
import LiaeTensor

/// The weights of one convolution in the order in which the kernel reads them. Immutable.
package final class PackedConvolution: Sendable {
  let layer: ConvolutionLayer
  let algorithm: ConvolutionAlgorithm
  let stored: WeightStorage
  /// W of the kernels.
  let width: Int
  /// Vectors of output channels; with depth-to-space each quarter is padded to W.
  let vectors: Int
  /// Vectors of a column block, 1 or 2.
  let blockVectors: Int
  /// Packed channels of a phase.
  let phaseChannels: Int
  let phases: Int
  /// Rows k of one column block, all points.
  let weightRows: Int
  private let storage: Bytes
  private let tableStorage: Bytes
  private let biasStorage: Bytes
  /// Factors of the weight transform; nothing where weights are stored transformed.
  private let factorStorage: Bytes

  /// Where weights are stored transformed, or are those of a plain sum.
  var weights: UnsafePointer<Float> { UnsafePointer(storage.base.assumingMemoryBound(to: Float.self)) }
  /// Where they are stored as taps.
  var taps: TapParameters {
    TapLayout(
      layer, stored: stored, phases: phases, phaseChannels: phaseChannels,
      blockVectors: blockVectors, points: points, width: width
    ).parameters(
      taps: UnsafeRawPointer(storage.base),
      factors: UnsafePointer(factorStorage.base.assumingMemoryBound(to: Float.self)))
  }
  var bias: UnsafePointer<Float> { UnsafePointer(biasStorage.base.assumingMemoryBound(to: Float.self)) }
  var columnBlocks: Int { (vectors + blockVectors - 1) / blockVectors }
  var bytes: Int { storage.count + biasStorage.count }
  /// kLow, kHigh, weightOffset of each Winograd point.
  var kLow: UnsafePointer<Int> { UnsafePointer(tableStorage.base.assumingMemoryBound(to: Int.self)) }
  var kHigh: UnsafePointer<Int> { kLow + 64 }
  var weightOffset: UnsafePointer<Int> { kLow + 128 }

  var family: Int {
    if case .winograd(let family) = algorithm { return family }
    return 0
  }
  var points: Int { winogradPoints(family: family) }

  /// - Parameters:
  ///   - tensors: weights (out, in, k, k) and bias (out); asked for only where the store has to be filled.
  package init(
    _ layer: ConvolutionLayer, tensors: () throws(LiaeError) -> (weights: TensorView, bias: TensorView),
    algorithm: ConvolutionAlgorithm, stored: WeightStorage = .transformed,
    kernels: KernelTable, pool: ThreadPool, store: WeightStore
  ) throws(LiaeError) {
    let width = kernels.width
    (self.layer, self.algorithm, self.width) = (layer, algorithm, width)
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

    // Rows of each point. Odd phases have no tap for the point at infinity.
    tableStorage = try Bytes.allocate(192 * MemoryLayout<Int>.size, for: "a table of \(layer.name)")
    let table = tableStorage.base.bindMemory(to: Int.self, capacity: 192)
    var rows = 0
    if case .winograd(let family) = algorithm {
      let points = winogradPoints(family: family)
      let all = phaseChannels * phases
      for i in 0..<points {
        for j in 0..<points {
          var (low, high) = (0, all)
          if phases == 4 {
            if i == points - 1 { high = 2 * phaseChannels }
            if j == points - 1 { (low, high) = (phaseChannels, min(high, 3 * phaseChannels)) }
          }
          let point = i * points + j
          (table[point], table[64 + point], table[128 + point]) = (low, high, rows)
          // A row between points of what is made in a run, so that they do not begin at the same sets of a cache.
          rows += high - low + (stored == .transformed ? 0 : 1)
        }
      }
    } else {
      rows = layer.kernel * layer.kernel * inputs
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
    guard case .taps = stored, case .winograd(let family) = algorithm else {
      factorStorage = try Bytes.allocate(0)
      storage = try store.take("\(layer.name).weight", size) { (base) throws(LiaeError) in
        try Self.pack(
          layer, weights: tensors().weights, algorithm: algorithm, kernels: kernels,
          pool: pool, into: base.assumingMemoryBound(to: Float.self), output: output, phaseChannels: packedChannels,
          phases: phases, blockVectors: blockVectors, weightRows: rows, table: table)
      }
      return
    }

    let factors = WinogradTransform.factors(family: family)
    factorStorage = try Bytes.allocate(factors.count * 4, for: "a table of \(layer.name)")
    let factorTable = factorStorage.base.bindMemory(to: Float.self, capacity: factors.count)
    for (i, factor) in factors.enumerated() { factorTable[i] = factor }
    let layout = TapLayout(
      layer, stored: stored, phases: phases, phaseChannels: packedChannels,
      blockVectors: blockVectors, points: winogradPoints(family: family), width: width)
    guard let tapBytes = layout.bytes(blocks: blocks) else {
      throw LiaeError(.outOfMemory, "out of memory: packed weights of \(layer.name)")
    }
    storage = try store.take("\(layer.name).weight", tapBytes) { (base) throws(LiaeError) in
      try layout.pack(tensors().weights, output: output, pool: pool, into: base)
    }
  }

  private static func pack(
    _ layer: ConvolutionLayer, weights: TensorView, algorithm: ConvolutionAlgorithm,
    kernels: KernelTable, pool: ThreadPool, into packed: UnsafeMutablePointer<Float>, output: [Int32],
    phaseChannels: Int, phases: Int, blockVectors: Int, weightRows: Int, table: UnsafePointer<Int>
  ) throws(LiaeError) {
    let inputs = layer.inputChannels, width = kernels.width, vectors = output.count / width
    let (input, added) = inputTables(layer, width, phaseChannels)

    let source = try alignedFloats(weights)
    // The kernels hold bare pointers into `source`.
    defer { withExtendedLifetime(source) {} }
    var family = 0
    if case .winograd(let chosen) = algorithm { family = chosen }
    let g = family == 0 ? [0] : WinogradTransform.weights(family: family)
    let directRows = algorithm == .direct ? Self.directRows(layer, width) : []
    input.withUnsafeBufferPointer { input in
      added.withUnsafeBufferPointer { added in
        output.withUnsafeBufferPointer { output in
          g.withUnsafeBufferPointer { g in
            directRows.withUnsafeBufferPointer { directRows in
              guard let input = input.baseAddress, let added = added.baseAddress, let output = output.baseAddress,
                let g = g.baseAddress
              else { return }
              var job = PackJob(
                parameters: PackParameters(
                  weights: UnsafePointer(source.base.assumingMemoryBound(to: Float.self)), inputChannels: inputs,
                  kernel: layer.kernel, family: family, phases: phases, phaseChannels: phaseChannels, input: input,
                  added: added, output: output, blockVectors: blockVectors, weightRows: weightRows, kLow: table,
                  kHigh: table + 64, weightOffset: table + 128, g: g, packed: packed),
                kernels: kernels, directRows: directRows)
              withUnsafeMutablePointer(to: &job) { job in
                pool.run(vectors, UnsafeMutableRawPointer(job)) { raw, vector, _ in
                  raw.assumingMemoryBound(to: PackJob.self).pointee.pack(vector: vector)
                }
              }
            }
          }
        }
      }
    }
  }

  /// For each packed input channel the channel it is, and one that is added to it; -1 for none.
  static func inputTables(_ layer: ConvolutionLayer, _ width: Int, _ count: Int)
    -> (input: [Int32], added: [Int32])
  {
    var input = [Int32](repeating: -1, count: count), added = input
    if layer.source == .halves {
      let half = layer.inputChannels / 2
      for c in 0..<half {
        (input[c], added[c]) = (Int32(c), Int32(half + c))
        input[roundUp(half, width) + c] = Int32(half + c)
      }
    } else {
      var (channel, place) = (0, 0)
      for part in layer.inputParts {
        for c in 0..<part { input[place + c] = Int32(channel + c) }
        (channel, place) = (channel + part, place + roundUp(part, width))
      }
    }
    return (input, added)
  }

  /// One k of a direct convolution: the tap and the packed channel.
  struct DirectRow { let tap, channel: Int32 }

  /// Packed channels in the order in which the runs of `DirectRuns` visit them.
  private static func directRows(_ layer: ConvolutionLayer, _ width: Int) -> [DirectRow] {
    var rows: [DirectRow] = []
    for run in DirectRuns.visit(layer, width) {
      for i in 0..<run.length {
        // A run of the interleaved input crosses the taps of one row of the kernel.
        let tap = layer.source == .picture ? run.tap + i / layer.inputChannels : run.tap
        let channel = layer.source == .picture ? i % layer.inputChannels : run.channel + i
        rows.append(DirectRow(tap: Int32(tap), channel: Int32(channel)))
      }
    }
    return rows
  }
}

/// The runs of scalars that a direct convolution reads for one pixel.
enum DirectRuns {
  struct Visit { let tap, channel, length, kernelRow, kernelColumn, block: Int }

  /// In the order of the sum: part of the input, kernel row, kernel column, block of channels.
  static func visit(_ layer: ConvolutionLayer, _ width: Int) -> [Visit] {
    let k = layer.kernel
    if layer.source == .picture {
      return (0..<k).map {
        Visit(tap: $0 * k, channel: 0, length: k * layer.inputChannels, kernelRow: $0, kernelColumn: 0, block: 0)
      }
    }
    var visits: [Visit] = []
    var first = 0
    for channels in layer.inputParts {
      let blocks = (channels + width - 1) / width
      for y in 0..<k {
        for x in 0..<k {
          for block in 0..<blocks {
            visits.append(
              Visit(
                tap: y * k + x, channel: (first + block) * width, length: min(width, channels - block * width),
                kernelRow: y, kernelColumn: x, block: first + block))
          }
        }
      }
      first += blocks
    }
    return visits
  }
}

/// Packs one vector of output channels at a time.
private struct PackJob {
  var parameters: PackParameters
  let kernels: KernelTable
  let directRows: UnsafeBufferPointer<PackedConvolution.DirectRow>

  func pack(vector: Int) {
    withUnsafePointer(to: parameters) { p in
      if p.pointee.family != 0 {
        withUnsafeTemporaryAllocation(byteCount: KernelTable.packScratchBytes, alignment: 128) { scratch in
          if let scratch = scratch.baseAddress { kernels.packWinograd(p, vector, scratch) }
        }
      } else {
        packDirect(p.pointee, vector)
      }
    }
  }

  private func packDirect(_ p: PackParameters, _ vector: Int) {
    let width = kernels.width, n = p.blockVectors * width
    let base = p.packed + vector / p.blockVectors * p.weightRows * n + vector % p.blockVectors * width
    for lane in 0..<width {
      let o = p.output[vector * width + lane]
      if o < 0 { continue }
      for (k, row) in directRows.enumerated() {
        base[k * n + lane] = Float(p.tap(o, Int(row.channel), Int(row.tap)))
      }
    }
  }
}

/// The tensor as float32 at an address that a Float may have: itself where it is that already.
func alignedFloats(_ tensor: TensorView) throws(LiaeError) -> Bytes {
  let floats = try tensor.asFloat32()
  defer { withExtendedLifetime(floats) {} }
  if Int(bitPattern: floats.raw.baseAddress) % MemoryLayout<Float>.alignment == 0 {
    return Bytes.slice(floats.storage, offset: floats.offset, count: floats.byteCount)
  }
  return try Bytes.copy(floats.raw, for: "unaligned weights")
}
