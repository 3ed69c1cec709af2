// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeRuntime
import LiaeSystem
import LiaeTestSupport
import Testing

/// Memory that runs out while a model is made ready, and memory that a run does not ask for.
@Suite struct AllocationTests {
  private static let architectures = [
    Architecture(options: "ud", resolution: 64, eDims: 4, aeDims: 6, dDims: 4, dMaskDims: 3),
    Architecture(flavour: .torch, options: "udt", resolution: 64, eDims: 4, aeDims: 6, dDims: 4, dMaskDims: 3),
    Architecture(family: .df, resolution: 64, eDims: 4, aeDims: 6, dDims: 4, dMaskDims: 3),
    Architecture(family: .amp, resolution: 64, eDims: 4, aeDims: 6, dDims: 4, dMaskDims: 3, interDims: 7),
  ]

  @Test(arguments: architectures, Configuration.all)
  func everyFailedAllocationIsAnError(architecture: Architecture, configuration: Configuration) throws {
    let model = try Model.random(architecture, seed: 2)
    let images = testImages(1, side: 64, seed: 1)
    let expected = try Context(Plan(model, configuration)).pictures(.swap, images)
    let planned = failingEveryAllocation { () throws(LiaeError) in
      _ = try Plan(model, configuration)
    }
    #expect(planned.failures > 0 && planned.surprises == [])
    let plan = try Plan(model, configuration)
    let created = failingEveryAllocation { () throws(LiaeError) in _ = try Context(plan, threads: 2, maxBatch: 2) }
    #expect(created.failures > 0 && created.surprises == [])
    #expect(isBitEqual(try Context(plan).pictures(.swap, images).flat, expected.flat))
  }

  /// No run allocates, from the first one on, for any mode, number of images and host.
  @Test(arguments: architectures, [1, 3]) func aRunAllocatesNothing(architecture: Architecture, threads: Int) throws {
    var options = ContextOptions()
    options.threads = threads
    options.maxBatch = 2
    if threads > 1 {
      // All tasks on this thread, whose allocations are the ones that are counted.
      options.parallelFor = { _, count, task, context in for index in 0..<count { task(context, index) } }
    }
    let context = try Context(plan: Plan(Model.random(architecture, seed: 2)), options: options)
    let input = context.input(testImages(3, side: 64, seed: 1))
    let rgb = Canvas(images: 3, side: architecture.rgbSide, format: .bgr8)
    let mask = Canvas(images: 3, side: 64, format: .gray8)
    // Views do not keep a canvas alive.
    defer { withExtendedLifetime((input, rgb, mask)) {} }
    let (inputs, rgbs, masks) = (input.views, rgb.mutableViews, mask.mutableViews)
    let modes: [RunMode] =
      [.swap, .reconstructDestination] + (architecture.family == .df ? [] : [.morph(0.5)]) + [.swap]
    let count = try inputs.withUnsafeBufferPointer { inputs in
      try rgbs.withUnsafeBufferPointer { rgbs in
        try masks.withUnsafeBufferPointer { masks in
          try allocationsOfThisThread {
            for mode in modes { try context.run(mode, inputs: inputs, rgb: rgbs, mask: nil, destinationMask: masks) }
          }
        }
      }
    }
    #expect(count == nil || count == 0)
  }
}
