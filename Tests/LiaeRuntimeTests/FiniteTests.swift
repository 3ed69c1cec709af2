// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeRuntime
import LiaeSystem
import LiaeTensor
import LiaeTestSupport
import Testing

/// Weights and results that are infinite or no numbers.
@Suite struct FiniteTests {
  private static let architecture = Architecture(
    options: "ud", resolution: 64, eDims: 4, aeDims: 6, dDims: 4, dMaskDims: 3)

  /// The model with one element changed, given by its bits.
  private func model(_ name: String, at index: Int, _ bits: UInt32, _ type: DType) throws -> Model {
    let model = try Model.random(Self.architecture, seed: 2).rounded(to: type)
    let old = try model.tensor(name)
    let values = try Bytes.copy(old.raw)
    if type == .float32 {
      values.base.storeBytes(of: bits, toByteOffset: 4 * index, as: UInt32.self)
    } else {
      values.base.storeBytes(of: UInt16(bits), toByteOffset: 2 * index, as: UInt16.self)
    }
    var all = model.tensors
    all[name] = try TensorView(dtype: type, shape: old.shape, storage: values)
    return try Model(architecture: model.architecture, info: model.info, tensors: all)
  }

  private func error(_ model: Model, allowing: Bool = false, memory: MemoryPolicy = .speed) -> LiaeError? {
    var options = PlanOptions()
    (options.allowsNonFinite, options.memory) = (allowing, memory)
    do throws(LiaeError) { _ = try Plan(model: model, options: options) } catch { return error }
    return nil
  }

  /// Infinities and NaN in every type; the greatest finite number beside them.
  @Test(
    arguments: [
      (DType.float32, [0x7f80_0000, 0xff80_0000, 0x7fc0_0000, 0x7f80_0001, 0xffff_ffff], 0x7f7f_ffff),
      (.float16, [0x7c00, 0xfc00, 0x7e00, 0x7c01, 0xffff], 0x7bff),
      (.bfloat16, [0x7f80, 0xff80, 0x7fc0, 0x7f81, 0xffff], 0x7f7f),
    ] as [(DType, [UInt32], UInt32)])
  func everyTypeIsLookedAt(type: DType, bad: [UInt32], good: UInt32) throws {
    let name = "decoder.upscale0.conv1.weight"
    let count = try Model.random(Self.architecture, seed: 2).tensor(name).count
    for bits in bad {
      for index in [0, 1, 15, 16, 17, count / 2, count - 1] {
        let found = error(try model(name, at: index, bits, type))
        #expect(found?.status == .corruptFile && found?.message.contains("\(name): element \(index) is") == true)
      }
    }
    #expect(error(try model(name, at: count - 1, good, type)) == nil)
  }

  /// Weights and biases of every layer, whatever it is packed as.
  @Test(arguments: MemoryPolicy.allCases) func everyTensorIsLookedAt(memory: MemoryPolicy) throws {
    for spec in try Graph(Self.architecture).tensors where !spec.isUnused {
      let last = spec.shape.reduce(1, *) - 1
      let broken = try model(spec.name, at: last, 0x7f80_0000, .float32)
      let found = error(broken, memory: memory)
      #expect(found?.message.contains(spec.name) == true, "\(spec.name)")
      #expect(error(broken, allowing: true, memory: memory) == nil)
    }
  }

  /// Finite weights whose products are not: the run is an error, unless that is allowed.
  @Test(arguments: [false, true]) func resultsAreLookedAt(allowing: Bool) throws {
    let model = try Model.random(Self.architecture, seed: 2)
    var all = model.tensors
    for name in model.tensors.names where name.hasPrefix("decoder.") && name.hasSuffix("weight") {
      let old = try model.tensor(name)
      let values = try Bytes.copy(old.raw)
      let floats = values.base.assumingMemoryBound(to: Float.self)
      for i in 0..<old.count { floats[i] *= 1e30 }
      all[name] = try TensorView(dtype: .float32, shape: old.shape, storage: values)
    }
    var options = PlanOptions()
    options.allowsNonFinite = allowing
    let plan = try Plan(
      model: Model(architecture: model.architecture, info: model.info, tensors: all), options: options)
    let context = try Context(plan: plan)
    let input = [Float](repeating: 0.5, count: 64 * 64 * 3)
    var rgb = [Float](repeating: 0, count: 128 * 128 * 3)
    let side = plan.architecture.rgbSide
    var found: LiaeError?
    input.withUnsafeBytes { input in
      rgb.withUnsafeMutableBytes { rgb in
        guard let i = input.baseAddress, let r = rgb.baseAddress else { return }
        do throws(LiaeError) {
          try context.run(
            .swap, ImageView(base: i, width: 64, height: 64, stride: 64 * 12, format: .bgrFloat),
            rgb: MutableImageView(base: r, width: side, height: side, stride: side * 12, format: .bgrFloat),
            mask: nil, destinationMask: nil)
        } catch { found = error }
      }
    }
    #expect(found?.status == (allowing ? nil : .invalidArgument))
    #expect(rgb.contains { $0.isNaN } == allowing)
  }
}
