// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeSystem
import LiaeTensor
import Testing

@Suite struct ModelTests {
  private static let architecture = Architecture(
    flavour: .torch, options: "dt", resolution: 64, eDims: 4, aeDims: 8, dDims: 4, dMaskDims: 4)

  private func tensor(_ shape: [Int], _ dtype: DType = .float32) throws -> TensorView {
    try TensorView(dtype: dtype, shape: shape, storage: Bytes.allocate(shape.reduce(dtype.size, *)))
  }

  private func tensors(_ architecture: Architecture = Self.architecture) throws -> TensorDictionary {
    var result = TensorDictionary()
    for spec in try Graph(architecture).tensors { result[spec.name] = try tensor(spec.shape) }
    return result
  }

  private func refusal(_ tensors: TensorDictionary, _ architecture: Architecture = Self.architecture) -> LiaeError? {
    do throws(LiaeError) {
      _ = try Model(architecture: architecture, info: ModelInfo(origin: .random), tensors: tensors)
      return nil
    } catch {
      return error
    }
  }

  @Test func allTensorsMakeAModel() throws { #expect(refusal(try tensors()) == nil) }

  @Test func everyMissingTensorIsNamed() throws {
    for spec in try Graph(Self.architecture).tensors {
      var tensors = try tensors()
      tensors[spec.name] = nil
      let error = refusal(tensors)
      if spec.isUnused {
        #expect(error == nil)
      } else {
        #expect(error?.status == .missingTensor)
        #expect(error?.message.contains(spec.name) == true && error?.message.contains("\(spec.shape)") == true)
      }
    }
  }

  @Test func everyWrongShapeIsNamed() throws {
    for spec in try Graph(Self.architecture).tensors {
      var tensors = try tensors()
      let wrong = spec.shape + [1]
      tensors[spec.name] = try tensor(wrong)
      let error = refusal(tensors)
      #expect(error?.status == .shapeMismatch)
      for part in [spec.name, "\(spec.shape)", "\(wrong)"] { #expect(error?.message.contains(part) == true) }
    }
  }

  @Test(arguments: DType.allCases) func weightsAreFloats(dtype: DType) throws {
    var tensors = try tensors()
    tensors["encoder.down1.conv1.bias"] = try tensor([4], dtype)
    let isFine = [.float32, .float16, .bfloat16].contains(dtype)
    #expect(refusal(tensors)?.status == (isFine ? nil : .shapeMismatch))
  }

  @Test func anImpossibleArchitectureIsRefusedFirst() throws {
    var architecture = Self.architecture
    architecture.resolution = Int.max
    #expect(refusal(TensorDictionary(), architecture)?.status == .unknownArchitecture)
  }

  @Test func randomWeightsFollowTheirSeed() throws {
    var architecture = Self.architecture
    architecture.flavour = .dfl
    let name = "decoder.upscale0.conv1.weight"
    func weights(_ seed: UInt64) throws -> [Float] {
      let tensor = try Model.random(architecture, seed: seed).tensor(name)
      return (0..<tensor.count).map { tensor[$0] }
    }
    let (first, again, other) = (try weights(1), try weights(1), try weights(2))
    #expect(first == again)
    #expect(first != other)
    // Deviation gain / sqrt(fan in), fan in 32 channels of 3x3.
    let deviation = (first.reduce(0) { $0 + $1 * $1 } / Float(first.count)).squareRoot()
    #expect(abs(deviation / (1.25 / Float(32 * 9).squareRoot()) - 1) < 0.03)
    #expect(abs(first.reduce(0, +) / Float(first.count)) < deviation / 20)
  }

  /// Vigna's splitmix64.c with the state 1234567.
  @Test func splitMix64IsThePublishedOne() {
    var generator = SplitMix64(state: 1_234_567)
    let published: [UInt64] = [
      6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423, 4_593_380_528_125_082_431,
      16_408_922_859_458_223_821,
    ]
    for value in published { #expect(generator.next() == value) }
  }
}
