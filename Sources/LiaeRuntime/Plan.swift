// SPDX-License-Identifier: Apache-2.0
import LiaeConvolution
import LiaeDispatch
import LiaeGraph
import LiaeKernels
import LiaeSystem
import LiaeTensor

/// The plan's choice for one layer.
package struct LayerChoice: Sendable, Equatable {
  /// The layer's name; that of joined heads is `DECODER.out_convs`.
  package var name: String
  package var algorithm: ConvolutionAlgorithm
  package var stored: WeightStorage

  package init(name: String, algorithm: ConvolutionAlgorithm, stored: WeightStorage = .transformed) {
    (self.name, self.algorithm, self.stored) = (name, algorithm, stored)
  }
}

/// A model made ready to run: algorithm and packed weights for each layer. Immutable, shared by all contexts.
package final class Plan: Sendable {
  /// Raised whenever packed weights of the same name, size and choice hold or mean something else than before: what was
  /// packed earlier and kept in a file is of no use then. `PackLayoutTests` notices what they hold.
  package static let layoutVersion = 2

  package let architecture: Architecture
  /// The network as the family writes it.
  package let graph: Graph
  package let info: ModelInfo
  package let instructionSet: InstructionSet
  /// The options that the plan was made with.
  package let options: PlanOptions
  /// `Model.fingerprint()` of the model that was packed.
  package let fingerprint: String
  /// The choice for each convolution, and for dense layers in 16 bits, in the order of packing.
  package let choices: [LayerChoice]
  /// All packed weights, in the order of packing.
  package let parts: [WeightPart]
  /// The first tensor with weights that are not finite, where such are allowed.
  package let nonFinite: String?

  /// Bytes of packed weights.
  package var packedBytes: Int { parts.reduce(0) { $0 + $1.bytes.count } }

  let kernels: KernelTable
  /// The network as it is run: heads joined, what follows a convolution taken into it, codes folded.
  let runGraph: Graph
  let weights: PackedWeights
  /// The check of weights that come out of a file.
  let check: WeightCheck?

  /// Packs the weights. The model is not needed after: where the caller gives it away, each tensor goes when it is
  /// packed, so that weights are not held twice.
  ///
  /// - Throws: `outOfMemory`, `threadFailure`, `unsupported` (an instruction set that the processor lacks); `corruptFile`
  ///   for weights that are not finite, unless the options allow them.
  package convenience init(model: consuming Model, options: PlanOptions = PlanOptions()) throws(LiaeError) {
    let pool = try ThreadPool(workers: ContextOptions.threadCount(options.threads))
    var options = options
    if options.instructionSet == nil { options.instructionSet = try InstructionSet.preferred() }
    let (made, set) = (options, options.instructionSet ?? .detected)
    let measured = made.planning == .measure ? try MeasuredChoice(kernels: set.kernels(), pool: pool) : nil
    let (architecture, graph, info) = (model.architecture, model.graph, model.info)
    let fingerprint = try model.fingerprint()
    let source = WeightSource(consume model, pool, allowsNonFinite: made.allowsNonFinite)
    let runGraph = try graph.prepared()
    let storage = try StorageChoice(graph, runGraph, options: made) { () throws(LiaeError) in
      let kernels = try set.kernels()
      // What has no memory for the measurement may still have enough for the weights.
      do throws(LiaeError) { return try MachineBalance.measure(kernels, pool) } catch {
        guard [.outOfMemory, .resourceLimit].contains(error.status) else { throw error }
        return nil
      }
    }
    try self.init(
      architecture: architecture, graph: graph, runGraph: runGraph, info: info, fingerprint: fingerprint,
      options: made, store: WeightStore(), pool: pool, check: nil, nonFinite: { source.nonFinite },
      layers: PackedWeights.Layers(
        choose: { (layer) throws(LiaeError) in
          let choice = storage[layer]
          // What is made in the run is not timed.
          guard let measured, !choice.fromTaps else { return choice }
          return ConvolutionChoice(algorithm: try measured.choose(layer, options: made))
        },
        type: { (layers) throws(LiaeError) in try source.type(layers) },
        tensors: { (layer) throws(LiaeError) in try source.weightsAndBias(layer) },
        tensor: { (name) throws(LiaeError) in try source.finite(name) },
        release: { source.release($0) }))
  }

  /// Takes weights that were packed before.
  ///
  /// - Parameters:
  ///   - fingerprint: of the model that was packed.
  ///   - options: with which it was packed.
  ///   - choices: of every convolution, as the plan had them that was packed.
  ///   - areCurrent: whether they have to be those that the planner makes today by its model.
  ///   - store: has all parts ready.
  ///   - nonFinite: tensor with weights that are not finite.
  ///   - check: of the parts; nil: they are trusted.
  /// - Throws: what the store throws; `corruptFile` for a layer without a choice, or with one that does not fit it;
  ///   `packMismatch` where choices are not current; `unsupported`, `outOfMemory`.
  package convenience init(
    architecture: Architecture, info: ModelInfo, fingerprint: String, options: PlanOptions, choices: [LayerChoice],
    areCurrent: Bool, store: WeightStore, nonFinite: String? = nil, check: WeightCheck? = nil
  ) throws(LiaeError) {
    let table = Dictionary(choices.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    let graph = try Graph(architecture)
    let runGraph = try graph.prepared()
    let storage = try StorageChoice(graph, runGraph, options: options)
    try self.init(
      architecture: architecture, graph: graph, runGraph: runGraph, info: info, fingerprint: fingerprint,
      options: options, store: store, pool: ThreadPool(workers: 1), check: check, nonFinite: { nonFinite },
      layers: PackedWeights.Layers(
        choose: { (layer) throws(LiaeError) in
          let found = table[layer.name]
          guard let found, WinogradGeometry.fits(layer, found.algorithm),
            found.stored == .transformed || found.algorithm != .direct
          else {
            throw LiaeError(
              .corruptFile, "layer \(layer.name) has \(found?.algorithm.name ?? "no algorithm"), which does not fit it")
          }
          let choice = ConvolutionChoice(algorithm: found.algorithm, fromTaps: found.stored != .transformed)
          // What was measured once stays.
          var current = areCurrent && options.planning == .model ? storage[layer] : choice
          // Where the balance of a machine decides, the one that packed the weights has decided.
          if options.memory == .speed { current.fromTaps = choice.fromTaps }
          guard choice == current else {
            throw LiaeError(
              .packMismatch, "layer \(layer.name) is packed for \(choice.name), and \(current.name) is planned now")
          }
          return choice
        },
        type: { (layers) throws(LiaeError) in
          if case .taps(let type) = table[layers.joined(separator: " + ")]?.stored { type } else { .float32 }
        },
        tensors: { (layer) throws(LiaeError) in
          throw LiaeError(.internalError, "\(layer) is to be packed from nothing")
        },
        tensor: { (name) throws(LiaeError) in
          throw LiaeError(.internalError, "\(name) is to be packed from nothing")
        },
        release: { _ in }))
  }

  private init(
    architecture: Architecture, graph: Graph, runGraph: Graph, info: ModelInfo, fingerprint: String,
    options: PlanOptions, store: WeightStore, pool: ThreadPool, check: WeightCheck?, nonFinite: () -> String?,
    layers: PackedWeights.Layers
  ) throws(LiaeError) {
    let set: InstructionSet
    if let chosen = options.instructionSet { set = chosen } else { set = try InstructionSet.preferred() }
    let kernels = try set.kernels()
    (self.architecture, self.graph, self.runGraph) = (architecture, graph, runGraph)
    (self.info, self.fingerprint, self.options) = (info, fingerprint, options)
    (instructionSet, self.kernels, self.check) = (set, kernels, check)
    weights = try PackedWeights(runGraph, layers, kernels: kernels, pool: pool, store: store)
    (choices, parts, self.nonFinite) = (weights.choices, store.parts, nonFinite())
  }
}

extension Plan {
  /// The error of weights that are not finite.
  package static func nonFinite(_ what: String) -> LiaeError {
    LiaeError(
      .corruptFile,
      "\(what); weights are finite numbers: the file is damaged or its training diverged (--allow-non-finite, "
        + "allow_non_finite of liae_model_options)")
  }

  /// The network that a run of some outputs computes.
  ///
  /// - Throws: `unsupported` for a name that is not that of an output.
  func graph(of outputs: [String]) throws(LiaeError) -> Graph {
    let graph = try runGraph.reaching(outputs).joiningDenseLayers()
    // One branch after the other takes less memory.
    return try options.memory == .memory ? graph : graph.stackingBranches()
  }
}

extension Graph {
  /// The passes that do not depend on what a run asks for.
  func prepared() throws(LiaeError) -> Graph {
    try joiningConvolutions().turningTransposedConvolutions().fusing().foldingCodes()
  }
}
