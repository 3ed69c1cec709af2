// SPDX-License-Identifier: Apache-2.0
import LiaeDispatch
import LiaeGraph
import LiaeKernelsReference
import LiaeRuntime
import LiaeSystem
import LiaeTensor
import LiaeTestSupport
import Testing

/// XSeg networks of other sizes than DeepFaceLab's, and what a caller may get wrong with them.
@Suite struct XSegTests {
  private static let small = Architecture.xseg(resolution: 64, baseDims: 3)

  /// Widths below, at and past whole vectors, sides that tiles do not divide.
  @Test(arguments: [(64, 1), (64, 5), (64, 17), (128, 3), (192, 8), (320, 2)], Configuration.all)
  func randomNetworks(shape: (side: Int, base: Int), configuration: Configuration) throws {
    let model = try Model.random(.xseg(resolution: shape.side, baseDims: shape.base), seed: UInt64(shape.base))
    let images = testImages(3, side: shape.side, seed: 4)
    let reference = try ReferenceNetwork(model: model, backend: .openBLAS)
    let context = try Context(Plan(model, configuration), threads: 1, maxBatch: 2)
    let masks = try context.masks(images)
    for (image, mask) in zip(images, masks) {
      let comparison = Comparison(mask, try reference.segment(image: image))
      #expect(comparison.maximum <= GoldenXSeg.maskTolerance, "\(shape) \(configuration): \(comparison)")
    }
    // The same bits for any number of threads and images.
    let others = try Context(Plan(model, configuration), threads: 3).masks(images)
    for (mask, other) in zip(masks, others) { #expect(isBitEqual(mask, other), "\(shape) \(configuration)") }
  }

  @Test func modesOfTheOtherKindAreRefused() throws {
    let context = try Context(Plan(Model.random(Self.small)))
    let swap = try Context(
      Plan(Model.random(Architecture(resolution: 64, eDims: 4, aeDims: 6, dDims: 4, dMaskDims: 3))))
    let input = context.input(testImages(1, side: 64, seed: 1))
    let (rgb, mask) = (
      Canvas(images: 1, side: 64, format: .bgr8), Canvas(images: 1, side: 64, format: .gray8)
    )
    func status(_ body: () throws(LiaeError) -> Void) -> Status? {
      do throws(LiaeError) {
        try body()
        return nil
      } catch { return error.status }
    }
    for mode in [RunMode.swap, .reconstructDestination, .reconstructSource, .morph(0.5)] {
      #expect(status { () throws(LiaeError) in try context.run(mode, input, mask: mask) } == .unsupported)
    }
    #expect(status { () throws(LiaeError) in try swap.run(.segment, input, mask: mask) } == .unsupported)
    #expect(status { () throws(LiaeError) in try context.run(.segment, input, rgb: rgb) } == .unsupported)
    #expect(
      status { () throws(LiaeError) in try context.run(.segment, input, mask: mask, destinationMask: mask) }
        == .unsupported)
    #expect(status { () throws(LiaeError) in try context.run(.segment, input) } == .invalidArgument)
    #expect(rgb.isBlank && mask.isBlank)
    #expect(status { () throws(LiaeError) in try context.run(.segment, input, mask: mask) } == nil && !mask.isBlank)
  }

  /// A channel without signal and an epsilon of 0 give no number, which is said; so do weights that are none.
  @Test func whatIsNotFinite() throws {
    var tensors = try Model.random(Self.small).tensors
    let zero = try TensorView.of([Float](repeating: 0, count: 81), as: .float32, shape: [3, 3, 3, 3])
    tensors["xseg.conv01.conv.weight"] = zero
    tensors["xseg.conv01.conv.bias"] = try TensorView.of([Float](repeating: 0, count: 3), as: .float32, shape: [3])
    tensors["xseg.conv01.frn.eps"] = try TensorView.of([0], as: .float32, shape: [1])
    let model = try Model(architecture: Self.small, info: ModelInfo(origin: .random), tensors: tensors)
    let images = testImages(1, side: 64, seed: 1)
    #expect(throws: LiaeError.self) { _ = try Context(Plan(model)).masks(images) }
    for name in ["xseg.up3.frn.eps", "xseg.conv12.tlu.tau", "xseg.uconv01.frn.weight"] {
      var tensors = try Model.random(Self.small).tensors
      let shape = try #require(tensors[name]).shape
      tensors[name] = try TensorView.of([Float](repeating: .nan, count: shape[0]), as: .float32, shape: shape)
      let model = try Model(architecture: Self.small, info: ModelInfo(origin: .random), tensors: tensors)
      do {
        _ = try Plan(model)
        Issue.record("\(name) was taken")
      } catch { #expect(error.status == .corruptFile && error.message.contains(name), "\(error.message)") }
    }
  }

  @Test(arguments: [1, 3]) func aRunAllocatesNothing(threads: Int) throws {
    var options = ContextOptions()
    (options.threads, options.maxBatch) = (threads, 2)
    if threads > 1 {
      options.parallelFor = { _, count, task, context in for index in 0..<count { task(context, index) } }
    }
    let context = try Context(plan: Plan(Model.random(Self.small)), options: options)
    let (input, mask) = (
      context.input(testImages(3, side: 64, seed: 1)), Canvas(images: 3, side: 64, format: .gray8)
    )
    defer { withExtendedLifetime((input, mask)) {} }
    let count = try input.views.withUnsafeBufferPointer { inputs in
      try mask.mutableViews.withUnsafeBufferPointer { masks in
        try allocationsOfThisThread {
          for _ in 0..<2 { try context.run(.segment, inputs: inputs, rgb: nil, mask: masks, destinationMask: nil) }
        }
      }
    }
    #expect(count == nil || count == 0)
  }

  @Test(arguments: Configuration.all) func everyFailedAllocationIsAnError(configuration: Configuration) throws {
    let model = try Model.random(Self.small)
    let planned = failingEveryAllocation { () throws(LiaeError) in _ = try Plan(model, configuration) }
    #expect(planned.failures > 0 && planned.surprises == [])
    let plan = try Plan(model, configuration)
    let created = failingEveryAllocation { () throws(LiaeError) in _ = try Context(plan, threads: 2, maxBatch: 2) }
    #expect(created.failures > 0 && created.surprises == [])
  }
}
