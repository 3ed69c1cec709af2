// SPDX-License-Identifier: Apache-2.0
import LiaeDispatch
import LiaeModel
import LiaePack
import LiaeRuntime
import LiaeSystem
import LiaeTensor
import Testing

/// Files are kept: what packed weights hold may change only with `Plan.layoutVersion`.
@Suite struct PackLayoutTests {
  /// XXH64 over the checksums of all parts, by layout version and instruction set. A failure here after a change of
  /// packing: raise `Plan.layoutVersion`, and put its line in place of this one.
  private static let pinned: [Int: [InstructionSet: UInt64]] = [
    1: [.baseline: 6_779_364_619_308_346_658, .avx2: 12_690_270_247_543_912_030, .avx512: 9_352_589_205_285_925_233]
  ]

  @Test(arguments: InstructionSet.supported) func packedWeightsArePinned(set: InstructionSet) throws {
    var sums: [UInt64] = []
    func add(_ parts: [WeightPart]) {
      for part in parts { sums.append(withExtendedLifetime(part.bytes) { XXH64.hash(part.bytes.raw) }) }
    }
    // Dense layers, the code's folded layers and joined heads, without the planner's opinion.
    for architecture in architectures {
      var tensors = TensorDictionary()
      for spec in architecture.tensors where !spec.isUnused { tensors[spec.name] = try Self.tensor(spec.shape) }
      let model = try Model(architecture: architecture, info: ModelInfo(origin: .random), tensors: tensors)
      add(try Plan(model: model, options: PlanOptions(.direct, on: set)).parts)
    }
    // Every algorithm with every kind of layer that it knows.
    let (store, kernels, pool) = (WeightStore(), try set.kernels(), try ThreadPool(workers: 1))
    for (kernel, stride, arrangement) in [(3, 1, InputArrangement.plain), (3, 1, .code), (5, 2, .plain)] {
      var layer = ConvolutionLayer(
        name: "layer", inputChannels: 10, outputChannels: 20, kernel: kernel, stride: stride, padding: kernel / 2,
        activation: .none, inputSide: 12 * stride)
      layer.depthToSpace = arrangement == .code
      for algorithm in ConvolutionAlgorithm.all where WinogradGeometry.fits(layer, algorithm) {
        _ = try PackedConvolution(
          layer,
          tensors: { () throws(LiaeError) in
            (try Self.tensor([20, 10, kernel, kernel]), try Self.tensor([20]))
          }, algorithm: algorithm, arrangement: arrangement, kernels: kernels, pool: pool, store: store)
      }
    }
    #expect(store.parts.count == 2 * 3 * 4)
    add(store.parts)
    let sum = sums.withUnsafeBytes { XXH64.hash($0) }
    #expect(sum == Self.pinned[Plan.layoutVersion]?[set])
  }

  /// Multiples of 1/1024, so that no rounding of anybody's is in it.
  private static func tensor(_ shape: [Int]) throws(LiaeError) -> TensorView {
    let count = shape.reduce(1, *)
    let bytes = try Bytes.allocate(count * 4)
    let out = bytes.base.assumingMemoryBound(to: Float.self)
    for i in 0..<count { out[i] = Float(i * 7919 % 1009 - 504) / 1024 }
    return try TensorView(dtype: .float32, shape: shape, storage: bytes)
  }
}
