// SPDX-License-Identifier: Apache-2.0
import LiaeDispatch
import LiaeKernels
import LiaeModel
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
  /// What packed weights may take of memory.
  package var memory = MemoryPolicy.speed
  /// Threads that pack the weights; 0 is one for each processor.
  package var threads = 0
  /// nil: the processor's best, or what `LIAE_ISA` says.
  package var instructionSet: InstructionSet?
  package init() {}
}

/// A model made ready to run: algorithm and packed weights for each layer. Immutable, shared by all contexts.
package final class Plan: Sendable {
  package let architecture: Architecture
  package let info: ModelInfo
  package let instructionSet: InstructionSet
  package let memory: MemoryPolicy
  /// Bytes of packed weights.
  package let packedBytes: Int

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
  package init(model: consuming Model, options: PlanOptions = PlanOptions()) throws(LiaeError) {
    let set: InstructionSet
    if let chosen = options.instructionSet { set = chosen } else { set = try InstructionSet.preferred() }
    let kernels = try set.kernels()
    let pool = try ThreadPool(workers: options.threads > 0 ? min(options.threads, 64) : min(processorCount(), 64))
    (architecture, info, instructionSet, self.kernels) = (model.architecture, model.info, set, kernels)
    memory = options.memory
    let network = Network(architecture)
    let source = WeightSource(consume model)
    let width = kernels.width
    let store = WeightStore()
    let dense = network.inters.count * 2 * architecture.aeDims
    let choice = StorageChoice(
      network.convolutions + network.decoders.filter { $0.heads.count > 1 }.map(Self.joinedHead),
      denseWeights: dense * architecture.encodedChannels * architecture.encodedSide * architecture.encodedSide,
      options: options)
    func stored(_ choice: ConvolutionChoice, _ type: DType) -> WeightStorage {
      choice.fromTaps ? .taps(type) : .transformed
    }

    func pack(_ layer: ConvolutionLayer, _ arrangement: InputArrangement = .plain) throws(LiaeError)
      -> PackedConvolution
    {
      let packed = try PackedConvolution(
        layer, tensors: { () throws(LiaeError) in try source.weightsAndBias(layer.name) },
        algorithm: choice[layer].algorithm, stored: stored(choice[layer], source.type([layer.name])),
        arrangement: arrangement, kernels: kernels, pool: pool, store: store)
      source.release([layer.name])
      return packed
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
      element: try source.type(network.inters.map(\.dense1)), width: width, pool: pool, store: store
    ) { (module) throws(LiaeError) in try source.weightsAndBias(network.inters[module].dense1) }
    source.release(network.inters.map(\.dense1))

    var inters: [Inter] = []
    for inter in network.inters {
      let dense2 = try PackedDenseColumns(
        name: inter.dense2, channels: architecture.interChannels, side: architecture.latentSide,
        length: architecture.aeDims, element: try source.type([inter.dense2]), width: width, pool: pool, store: store
      ) { () throws(LiaeError) in try source.weightsAndBias(inter.dense2) }
      source.release([inter.dense2])
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
      let layer = Self.joinedHead(decoder)
      let head = try PackedConvolution(
        layer, tensors: { () throws(LiaeError) in try Self.joinHeads(decoder, layer, source) },
        algorithm: choice[layer].algorithm,
        stored: stored(
          choice[layer], decoder.heads.count > 1 ? .float32 : source.type([layer.name])),
        arrangement: .plain, kernels: kernels, pool: pool, store: store)
      source.release(decoder.heads.map(\.name))
      var mask: [PackedConvolution] = []
      for (index, layer) in decoder.mask.enumerated() { mask.append(try pack(layer, index == 0 ? first : .plain)) }
      decoders.append(Decoder(rgb: stages, head: head, mask: mask, maskHead: try pack(decoder.maskHead)))
    }
    self.decoders = decoders
    packedBytes = store.bytes
  }

  /// The heads as one convolution: with `d` a 3x3 one with output channels q*3 + c.
  private static func joinedHead(_ decoder: DecoderModule) -> ConvolutionLayer {
    var joined = decoder.heads[decoder.heads.count - 1]
    if decoder.heads.count > 1 { joined.name = "\(decoder.name).out_convs" }
    joined.outputChannels = decoder.heads.reduce(0) { $0 + $1.outputChannels }
    return joined
  }

  /// The weights of `joinedHead`; a 1x1 head is the middle tap.
  private static func joinHeads(_ decoder: DecoderModule, _ joined: ConvolutionLayer, _ source: WeightSource)
    throws(LiaeError) -> (weights: TensorView, bias: TensorView)
  {
    let heads = decoder.heads
    if heads.count == 1 { return try source.weightsAndBias(heads[0].name) }
    let taps = joined.kernel * joined.kernel, inputs = joined.inputChannels
    let weights = try Bytes.allocate(joined.outputChannels * inputs * taps * 4, for: joined.name)
    let bias = try Bytes.allocate(joined.outputChannels * 4, for: joined.name)
    let out = weights.base.assumingMemoryBound(to: Float.self)
    let biasOut = bias.base.assumingMemoryBound(to: Float.self)
    var row = 0
    for head in heads {
      let (w, b) = try source.weightsAndBias(head.name)
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
