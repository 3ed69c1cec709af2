// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeImageIO
import LiaeRuntime
import LiaeSwap
import LiaeSystem
import LiaeTensor
import LiaeTestSupport
import Testing

/// Frames and landmarks of Tests/golden/merge.
enum GoldenFrame {
  private static let folder = GoldenSet.repository.path("merge")
  private static let points = Result { try NPZ.read("\(folder)/landmarks.npz") }

  static func picture(_ name: String, _ format: PixelFormat = .rgb8) throws -> Picture {
    try Picture.read(path: "\(folder)/frame_\(name).png").converted(to: format)
  }

  static func landmarks(_ name: String) throws -> Landmarks {
    let values = try #require(try points.get()[name]).values
    return try Landmarks((0..<68).map { Point(Double(values[2 * $0]), Double(values[2 * $0 + 1])) })
  }
}

extension Context {
  static func golden(_ name: String, threads: Int = 1) throws -> Context {
    var options = ContextOptions()
    options.threads = threads
    return try Context(plan: Plan(model: GoldenNetwork.repository(name).model()), options: options)
  }
}

extension CompositeOptions {
  /// The networks' weights are random: a mask that does not come from them, with soft edges.
  init(_ change: (inout CompositeOptions) -> Void) {
    self.init()
    (maskMode, blur) = (.destination, 20)
    change(&self)
  }
}

/// A frame and its mask, as bytes.
struct Swapped: Equatable {
  var frame: [UInt8]
  var mask: [UInt8]

  /// The pictures of a call that writes both.
  init(
    like frame: Picture, _ write: (MutableImageView, MutableImageView) throws -> Void
  ) throws {
    let result = try Picture(width: frame.width, height: frame.height, format: frame.format)
    let mask = try Picture(width: frame.width, height: frame.height, format: .grayFloat)
    try write(result.mutableView, mask.mutableView)
    (self.frame, self.mask) = (Array(result.storage.raw), Array(mask.storage.raw))
  }

  init(_ swapper: FrameSwapper, _ frame: Picture, _ faces: [FrameFace]) throws {
    try self.init(like: frame) { result, mask in try swapper.swap(frame.view, faces, into: result, mask: mask) }
    withExtendedLifetime(frame) {}
  }
}

func failure(_ body: () throws -> Void) -> LiaeError? {
  do {
    try body()
    return nil
  } catch { return error as? LiaeError }
}
