// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeRuntime
import LiaeSystem
import LiaeTensor
import LiaeTestSupport
import Testing

/// Tests what a caller may get wrong, and what may come in the middle: a status, and a context that still works.
@Suite struct RunErrorTests {
  private static let side = 64

  private func plan(_ family: Architecture.Family = .liae) throws(LiaeError) -> Plan {
    try Plan(
      Model.random(
        Architecture(family: family, options: "u", resolution: Self.side, eDims: 4, aeDims: 6, dDims: 4, dMaskDims: 3),
        seed: 9))
  }

  private func error(_ body: () throws(LiaeError) -> Void) -> LiaeError? {
    do throws(LiaeError) {
      try body()
      return nil
    } catch {
      return error
    }
  }

  @Test func descriptionsThatDoNotFitAreRefused() throws {
    let context = try Context(plan())
    let canvas = context.input(testImages(1, side: Self.side, seed: 1))
    let good = canvas.views[0]
    let rgb = Canvas(images: 1, side: Self.side, format: .bgr8)
    let mask = Canvas(images: 1, side: Self.side, format: .gray8)
    // Views do not keep a canvas alive.
    defer { withExtendedLifetime((canvas, rgb, mask)) {} }
    let changes: [(String, (inout ImageView) -> Void)] = [
      ("width", { $0.width -= 1 }), ("height", { $0.height += 1 }), ("size", { ($0.width, $0.height) = (0, 0) }),
      ("negative", { $0.width = -64 }), ("huge", { ($0.width, $0.height) = (.max, .max) }),
      ("stride", { $0.stride = $0.width * $0.format.size - 1 }), ("stride", { $0.stride = 0 }),
      ("stride", { $0.stride = -$0.stride }), ("stride", { $0.stride = .max }), ("stride", { $0.stride = .min }),
    ]
    for (what, change) in changes {
      var input = good
      change(&input)
      #expect(
        error { () throws(LiaeError) in try context.run(.swap, inputs: [input], rgb: rgb.mutableViews) }?.status
          == .invalidArgument, "input \(what) \(input)")
      func changed(_ view: MutableImageView) -> MutableImageView {
        var copy = ImageView(
          base: good.base, width: view.width, height: view.height, stride: view.stride, format: view.format)
        change(&copy)
        var result = view
        (result.width, result.height, result.stride) = (copy.width, copy.height, copy.stride)
        return result
      }
      for (part, call) in [
        (
          "rgb",
          { (c: Context) throws(LiaeError) in
            try c.run(.swap, inputs: [good], rgb: [changed(rgb.mutableViews[0])])
          }
        ),
        (
          "mask",
          { (c: Context) throws(LiaeError) in
            try c.run(.swap, inputs: [good], mask: [changed(mask.mutableViews[0])])
          }
        ),
        (
          "destination mask",
          { (c: Context) throws(LiaeError) in
            try c.run(.swap, inputs: [good], destinationMask: [changed(mask.mutableViews[0])])
          }
        ),
      ] {
        #expect(error { () throws(LiaeError) in try call(context) }?.status == .invalidArgument, "\(part) \(what)")
      }
    }
    #expect(rgb.isBlank && mask.isBlank)
    try context.run(.swap, inputs: [good], rgb: rgb.mutableViews)
    #expect(!rgb.isBlank)
  }

  @Test func everyInputHasItsOutputs() throws {
    let context = try Context(plan())
    let canvas = context.input(testImages(2, side: Self.side, seed: 1))
    let inputs = canvas.views
    let rgb = Canvas(images: 3, side: Self.side, format: .bgr8)
    let mask = Canvas(images: 3, side: Self.side, format: .gray8)
    defer { withExtendedLifetime((canvas, rgb, mask)) {} }
    for count in [0, 1, 3] {
      let (rgbViews, maskViews) = (Array(rgb.mutableViews.prefix(count)), Array(mask.mutableViews.prefix(count)))
      let errors = [
        error { () throws(LiaeError) in try context.run(.swap, inputs: inputs, rgb: rgbViews) },
        error { () throws(LiaeError) in try context.run(.swap, inputs: inputs, mask: maskViews) },
        error { () throws(LiaeError) in try context.run(.swap, inputs: inputs, destinationMask: maskViews) },
      ]
      for error in errors { #expect(error?.status == .invalidArgument, "\(count) outputs") }
    }
    #expect(rgb.isBlank && mask.isBlank)
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity, .signalingNaN], [0, 1, 63, 64 * 64 * 3 / 2, 64 * 64 * 3 - 1])
  func aPixelThatIsNoNumberIsRefused(value: Float, index: Int) throws {
    let context = try Context(plan(), maxBatch: 2)
    let images = testImages(1, side: Self.side, seed: 1)
    let (good, spoilt) = (context.input(images), context.input(images))
    spoilt.setFloat(value, at: index)
    let rgb = Canvas(images: 2, side: Self.side, format: .bgr8)
    defer { withExtendedLifetime((good, spoilt, rgb)) {} }
    // The spoilt image may also be a later one of the batch.
    for inputs in [[spoilt.views[0], spoilt.views[0]], [good.views[0], spoilt.views[0]]] {
      let refused = error { () throws(LiaeError) in try context.run(.swap, inputs: inputs, rgb: rgb.mutableViews) }
      #expect(refused?.status == .invalidArgument)
    }
    _ = try context.pictures(.swap, images)
  }

  @Test(arguments: [Float(-0.001), 1.001, .nan, .infinity]) func morphHasARange(t: Float) throws {
    let context = try Context(plan())
    let images = testImages(1, side: Self.side, seed: 1)
    #expect(error { () throws(LiaeError) in _ = try context.pictures(.morph(t), images) }?.status == .invalidArgument)
  }

  @Test func aDFNetworkCannotMorph() throws {
    let context = try Context(plan(.df))
    let images = testImages(1, side: Self.side, seed: 1)
    #expect(error { () throws(LiaeError) in _ = try context.pictures(.morph(0.5), images) }?.status == .unsupported)
  }

  // MARK: - In the middle of a run

  /// The behaviour of the progress callback, and what it saw.
  private final class Watcher {
    var shares: [Float] = []
    var onFirst: (() -> Void)?
  }

  private func watched(_ watcher: Watcher) throws -> Context {
    var options = ContextOptions()
    options.threads = 1
    options.progress = { userData, share in
      guard let userData else { return }
      let watcher = Unmanaged<Watcher>.fromOpaque(userData).takeUnretainedValue()
      watcher.shares.append(share)
      if watcher.shares.count == 1 { watcher.onFirst?() }
    }
    options.progressUserData = Unmanaged.passUnretained(watcher).toOpaque()
    return try Context(plan: plan(), options: options)
  }

  @Test(arguments: Wanted.everyCombination) func progressGoesForwardToTheEnd(wanted: Wanted) throws {
    let watcher = Watcher()
    defer { withExtendedLifetime(watcher) {} }
    let context = try watched(watcher)
    _ = try context.pictures(.swap, testImages(3, side: Self.side, seed: 1), wanted)
    #expect(watcher.shares.count > 3)
    #expect(zip(watcher.shares, watcher.shares.dropFirst()).allSatisfy { $0 <= $1 })
    #expect(watcher.shares.first.map { $0 > 0 && $0 < 1 } == true)
    #expect(watcher.shares.last == 1, "\(wanted)")
  }

  @Test func aRunningContextIsBusy() throws {
    let watcher = Watcher()
    defer { withExtendedLifetime(watcher) {} }
    let context = try watched(watcher)
    let images = testImages(1, side: Self.side, seed: 1)
    var inner: LiaeError?
    watcher.onFirst = { inner = self.error { () throws(LiaeError) in _ = try context.pictures(.swap, images) } }
    let outer = try context.pictures(.swap, images)
    #expect(inner?.status == .busy)
    watcher.onFirst = nil
    #expect(isBitEqual(outer.flat, try context.pictures(.swap, images).flat))
  }

  @Test func aCancelledRunEndsAndTheNextOneDoesNot() throws {
    let watcher = Watcher()
    defer { withExtendedLifetime(watcher) {} }
    let context = try watched(watcher)
    let images = testImages(2, side: Self.side, seed: 1)
    watcher.onFirst = { context.cancel() }
    #expect(error { () throws(LiaeError) in _ = try context.pictures(.swap, images) }?.status == .cancelled)
    #expect(watcher.shares.count < 5)
    watcher.onFirst = nil
    let after = try context.pictures(.swap, images)
    #expect(isBitEqual(after.flat, try Context(context.plan).pictures(.swap, images).flat))
  }

  @Test func cancellingAnIdleContextDoesNothing() throws {
    let context = try Context(plan())
    context.cancel()
    _ = try context.pictures(.swap, testImages(1, side: Self.side, seed: 1))
  }
}
