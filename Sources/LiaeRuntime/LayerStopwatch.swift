// SPDX-License-Identifier: Apache-2.0
import LiaeConvolution
import LiaeKernels
import LiaeGraph
import LiaeSystem
import LiaeTensor

/// Times convolutions on this machine as a run meets them: one image, weights that are in no cache, input that is.
///
/// Weights and activations hold no model's numbers: the time does not depend on them.
final class LayerStopwatch {
  /// The properties that the time of a layer depends on.
  struct Shape: Equatable {
    let inputs, outputs, kernel, stride, padding, side: Int
    let depthToSpace, isCode: Bool

    init(_ layer: ConvolutionLayer) {
      (inputs, outputs, kernel) = (layer.inputChannels, layer.outputChannels, layer.kernel)
      (stride, padding, side) = (layer.stride, layer.padding, layer.inputSide)
      (depthToSpace, isCode) = (layer.depthToSpace, layer.source == .halves)
    }
  }

  private let kernels: KernelTable
  private let pool: ThreadPool
  /// Written between two runs, so that nothing else is left in the caches.
  private let filler: Bytes
  private static let fillerBytes = 64 << 20

  init(kernels: KernelTable, pool: ThreadPool) throws(LiaeError) {
    (self.kernels, self.pool) = (kernels, pool)
    filler = try Bytes.allocate(Self.fillerBytes, for: "emptying the caches")
  }

  /// Seconds of the quickest of `rounds` runs; of a code, of its first half, as in a swap.
  ///
  /// - Parameters:
  ///   - stored: how weights are stored.
  ///   - sharesInputs: overrules the scheme of a Winograd layer.
  /// - Throws: `outOfMemory`.
  func seconds(
    _ layer: ConvolutionLayer, _ algorithm: ConvolutionAlgorithm, stored: WeightStorage = .transformed, rounds: Int,
    sharesInputs: Bool? = nil
  ) throws(LiaeError) -> Double {
    let store = WeightStore { (name, count) throws(LiaeError) in
      let bytes = try Bytes.allocate(count, for: "weights of \(name)")
      // Pages that were never written are all one page.
      bytes.base.initializeMemory(as: UInt8.self, repeating: 0x3c, count: count)
      return bytes
    }
    let packed = try PackedConvolution(
      layer, tensors: { () throws(LiaeError) in throw LiaeError(.internalError, "weights without numbers") },
      algorithm: algorithm, stored: stored, kernels: kernels, pool: pool, store: store)

    let inputs = layer.inputParts.reduce(0) { $0 + roundUp($1, kernels.width) }
    let outputs = layer.depthToSpace ? layer.outputChannels / 4 : layer.outputChannels
    let sourceGrid = try ActivationGrid(
      channels: inputs, side: layer.inputSide, width: kernels.width)
    let targetGrid = try ActivationGrid(
      channels: outputs, side: layer.outputSide * (layer.depthToSpace ? 2 : 1), width: kernels.width)
    guard let floats = CheckedSize.sum(sourceGrid.image, targetGrid.image),
      let bytes = CheckedSize.product(floats, 4)
    else { throw LiaeError(.outOfMemory, "out of memory: activations of \(layer.name)") }
    let memory = try Bytes.allocate(bytes, for: "activations of \(layer.name)")
    defer { withExtendedLifetime(memory) {} }
    let start = memory.base.assumingMemoryBound(to: Float.self)
    let source = ActivationBuffer(sourceGrid, at: start)
    var binding = ConvolutionBinding(
      source: source.view, target: ActivationBuffer(targetGrid, at: start + sourceGrid.image).view, images: 1,
      halfImages: layer.source == .halves ? 1 : 0)
    binding.sharesInputs = sharesInputs
    let step = convolutionStep(packed, binding, tables: ConvolutionTables(workers: pool.workers))
    let workspace = try Workspace(step.scratch, workers: pool.workers, width: kernels.width)
    let state = RunState(kernels: kernels, pool: pool, workspace: workspace)

    pool.begin()
    defer { pool.end() }
    var least = Int.max
    // One round more, for pages that are touched for the first time.
    for round in 0...max(1, rounds) {
      fillCaches()
      source.start.update(repeating: 0, count: source.imageFloats)
      let start = monotonicNanoseconds()
      step.run(state)
      if round > 0 { least = min(least, monotonicNanoseconds() - start) }
    }
    return Double(least) * 1e-9
  }

  private func fillCaches() {
    let pieces = 64
    pool.run(pieces, filler.base) { base, piece, _ in
      let bytes = LayerStopwatch.fillerBytes / 64
      (base + piece * bytes).initializeMemory(as: UInt8.self, repeating: UInt8(truncatingIfNeeded: piece), count: bytes)
    }
  }
}

/// Remembers what was measured, so that layers of one shape are timed once.
final class MeasuredChoice {
  private let stopwatch: LayerStopwatch
  private var chosen: [(shape: LayerStopwatch.Shape, algorithm: ConvolutionAlgorithm)] = []
  private static let rounds = 3

  init(kernels: KernelTable, pool: ThreadPool) throws(LiaeError) {
    stopwatch = try LayerStopwatch(kernels: kernels, pool: pool)
  }

  /// The quickest of those that the model of costs does not call twice as slow as the best.
  func choose(_ layer: ConvolutionLayer, options: PlanOptions) throws(LiaeError) -> ConvolutionAlgorithm {
    let costs = Planner.candidates(layer, options: options).map { ($0, Planner.cost(layer, $0, options: options)) }
    let limit = 2 * (costs.map(\.1).min() ?? 0)
    let candidates = costs.filter { $0.1 <= limit }.map(\.0)
    guard candidates.count > 1 else { return Planner.choose(layer, options: options) }
    let shape = LayerStopwatch.Shape(layer)
    if let known = chosen.first(where: { $0.shape == shape }) { return known.algorithm }
    var best = candidates[0]
    var least = Double.infinity
    for candidate in candidates {
      let seconds = try stopwatch.seconds(layer, candidate, rounds: Self.rounds)
      if seconds < least { (best, least) = (candidate, seconds) }
    }
    chosen.append((shape, best))
    return best
  }
}
