// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeImageIO
import LiaeGraph
import LiaeRuntime
import LiaeSwap
import LiaeSystem
import LiaeTensor
import LiaeTestSupport
import Testing

@Suite struct FrameSwapperTests {
  /// Computes what the swapper does, from `LiaeFrame` and `LiaeRuntime`.
  private func byHand(
    _ frame: Picture, _ landmarks: Landmarks, _ context: Context, _ type: FaceType, _ mode: RunMode
  ) throws -> CompositeFace {
    let architecture = context.plan.architecture
    let (side, inner) = (architecture.resolution, architecture.rgbSide)
    let input = try Frame(frame.view).networkInput(FacePlacement(landmarks, type: type), resolution: side)
    let (picture, rgb) = (try ColorCanvas(width: inner, height: inner), try ColorCanvas(width: side, height: side))
    let (swapMask, destinationMask) = (
      try MaskCanvas(width: side, height: side), try MaskCanvas(width: side, height: side)
    )
    try context.run(
      mode, ImageView(input.view), rgb: picture.view, mask: swapMask.view, destinationMask: destinationMask.view)
    withExtendedLifetime((frame, input, picture, swapMask, destinationMask)) {}
    let border = (side - inner) / 2
    for y in 0..<side {
      for x in 0..<side {
        rgb[x, y] = picture[min(max(x - border, 0), inner - 1), min(max(y - border, 0), inner - 1)]
      }
    }
    var face = CompositeFace(landmarks: landmarks, type: type, rgb: rgb)
    (face.swapMask, face.destinationMask) = (swapMask, destinationMask)
    return face
  }

  private func composited(_ frame: Picture, _ faces: [CompositeFace], _ options: CompositeOptions) throws -> Swapped {
    defer { withExtendedLifetime(frame) {} }
    return try Swapped(like: frame) { result, mask in
      var compositor = try Compositor(Frame(frame.view), options: options)
      for face in faces { try compositor.add(face) }
      try compositor.write(to: result, mask: mask)
    }
  }

  private static let options = [
    CompositeOptions { _ in }, CompositeOptions { $0.maskMode = .learnedSum },
    CompositeOptions { ($0.blend, $0.maskMode) = (.seamless, .learnedDestination) },
    CompositeOptions { ($0.maskMode, $0.colorTransfer) = (.full, .sotM) },
  ]

  @Test(arguments: ["liae-udt", "df-ud", "torch-ud", "amp-64"], options.indices)
  func swapIsItsSteps(_ network: String, _ index: Int) throws {
    let (context, frame) = (try Context.golden(network), try GoldenFrame.picture("A"))
    let options = Self.options[index]
    var face = FrameFace(landmarks: try GoldenFrame.landmarks("A"), context: context)
    if network.hasPrefix("torch") { face.type = .whole }
    for mode in [RunMode.swap, .reconstructDestination] + (context.plan.graph.canMorph ? [.morph(0.5)] : []) {
      let found = try Swapped(FrameSwapper(options: options, mode: mode), frame, [face])
      let hand = try byHand(frame, face.landmarks, context, .whole, mode)
      #expect(found == (try composited(frame, [hand], options)))
      #expect(found.frame != Array(frame.storage.raw) && found.mask.contains { $0 != 0 })
    }
  }

  @Test func whatTheModelMadeIsHandedOut() throws {
    let (context, frame) = (try Context.golden("liae-udt"), try GoldenFrame.picture("A"))
    let face = FrameFace(landmarks: try GoldenFrame.landmarks("A"), context: context)
    let hand = try byHand(frame, face.landmarks, context, .whole, .swap)
    for isAll in [false, true] {
      let swapper = FrameSwapper(options: CompositeOptions { _ in }, computesAllMasks: isAll)
      let made = try swapper.swap(frame.view, [face, face], into: nil, mask: nil)
      try #require(made.count == 2)
      for swapped in made {
        #expect(memcmp(swapped.rgb, hand.rgb) && swapped.type == .whole)
        #expect((swapped.swapMask != nil) == isAll && (swapped.destinationMask != nil) == isAll)
        if let a = swapped.swapMask, let b = hand.swapMask { #expect(memcmp(a, b)) }
        if let a = swapped.destinationMask, let b = hand.destinationMask { #expect(memcmp(a, b)) }
        #expect(swapped.matrix == (try faceTransform(face.landmarks, size: 64, type: .whole)))
      }
    }
    withExtendedLifetime(frame) {}
  }

  private func memcmp<Pixel>(_ a: Canvas<Pixel>, _ b: Canvas<Pixel>) -> Bool {
    defer { withExtendedLifetime((a, b)) {} }
    guard a.width == b.width, a.height == b.height else { return false }
    let bytes = a.count * MemoryLayout<Pixel>.stride
    return UnsafeRawBufferPointer(start: a.pixels, count: bytes)
      .elementsEqual(UnsafeRawBufferPointer(start: b.pixels, count: bytes))
  }

  // MARK: - Threads and memory

  private static let costly: [CompositeOptions] =
    ColorTransfer.allCases.map { transfer in CompositeOptions { $0.colorTransfer = transfer } } + [
      CompositeOptions { ($0.blend, $0.erode) = (.seamless, 20) },
      CompositeOptions { ($0.blend, $0.erode) = (.seamlessHistogramMatch, -20) },
      CompositeOptions { $0.blend = .histogramMatch }, CompositeOptions { $0.blend = .rawRGB },
      CompositeOptions { ($0.sharpening, $0.sharpenAmount, $0.motionBlur) = (.gaussian, 20, 50) },
      CompositeOptions { ($0.sharpenAmount, $0.denoise) = (-25, 15) },
      CompositeOptions { ($0.bicubicDegrade, $0.colorDegrade) = (30, 50) },
    ]

  @Test(arguments: costly.indices) func threadsMakeNoDifference(_ index: Int) throws {
    let (options, frame) = (Self.costly[index], try GoldenFrame.picture("D"))
    let landmarks = try ["D0", "D1"].map { try GoldenFrame.landmarks($0) }
    let results = try [1, 2, 3].map { threads in
      let context = try Context.golden("liae-udt", threads: threads)
      return try Swapped(
        FrameSwapper(options: options), frame,
        landmarks.map {
          var face = FrameFace(landmarks: $0, context: context)
          face.motion = Motion(power: 20, degrees: 30)
          return face
        })
    }
    #expect(results[1] == results[0] && results[2] == results[0])
    #expect(results[0].frame != Array(frame.storage.raw))
  }

  @Test(arguments: [PixelFormat.rgb8, .bgrFloat, .bgra8], [0, 9, 14])
  func inPlaceIsTheSame(_ format: PixelFormat, _ option: Int) throws {
    let frame = try GoldenFrame.picture("D", format)
    let swapper = FrameSwapper(options: Self.costly[option])
    let context = try Context.golden("df-ud", threads: 2)
    let faces = try ["D0", "D1"].map { FrameFace(landmarks: try GoldenFrame.landmarks($0), context: context) }
    let expected = try Swapped(swapper, frame, faces)
    let own = try Swapped(like: frame) { result, mask in
      result.base.copyMemory(from: frame.view.base, byteCount: frame.storage.count)
      try swapper.swap(ImageView(result), faces, into: result, mask: mask)
    }
    #expect(own == expected)
  }

  /// Canvases and tables are `Bytes`, which say when there is no memory; nothing is written then.
  @Test(arguments: costly.indices) func everyFailedAllocationIsAnError(_ index: Int) throws {
    let (options, frame) = (Self.costly[index], try GoldenFrame.picture("D"))
    let target = try Picture(width: frame.width, height: frame.height, format: .bgraFloat)
    let mask = try Picture(width: frame.width, height: frame.height, format: .gray8)
    let context = try Context.golden("liae-udt")
    let faces = try ["D0", "D1"].map {
      var face = FrameFace(landmarks: try GoldenFrame.landmarks($0), context: context)
      face.motion = Motion(power: 20, degrees: 30)
      return face
    }
    let swapper = FrameSwapper(options: options, computesAllMasks: true)
    // Tables that are made once are made here; their turn comes in the tests of LiaeFrame.
    let expected = try Swapped(swapper, frame, faces)
    var isBlank = true
    let (failures, surprises) = failingEveryAllocation { () throws(LiaeError) in
      do throws(LiaeError) {
        try swapper.swap(frame.view, faces, into: target.mutableView, mask: mask.mutableView)
      } catch {
        isBlank = isBlank && target.storage.raw.allSatisfy { $0 == 0 } && mask.storage.raw.allSatisfy { $0 == 0 }
        throw error
      }
    }
    #expect(failures > 20 && surprises == [])
    #expect(isBlank, "an output of a call that failed was written")
    #expect(try Swapped(swapper, frame, faces) == expected)
    withExtendedLifetime(frame) {}
  }

  // MARK: - Several faces

  @Test func facesOfTwoModels() throws {
    let frame = try GoldenFrame.picture("D", .rgbFloat)
    let names = ["liae-udt", "df-ud"]
    let contexts = try names.map { try Context.golden($0, threads: 2) }
    let landmarks = try ["D0", "D1"].map { try GoldenFrame.landmarks($0) }
    let options = CompositeOptions { _ in }
    let found = try Swapped(
      FrameSwapper(options: options), frame, zip(landmarks, contexts).map { FrameFace(landmarks: $0, context: $1) })
    let hand = try zip(landmarks, contexts).map { try byHand(frame, $0, $1, .whole, .swap) }
    #expect(found == (try composited(frame, hand, options)))
    let turned = try Swapped(
      FrameSwapper(options: options), frame,
      zip(landmarks, contexts.reversed()).map { FrameFace(landmarks: $0, context: $1) })
    #expect(turned.frame != found.frame && turned.mask == found.mask)
  }

  @Test func noFaces() throws {
    let frame = try GoldenFrame.picture("D")
    let found = try Swapped(FrameSwapper(options: CompositeOptions()), frame, [])
    #expect(found.frame == Array(frame.storage.raw) && found.mask.allSatisfy { $0 == 0 })
  }

  // MARK: - Errors

  @Test func aFailingFaceLeavesTheTargetAlone() throws {
    let frame = try GoldenFrame.picture("D")
    let context = try Context.golden("liae-udt")
    let good = FrameFace(landmarks: try GoldenFrame.landmarks("D0"), context: context)
    var outside = good
    outside.landmarks = try Landmarks(good.landmarks.points.map { $0 + 4000 })
    var flat = good
    flat.landmarks = try Landmarks((0..<68).map { Point(Double($0), Double($0)) })
    // Found when it is set in, after the model has run.
    var withoutMask = good
    withoutMask.mask = try MaskCanvas(width: 3, height: 3)
    var withoutType = good
    withoutType.context = try Context.golden("torch-ud")
    let given = CompositeOptions { $0.maskMode = .given }
    let whole = try MaskCanvas(width: frame.width, height: frame.height)
    for (bad, options, text) in [
      (outside, CompositeOptions(), "outside the frame"), (flat, CompositeOptions(), "landmarks"),
      (withoutMask, given, "3 x 3"), (withoutType, CompositeOptions(), "face_type"),
    ] {
      var first = good
      first.mask = whole
      let target = try Picture(width: frame.width, height: frame.height, format: .rgba8)
      let mask = try Picture(width: frame.width, height: frame.height, format: .grayFloat)
      let error = failure {
        try FrameSwapper(options: options).swap(
          frame.view, [first, bad], into: target.mutableView, mask: mask.mutableView)
      }
      #expect(error?.status == .invalidArgument)
      #expect(error?.message.contains("face 1") == true && error?.message.contains(text) == true, "\(error as Any)")
      #expect(target.storage.raw.allSatisfy { $0 == 0 } && mask.storage.raw.allSatisfy { $0 == 0 })
    }
    withExtendedLifetime(frame) {}
  }

  @Test func optionsAndSizesAreChecked() throws {
    let (context, frame) = (try Context.golden("liae-udt"), try GoldenFrame.picture("A"))
    defer { withExtendedLifetime(frame) {} }
    let face = FrameFace(landmarks: try GoldenFrame.landmarks("A"), context: context)
    let small = try Picture(width: frame.width, height: frame.height - 1, format: .rgb8)
    for faces in [[face], []] {
      func status(_ change: (inout CompositeOptions) -> Void, into target: MutableImageView? = nil) -> Status? {
        failure {
          try FrameSwapper(options: CompositeOptions(change)).swap(frame.view, faces, into: target, mask: nil)
        }?.status
      }
      #expect(status { _ in } == nil)
      #expect(status { $0.erode = 401 } == .invalidArgument)
      #expect(status { $0.superResolution = 50 } == .invalidArgument)
      #expect(status { $0.blend = .rawPredict } == .unsupported)
      #expect(status({ _ in }, into: small.mutableView) == .invalidArgument)
    }
    #expect(small.storage.raw.allSatisfy { $0 == 0 })
    let df = FrameFace(landmarks: face.landmarks, context: try Context.golden("df-ud"))
    let morph = FrameSwapper(options: CompositeOptions(), mode: .morph(0.5))
    #expect(failure { try morph.swap(frame.view, [face], into: nil, mask: nil) } == nil)
    #expect(failure { try morph.swap(frame.view, [df], into: nil, mask: nil) }?.status == .unsupported)
  }

  @Test func aContextThatRunsIsBusy() throws {
    let (context, frame) = (try Context.golden("liae-udt"), try GoldenFrame.picture("A"))
    let face = FrameFace(landmarks: try GoldenFrame.landmarks("A"), context: context)
    let swapper = FrameSwapper(options: CompositeOptions())
    let error = failure {
      try context.withThreads { (_) throws(LiaeError) in _ = try swapper.swap(frame.view, [face], into: nil, mask: nil)
      }
    }
    #expect(error?.status == .busy)
    #expect(failure { try swapper.swap(frame.view, [face], into: nil, mask: nil) } == nil)
    withExtendedLifetime(frame) {}
  }
}
