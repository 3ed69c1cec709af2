// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeRuntime
import LiaeSystem
import LiaeTensor
import LiaeTestSupport

/// The outputs that a run is asked for.
struct Wanted: OptionSet, CustomStringConvertible {
  let rawValue: Int
  static let rgb = Wanted(rawValue: 1)
  static let mask = Wanted(rawValue: 2)
  static let destinationMask = Wanted(rawValue: 4)
  static let all: Wanted = [.rgb, .mask, .destinationMask]
  static let everyCombination = (1...7).map { Wanted(rawValue: $0) }

  var description: String {
    [(Wanted.rgb, "rgb"), (.mask, "mask"), (.destinationMask, "dst mask")].filter { contains($0.0) }.map(\.1)
      .joined(separator: "+")
  }
}

/// The results of a run: flat (H,W,C) floats for each image in the model's channel order; empty where not asked for.
struct Pictures: Equatable {
  var rgb: [[Float]] = []
  var mask: [[Float]] = []
  var destinationMask: [[Float]] = []

  init() {}

  /// The three outputs by name, each in one list.
  var parts: [(name: String, values: [Float])] {
    [("rgb", Array(rgb.joined())), ("mask", Array(mask.joined())), ("dst mask", Array(destinationMask.joined()))]
  }

  /// All values in one list.
  var flat: [Float] { parts.flatMap(\.values) }
}

extension Context {
  convenience init(_ plan: Plan, threads: Int = 1, maxBatch: Int = 1) throws(LiaeError) {
    var options = ContextOptions()
    options.threads = threads
    options.maxBatch = maxBatch
    try self.init(plan: plan, options: options)
  }

  /// The float format in the model's channel order.
  var colorFormat: PixelFormat { plan.info.colorOrder == .bgr ? .bgrFloat : .rgbFloat }

  func input(_ images: [[Float]]) -> Canvas {
    Canvas(
      images: images.count, side: plan.architecture.resolution, format: colorFormat, values: Array(images.joined()))
  }

  /// Runs on float images (resolution, resolution, 3) in the model's channel order.
  func pictures(_ mode: RunMode, _ images: [[Float]], _ wanted: Wanted = .all) throws(LiaeError) -> Pictures {
    func canvas(_ part: Wanted, _ side: Int, _ format: PixelFormat) -> Canvas? {
      wanted.contains(part) ? Canvas(images: images.count, side: side, format: format) : nil
    }
    let rgb = canvas(.rgb, plan.architecture.rgbSide, colorFormat)
    let mask = canvas(.mask, plan.architecture.maskSide, .grayFloat)
    let destinationMask = canvas(.destinationMask, plan.architecture.maskSide, .grayFloat)
    try run(mode, input(images), rgb: rgb, mask: mask, destinationMask: destinationMask)
    var result = Pictures()
    result.rgb = rgb?.floats ?? []
    result.mask = mask?.floats ?? []
    result.destinationMask = destinationMask?.floats ?? []
    return result
  }

  /// `run` on canvases; nil leaves an output out.
  func run(
    _ mode: RunMode, _ input: Canvas, rgb: Canvas? = nil, mask: Canvas? = nil, destinationMask: Canvas? = nil
  ) throws(LiaeError) {
    // Views do not keep a canvas alive.
    defer { withExtendedLifetime((input, rgb, mask, destinationMask)) {} }
    try run(
      mode, inputs: input.views, rgb: rgb?.mutableViews, mask: mask?.mutableViews,
      destinationMask: destinationMask?.mutableViews)
  }

  /// `run` on lists of views.
  func run(
    _ mode: RunMode, inputs: [ImageView], rgb: [MutableImageView]? = nil, mask: [MutableImageView]? = nil,
    destinationMask: [MutableImageView]? = nil
  ) throws(LiaeError) {
    try inputs.withUnsafeBufferPointer { (inputs) throws(LiaeError) in
      try (rgb ?? []).withUnsafeBufferPointer { (rgbViews) throws(LiaeError) in
        try (mask ?? []).withUnsafeBufferPointer { (maskViews) throws(LiaeError) in
          try (destinationMask ?? []).withUnsafeBufferPointer { (destinationViews) throws(LiaeError) in
            try run(
              mode, inputs: inputs, rgb: rgb == nil ? nil : rgbViews, mask: mask == nil ? nil : maskViews,
              destinationMask: destinationMask == nil ? nil : destinationViews)
          }
        }
      }
    }
  }
}

/// Smooth and noisy pictures of a seed.
func testImages(_ count: Int, side: Int, seed: UInt64) -> [[Float]] {
  var random = SplitMix64(state: seed)
  return (0..<count).map { image in
    let phase = random.floats(6)
    return (0..<side * side * 3).map { i in
      let (pixel, channel) = (i / 3, i % 3)
      let (x, y) = (Float(pixel % side) / Float(side), Float(pixel / side) / Float(side))
      // Triangle waves: no libm, and edges for the kernels to see.
      let wave = (x * (1 + 3 * phase[channel]) + y * (1 + 3 * phase[3 + channel])).truncatingRemainder(dividingBy: 1)
      return image % 2 == 0 ? abs(2 * wave - 1) : random.uniform()
    }
  }
}
