// SPDX-License-Identifier: Apache-2.0
import LiaeConvolution
import LiaeDispatch
import LiaeGraph
import LiaePack
import LiaeRuntime
import LiaeSystem
import LiaeTensor
import LiaeTestSupport
import Testing

/// Files are kept: what packed weights hold may change only with `Plan.layoutVersion`.
@Suite struct PackLayoutTests {
  /// XXH64 over the checksums of all parts, by layout version and instruction set. A failure here after a change of
  /// packing: raise `Plan.layoutVersion`, and put its line in place of this one.
  private static let pinned: [Int: [InstructionSet: UInt64]] = [
    2: [
      .baseline: 12_014_876_965_042_009_706, .avx2: 6_801_949_293_775_829_883, .avx512: 17_983_999_570_576_720_691,
    ]
  ]

  /// The same of an XSeg network: transposed convolutions, joined values, norms.
  private static let pinnedXSeg: [Int: [InstructionSet: UInt64]] = [
    2: [
      .baseline: 17_418_533_613_028_836_025, .avx2: 8_674_774_415_582_021_623, .avx512: 6_984_132_089_996_195_517,
    ]
  ]

  @Test(arguments: InstructionSet.supported) func packedWeightsOfXSegArePinned(set: InstructionSet) throws {
    var sums: [UInt64] = []
    for element in [DType.float32, .float16] {
      var tensors = TensorDictionary()
      for spec in try Graph(.xseg(resolution: 64, baseDims: 3)).tensors {
        tensors[spec.name] = try Self.tensor(spec.shape, element)
      }
      let model = try Model(
        architecture: .xseg(resolution: 64, baseDims: 3), info: ModelInfo(origin: .random), tensors: tensors)
      for part in try Plan(model: model, options: PlanOptions(.direct, on: set)).parts {
        sums.append(withExtendedLifetime(part.bytes) { XXH64.hash(part.bytes.raw) })
      }
    }
    let sum = sums.withUnsafeBytes { XXH64.hash($0) }
    #expect(sum == Self.pinnedXSeg[Plan.layoutVersion]?[set])
  }

  @Test(arguments: InstructionSet.supported) func packedWeightsArePinned(set: InstructionSet) throws {
    var sums: [UInt64] = []
    func add(_ parts: [WeightPart]) {
      for part in parts { sums.append(withExtendedLifetime(part.bytes) { XXH64.hash(part.bytes.raw) }) }
    }
    let elements: [DType] = [.float32, .float16, .bfloat16]
    // Dense layers, the code's folded layers and joined heads, without the planner's opinion. AMP has layers of these kinds.
    for architecture in architectures where architecture.family == .liae || architecture.family == .df {
      for element in elements {
        var tensors = TensorDictionary()
        for spec in try Graph(architecture).tensors where !spec.isUnused {
          tensors[spec.name] = try Self.tensor(spec.shape, element)
        }
        let model = try Model(architecture: architecture, info: ModelInfo(origin: .random), tensors: tensors)
        add(try Plan(model: model, options: PlanOptions(.direct, on: set)).parts)
      }
    }
    // Every algorithm with every kind of layer that it knows, transformed and as taps.
    let (store, kernels, pool) = (WeightStore(), try set.kernels(), try ThreadPool(workers: 1))
    for (kernel, stride, source) in [(3, 1, ConvolutionLayer.Source.channels), (3, 1, .halves), (5, 2, .channels)] {
      var layer = ConvolutionLayer(
        name: "layer", inputChannels: 10, outputChannels: 20, kernel: kernel, stride: stride, padding: kernel / 2,
        activation: .none, inputSide: 12 * stride)
      layer.depthToSpace = source == .halves
      layer.source = source
      for algorithm in ConvolutionAlgorithm.all where WinogradGeometry.fits(layer, algorithm) {
        for stored in [.transformed] + (algorithm == .direct ? [] : elements.map { WeightStorage.taps($0) }) {
          var element = DType.float32
          if case .taps(let type) = stored { element = type }
          let tensors = (
            weights: try Self.tensor([20, 10, kernel, kernel], element), bias: try Self.tensor([20], element)
          )
          _ = try PackedConvolution(
            layer, tensors: { tensors }, algorithm: algorithm, stored: stored,
            kernels: kernels, pool: pool, store: store)
        }
      }
    }
    #expect(store.parts.count >= 2 * 3 * (1 + 3 * 4))
    add(store.parts)
    let sum = sums.withUnsafeBytes { XXH64.hash($0) }
    #expect(sum == Self.pinned[Plan.layoutVersion]?[set])
  }

  /// Multiples of 1/1024, so that no rounding of anybody's is in it.
  private static func tensor(_ shape: [Int], _ element: DType) throws -> TensorView {
    try TensorView.of(
      (0..<shape.reduce(1, *)).map { Float($0 * 7919 % 1009 - 504) / 1024 }, as: element, shape: shape)
  }
}
