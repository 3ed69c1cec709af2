// SPDX-License-Identifier: Apache-2.0
import LiaeDispatch
import LiaeKernels
import LiaeGraph
import LiaeSystem
import LiaeTensor

package struct PlanOptions: Sendable {
  /// Which convolution algorithms the planner may choose from.
  package enum Convolution: Int32, Sendable, CaseIterable {
    /// The fastest for each layer; at least 100 dB against float64.
    case automatic = 0
    /// Direct sums only.
    case direct = 1
  }
  package var convolution = Convolution.automatic
  /// How the planner chooses among them.
  package enum Planning: String, Sendable, CaseIterable {
    /// By a model of costs: the same choice on every machine of an instruction set.
    case model
    /// By timing each shape of layer on this machine while the model is opened. Choices, and with them the last bits of
    /// results, may differ from one opening to another.
    case measure
  }
  package var planning = Planning.model
  /// What packed weights may take of memory.
  package var memory = MemoryPolicy.speed
  /// Threads that pack the weights and are timed; 0 is one for each processor.
  package var threads = 0
  /// nil: the processor's best, or what `LIAE_ISA` says.
  package var instructionSet: InstructionSet?
  package init() {}
}

extension PlanOptions.Convolution {
  package var name: String {
    switch self {
    case .automatic: return "automatic"
    case .direct: return "direct"
    }
  }
}

extension PlanOptions {
  /// The options that decide what packed weights hold, beside the instruction set: always the same names in the same
  /// order.
  package var packing: [(name: String, value: String)] {
    [("convolution", convolution.name), ("planning", planning.rawValue), ("memory", memory.name)]
  }

  /// From such names and values; nil where they are not known, or not all there.
  package init?(packing: [(name: String, value: String)]) {
    self.init()
    for (name, value) in packing {
      switch name {
      case "convolution":
        guard let found = Convolution.allCases.first(where: { $0.name == value }) else { return nil }
        convolution = found
      case "planning":
        guard let found = Planning(rawValue: value) else { return nil }
        planning = found
      case "memory":
        guard let found = MemoryPolicy(name: value) else { return nil }
        memory = found
      default: return nil
      }
    }
    guard packing.map(\.name) == self.packing.map(\.name) else { return nil }
  }
}

/// What a plan has chosen for one layer.
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
  package static let layoutVersion = 1

  package let architecture: Architecture
  package let info: ModelInfo
  package let instructionSet: InstructionSet
  /// What the plan was made with.
  package let options: PlanOptions
  /// `Model.fingerprint()` of the model that was packed.
  package let fingerprint: String
  /// Of each convolution, and of dense layers in 16 bits, in the order of packing.
  package let choices: [LayerChoice]
  /// All packed weights, in the order of packing.
  package let parts: [WeightPart]

  /// Bytes of packed weights.
  package var packedBytes: Int { parts.reduce(0) { $0 + $1.bytes.count } }

  let kernels: KernelTable
  let encoder: [EncoderPart]
  let dense1: PackedDenseRows
  let inters: [Inter]
  let decoders: [Decoder]

  enum EncoderPart {
    case convolution(PackedConvolution)
    case residual(PackedConvolution, PackedConvolution)
  }
  struct Inter {
    let dense2: PackedDenseColumns
    let upscale: PackedConvolution?
  }
  struct Decoder {
    struct Stage { let upscale, first, second: PackedConvolution }
    let rgb: [Stage]
    /// All heads as one convolution; output channel q*3 + c with `d`.
    let head: PackedConvolution
    let mask: [PackedConvolution]
    let maskHead: PackedConvolution
  }

  /// Packs the weights. The model is not needed after: where the caller gives it away, each tensor goes when it is
  /// packed, so that weights are not held twice.
  ///
  /// - Throws: `outOfMemory`, `threadFailure`, `unsupported` (an instruction set that the processor lacks).
  package convenience init(model: consuming Model, options: PlanOptions = PlanOptions()) throws(LiaeError) {
    let pool = try ThreadPool(workers: ContextOptions.threadCount(options.threads))
    var options = options
    if options.instructionSet == nil { options.instructionSet = try InstructionSet.preferred() }
    let (made, set) = (options, options.instructionSet ?? .detected)
    let measured = made.planning == .measure ? try MeasuredChoice(kernels: set.kernels(), pool: pool) : nil
    let (architecture, info, fingerprint) = (model.architecture, model.info, try model.fingerprint())
    let source = WeightSource(consume model)
    let storage = StorageChoice(architecture, options: made)
    try self.init(
      architecture: architecture, info: info, fingerprint: fingerprint, options: made, store: WeightStore(), pool: pool,
      choose: { (layer, arrangement) throws(LiaeError) in
        let choice = storage[layer]
        // What is made in the run is not timed.
        guard let measured, !choice.fromTaps else { return choice }
        return ConvolutionChoice(algorithm: try measured.choose(layer, arrangement, options: made))
      },
      type: { (layers) throws(LiaeError) in try source.type(layers) },
      tensors: { (layer) throws(LiaeError) in try source.weightsAndBias(layer) },
      release: { source.release($0) })
  }

  /// Takes weights that were packed before.
  ///
  /// - Parameters:
  ///   - fingerprint: of the model that was packed.
  ///   - options: with which it was packed.
  ///   - choices: of every convolution, as the plan had them that was packed.
  ///   - areCurrent: whether they have to be those that the planner makes today by its model.
  ///   - store: has all parts ready.
  /// - Throws: what the store throws; `corruptFile` for a layer without a choice, or with one that does not fit it;
  ///   `packMismatch` where choices are not current; `unsupported`, `outOfMemory`.
  package convenience init(
    architecture: Architecture, info: ModelInfo, fingerprint: String, options: PlanOptions, choices: [LayerChoice],
    areCurrent: Bool, store: WeightStore
  ) throws(LiaeError) {
    let table = Dictionary(choices.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    let storage = StorageChoice(architecture, options: options)
    try self.init(
      architecture: architecture, info: info, fingerprint: fingerprint, options: options, store: store,
      pool: ThreadPool(workers: 1),
      choose: { (layer, _) throws(LiaeError) in
        let found = table[layer.name]
        guard let found, WinogradGeometry.fits(layer, found.algorithm),
          found.stored == .transformed || found.algorithm != .direct
        else {
          throw LiaeError(
            .corruptFile, "layer \(layer.name) has \(found?.algorithm.name ?? "no algorithm"), which does not fit it")
        }
        let choice = ConvolutionChoice(algorithm: found.algorithm, fromTaps: found.stored != .transformed)
        // What was measured once stays.
        let current = areCurrent && options.planning == .model ? storage[layer] : choice
        guard choice == current else {
          throw LiaeError(
            .packMismatch, "layer \(layer.name) is packed for \(choice.name), and \(current.name) is planned now")
        }
        return choice
      },
      type: { (layers) throws(LiaeError) in
        if case .taps(let type) = table[layers.joined(separator: " + ")]?.stored { type } else { .float32 }
      },
      tensors: { (layer) throws(LiaeError) in throw LiaeError(.internalError, "\(layer) is to be packed from nothing")
      },
      release: { _ in })
  }

  /// - Parameters:
  ///   - choose: the algorithm of a convolution and how it is stored.
  ///   - type: what the weights of layers that are packed together are kept in, where they are kept as they are.
  ///   - tensors: weights and bias of a layer, asked for where the store has to be filled.
  ///   - release: is told of layers that are packed.
  private init(
    architecture: Architecture, info: ModelInfo, fingerprint: String, options: PlanOptions, store: WeightStore,
    pool: ThreadPool, choose: (ConvolutionLayer, InputArrangement) throws(LiaeError) -> ConvolutionChoice,
    type: (_ layers: [String]) throws(LiaeError) -> DType,
    tensors: (_ layer: String) throws(LiaeError) -> (weights: TensorView, bias: TensorView),
    release: (_ layers: [String]) -> Void
  ) throws(LiaeError) {
    let set: InstructionSet
    if let chosen = options.instructionSet { set = chosen } else { set = try InstructionSet.preferred() }
    let kernels = try set.kernels()
    (self.architecture, self.info, self.fingerprint, self.options) = (architecture, info, fingerprint, options)
    (instructionSet, self.kernels) = (set, kernels)
    let network = Network(architecture)
    let width = kernels.width

    var choices: [LayerChoice] = []
    func pack(
      _ layer: ConvolutionLayer, _ arrangement: InputArrangement, elements: () throws(LiaeError) -> DType,
      of tensors: () throws(LiaeError) -> (weights: TensorView, bias: TensorView)
    ) throws(LiaeError) -> PackedConvolution {
      let choice = try choose(layer, arrangement)
      let stored: WeightStorage = choice.fromTaps ? .taps(try elements()) : .transformed
      choices.append(LayerChoice(name: layer.name, algorithm: choice.algorithm, stored: stored))
      return try PackedConvolution(
        layer, tensors: tensors, algorithm: choice.algorithm, stored: stored, arrangement: arrangement,
        kernels: kernels, pool: pool, store: store)
    }
    func pack(_ layer: ConvolutionLayer, _ arrangement: InputArrangement = .plain) throws(LiaeError)
      -> PackedConvolution
    {
      defer { release([layer.name]) }
      return try pack(layer, arrangement, elements: { () throws(LiaeError) in try type([layer.name]) }) {
        () throws(LiaeError) in try tensors(layer.name)
      }
    }
    /// What dense layers that are packed together are kept in.
    func element(_ layers: [String]) throws(LiaeError) -> DType {
      let element = try type(layers)
      if element != .float32 {
        choices.append(
          LayerChoice(name: layers.joined(separator: " + "), algorithm: .direct, stored: .taps(element)))
      }
      return element
    }

    var encoder: [EncoderPart] = []
    for (index, step) in network.encoder.enumerated() {
      switch step {
      case .convolution(let layer): encoder.append(.convolution(try pack(layer, index == 0 ? .interleaved : .plain)))
      case .residual(let first, let second): encoder.append(.residual(try pack(first), try pack(second)))
      }
    }
    self.encoder = encoder

    dense1 = try PackedDenseRows(
      name: network.inters.map(\.dense1).joined(separator: " + "), modules: network.inters.count,
      rowsEach: architecture.aeDims, channels: architecture.encodedChannels, side: architecture.encodedSide,
      element: try element(network.inters.map(\.dense1)), width: width, pool: pool, store: store
    ) { (module) throws(LiaeError) in try tensors(network.inters[module].dense1) }
    release(network.inters.map(\.dense1))

    var inters: [Inter] = []
    for inter in network.inters {
      let dense2 = try PackedDenseColumns(
        name: inter.dense2, channels: architecture.interChannels, side: architecture.latentSide,
        length: architecture.aeDims, element: try element([inter.dense2]), width: width, pool: pool, store: store
      ) { () throws(LiaeError) in try tensors(inter.dense2) }
      release([inter.dense2])
      var upscale: PackedConvolution?
      if let layer = inter.upscale { upscale = try pack(layer) }
      inters.append(Inter(dense2: dense2, upscale: upscale))
    }
    self.inters = inters

    let first: InputArrangement = architecture.family == .liae ? .code : .plain
    var decoders: [Decoder] = []
    for decoder in network.decoders {
      var stages: [Decoder.Stage] = []
      for (index, stage) in decoder.rgb.enumerated() {
        stages.append(
          Decoder.Stage(
            upscale: try pack(stage.upscale, index == 0 ? first : .plain), first: try pack(stage.first),
            second: try pack(stage.second)))
      }
      let layer = decoder.joinedHead
      // Heads that are joined are copied, as float32.
      let elements = { () throws(LiaeError) in decoder.heads.count > 1 ? .float32 : try type([layer.name]) }
      let head = try pack(layer, .plain, elements: elements) { () throws(LiaeError) in
        try Self.joinHeads(decoder, layer, tensors)
      }
      release(decoder.heads.map(\.name))
      var mask: [PackedConvolution] = []
      for (index, layer) in decoder.mask.enumerated() { mask.append(try pack(layer, index == 0 ? first : .plain)) }
      decoders.append(Decoder(rgb: stages, head: head, mask: mask, maskHead: try pack(decoder.maskHead)))
    }
    self.decoders = decoders
    (self.choices, parts) = (choices, store.parts)
  }

  /// The weights of `DecoderModule.joinedHead`; a 1x1 head is the middle tap.
  private static func joinHeads(
    _ decoder: DecoderModule, _ joined: ConvolutionLayer,
    _ tensors: (_ layer: String) throws(LiaeError) -> (weights: TensorView, bias: TensorView)
  ) throws(LiaeError) -> (weights: TensorView, bias: TensorView) {
    let heads = decoder.heads
    if heads.count == 1 { return try tensors(heads[0].name) }
    let taps = joined.kernel * joined.kernel, inputs = joined.inputChannels
    let weights = try Bytes.allocate(joined.outputChannels * inputs * taps * 4, for: joined.name)
    let bias = try Bytes.allocate(joined.outputChannels * 4, for: joined.name)
    let out = weights.base.assumingMemoryBound(to: Float.self)
    let biasOut = bias.base.assumingMemoryBound(to: Float.self)
    var row = 0
    for head in heads {
      let (w, b) = try tensors(head.name)
      for o in 0..<head.outputChannels {
        biasOut[row] = b[o]
        for c in 0..<inputs {
          let to = out + (row * inputs + c) * taps
          if head.kernel == 1 {
            to[taps / 2] = w[o * inputs + c]
          } else {
            for t in 0..<taps { to[t] = w[(o * inputs + c) * taps + t] }
          }
        }
        row += 1
      }
    }
    return (
      try TensorView(
        dtype: .float32, shape: [joined.outputChannels, inputs, joined.kernel, joined.kernel], storage: weights),
      try TensorView(dtype: .float32, shape: [joined.outputChannels], storage: bias)
    )
  }
}

extension DecoderModule {
  /// The heads as one convolution: with `d` a 3x3 one with output channels q*3 + c.
  var joinedHead: ConvolutionLayer {
    var joined = heads[heads.count - 1]
    if heads.count > 1 { joined.name = "\(name).out_convs" }
    joined.outputChannels = heads.reduce(0) { $0 + $1.outputChannels }
    return joined
  }
}
