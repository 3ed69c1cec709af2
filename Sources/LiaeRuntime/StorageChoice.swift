// SPDX-License-Identifier: Apache-2.0
import LiaeConvolution
import LiaeDispatch
import LiaeGraph
import LiaeSystem
import LiaeTensor

/// The memory that a plan's weights may take.
package enum MemoryPolicy: Int32, Sendable, CaseIterable {
  /// Weights stand as the kernels multiply with them, 2.7 times the float32 checkpoint, but for layers that are quicker
  /// from taps where many cores share the memory: the fastest.
  case speed = 0
  /// Weights take at most 1.3 times the float32 checkpoint: layers that win least by it are stored as taps.
  case balanced = 1
  /// Weights stand as the checkpoint has them and are transformed in every run.
  case memory = 2

  package var name: String {
    switch self {
    case .speed: return "speed"
    case .balanced: return "balanced"
    case .memory: return "memory"
    }
  }

  package init?(name: String) {
    guard let policy = Self.allCases.first(where: { $0.name == name }) else { return nil }
    self = policy
  }
}

/// The algorithm and the storage of one convolution.
struct ConvolutionChoice: Equatable {
  var algorithm: ConvolutionAlgorithm
  /// True if weights are stored as taps.
  var fromTaps = false

  var name: String { fromTaps ? "\(algorithm.name) from taps" : algorithm.name }
}

/// Decides for each convolution how it is computed and whether its weights are stored transformed.
///
/// The algorithm depends on neither policy nor machine, and U is made of taps by the same kernel when a model is packed and in
/// a run: results of all storages are the same to the bit. The element type of a checkpoint is not asked: a checkpoint in 16
/// bits runs as the same weights in float32 do, to the bit, and what it saves comes on top.
struct StorageChoice {
  private var choices: [String: ConvolutionChoice] = [:]

  /// The share of the time of transformed weights below which taps are taken: making U is estimated to be quicker than it is
  /// on processors with two 512-bit FMA a cycle.
  private static let worthwhile = 0.9

  /// The limit of `balanced`, times the float32 checkpoint.
  private static let balancedShare = 1.3

  /// - Parameters:
  ///   - graph: the network as the family writes it.
  ///   - runGraph: the same as it is run.
  ///   - measure: measures the balance of the machine, where the options do not give it and the choice depends on it; nil: unknown.
  init(
    _ graph: Graph, _ runGraph: Graph, options: PlanOptions, measure: (() throws(LiaeError) -> Double?)? = nil
  ) throws(LiaeError) {
    let comparesMemory = options.convolution == .automatic && options.memory != .speed
    var layers: [ConvolutionLayer] = []
    // Joined layers count beside the layers that they join: packed files name choices that were made so.
    for graph in (comparesMemory ? [try graph.fusing().foldingCodes()] : []) + [runGraph] {
      for node in graph.nodes {
        guard let layer = graph.layer(node), choices[layer.name] == nil else { continue }
        choices[layer.name] = ConvolutionChoice(algorithm: Planner.choose(layer, options: options))
        layers.append(layer)
      }
    }
    guard comparesMemory else {
      try choose(layers, options: options, measure: measure)
      return
    }
    var denseWeights = 0
    for spec in graph.tensors where spec.shape.count == 2 { denseWeights += spec.shape[0] * spec.shape[1] }
    struct Candidate { let name: String; let choice: ConvolutionChoice; let bytes, seconds: Double }
    var candidates: [Candidate] = []
    var bytes = 4 * Double(denseWeights), stored = bytes
    for layer in layers {
      guard let now = choices[layer.name] else { continue }
      bytes += Planner.bytes(layer, now)
      stored += Planner.bytes(layer, ConvolutionChoice(algorithm: .direct))
      guard now.algorithm != .direct else { continue }
      let other = ConvolutionChoice(algorithm: now.algorithm, fromTaps: true)
      let saved = Planner.bytes(layer, now) - Planner.bytes(layer, other)
      candidates.append(
        Candidate(
          name: layer.name, choice: other, bytes: saved,
          seconds: Planner.cost(layer, other, options: options) - Planner.cost(layer, now, options: options)))
    }
    if options.memory == .balanced {
      // Most bytes for the least time first; what is quicker from taps costs nothing.
      candidates.sort { max(0, $0.seconds) * $1.bytes < max(0, $1.seconds) * $0.bytes }
    }
    for candidate in candidates {
      if options.memory == .balanced && bytes <= Self.balancedShare * stored { break }
      choices[candidate.name] = candidate.choice
      bytes -= candidate.bytes
    }
  }

  /// Stores those layers as taps whose transformed weights would be waited for. Their algorithm stays, and with it every
  /// bit of the results.
  private mutating func choose(
    _ layers: [ConvolutionLayer], options: PlanOptions, measure: (() throws(LiaeError) -> Double?)?
  ) throws(LiaeError) {
    guard options.convolution == .automatic, options.planning == .model, options.memory == .speed,
      layers.reduce(0, { $0 + Planner.bytes($1, self[$1]) }) > Double(options.cachedBytes)
    else { return }
    var known = options.machineBalance
    if known == nil { known = try measure?() }
    guard let balance = known else { return }
    let rates = Rates(options.instructionSet ?? .detected, balance: balance)
    for layer in layers where self[layer].algorithm != .direct {
      let work = Work(layer, self[layer].algorithm)
      let fromTaps = rates.seconds(work, makesWeights: true), stored = rates.seconds(work, makesWeights: false)
      choices[layer.name]?.fromTaps = Self.asksForTaps(seconds: fromTaps, transformed: stored)
    }
  }

  /// Tells whether weights are to be taps, by the expected seconds with them and with transformed weights.
  static func asksForTaps(seconds: Double, transformed: Double) -> Bool { seconds < worthwhile * transformed }

  subscript(layer: ConvolutionLayer) -> ConvolutionChoice {
    choices[layer.name] ?? ConvolutionChoice(algorithm: .direct)
  }
}

extension Planner {
  static func cost(_ layer: ConvolutionLayer, _ choice: ConvolutionChoice, options: PlanOptions) -> Double {
    rates(options).seconds(Work(layer, choice.algorithm), makesWeights: choice.fromTaps)
  }

  /// Bytes of the stored weights, float32.
  static func bytes(_ layer: ConvolutionLayer, _ choice: ConvolutionChoice) -> Double {
    Work(layer, choice.fromTaps ? .direct : choice.algorithm).weightBytes
  }
}
