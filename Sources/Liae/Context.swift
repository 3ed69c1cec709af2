// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeGraph
import LiaeRuntime
import LiaeSwap
import LiaeSystem
import LiaeTensor

/// The workspace and the threads of runs of a model. For one thread at a time: make one for each; `cancel` may come from any.
public final class Context: @unchecked Sendable {
  /// Selects the face that a run makes.
  public enum Mode: Sendable, Equatable {
    case swap, reconstructDestination, reconstructSource
    /// 0...1 from the destination to the source; of models that `canMorph`.
    case morph(Float)

    var runMode: RunMode {
      switch self {
      case .swap: return .swap
      case .reconstructDestination: return .reconstructDestination
      case .reconstructSource: return .reconstructSource
      case .morph(let share): return .morph(share)
      }
    }
  }

  /// Images that a run returns for one face.
  public struct Output: Sendable {
    /// 8-bit RGB or float RGB, as the face that was given; nil: not asked for.
    public var picture: Image?
    /// Gray; nil: not asked for.
    public var mask: Image?
    /// The mask of the destination face; nil: not asked for.
    public var destinationMask: Image?
  }

  public let model: Model
  private let context: LiaeRuntime.Context

  /// - Parameters:
  ///   - threads: of one run, the caller's included; 0: one for each processor.
  ///   - memoryLimit: bytes that the context and each of its calls may take; 0: no limit.
  /// - Throws: `invalidArgument`, `outOfMemory`, `threadFailure`, `resourceLimit`.
  public init(_ model: Model, threads: Int = 0, memoryLimit: Int = 0) throws(LiaeFailure) {
    var options = ContextOptions()
    (options.threads, options.memoryLimit) = (threads, memoryLimit)
    self.model = model
    context = try call { () throws(LiaeError) in try LiaeRuntime.Context(plan: model.plan, options: options) }
  }

  /// Runs the network on a face of `model.resolution` pixels square. What is not asked for is not computed.
  ///
  /// - Throws: `invalidArgument` for another size or pixels that are not finite; `unsupported`, `busy`, `cancelled`.
  public func run(
    _ face: Image, mode: Mode = .swap, picture: Bool = true, mask: Bool = true, destinationMask: Bool = false
  ) throws(LiaeFailure) -> Output {
    let isFloat = face.format.pixelFormat.isFloat
    func empty(_ side: Int, _ isWanted: Bool, _ format: Image.Format) throws(LiaeFailure) -> Image? {
      isWanted ? try Image(width: side, height: side, format: format) : nil
    }
    let gray: Image.Format = isFloat ? .grayFloat : .gray8
    var output = Output(
      picture: try empty(model.pictureSide, picture, isFloat ? .rgbFloat : .rgb8),
      mask: try empty(model.maskSide, mask, gray), destinationMask: try empty(model.maskSide, destinationMask, gray))
    try call { () throws(LiaeError) in
      try face.read { (face) throws(LiaeError) in
        try Self.write(&output.picture) { (picture) throws(LiaeError) in
          try Self.write(&output.mask) { (mask) throws(LiaeError) in
            try Self.write(&output.destinationMask) { (destinationMask) throws(LiaeError) in
              try context.run(mode.runMode, face, rgb: picture, mask: mask, destinationMask: destinationMask)
            }
          }
        }
      }
    }
    return output
  }

  /// The mask of a face of `model.resolution` pixels square, 1 where nothing covers it, by a model that `segments`.
  ///
  /// - Throws: as `run`; `unsupported` for a model that swaps.
  public func segment(_ face: Image) throws(LiaeFailure) -> Image {
    let side = model.maskSide
    var mask: Image? = try Image(
      width: side, height: side, format: face.format.pixelFormat.isFloat ? .grayFloat : .gray8)
    try call { () throws(LiaeError) in
      try face.read { (face) throws(LiaeError) in
        try Self.write(&mask) { (mask) throws(LiaeError) in
          try context.run(.segment, face, rgb: nil, mask: mask, destinationMask: nil)
        }
      }
    }
    guard let mask else { return try Image(width: side, height: side, format: .gray8) }
    return mask
  }

  /// The frame with one face swapped.
  ///
  /// - Parameters:
  ///   - xseg: of a model that `segments`, for the mask modes of XSeg; nil: there is none.
  ///   - landmarks: 68 points in iBUG's order, or 5, in pixels of the frame; the first pixel's centre is (0, 0).
  /// - Throws: `invalidArgument` for landmarks that cannot be a face's or lie outside, and for a model whose face type is not
  ///   known; `busy`, `cancelled`, `outOfMemory`, `resourceLimit`.
  public func swap(
    _ frame: Image, landmarks: [SIMD2<Float>], mode: Mode = .swap, options: CompositeOptions = CompositeOptions(),
    xseg: Context? = nil
  ) throws(LiaeFailure) -> Image {
    try swap(frame, faces: [landmarks], mode: mode, options: options, xseg: xseg)
  }

  /// The frame with all faces swapped, one after the other.
  ///
  /// - Throws: as for one face.
  public func swap(
    _ frame: Image, faces: [[SIMD2<Float>]], mode: Mode = .swap, options: CompositeOptions = CompositeOptions(),
    xseg: Context? = nil
  ) throws(LiaeFailure) -> Image {
    var result = frame
    try call { () throws(LiaeError) in
      let swapper = FrameSwapper(options: options.options, mode: mode.runMode)
      let inputs = try faces.map { (points) throws(LiaeError) in
        var face = FrameFace(
          landmarks: try Landmarks(points.map { Point(Double($0.x), Double($0.y)) }), context: context)
        face.xseg = xseg?.context
        return face
      }
      try frame.read { (frame) throws(LiaeError) in
        try result.write { (result) throws(LiaeError) in
          _ = try swapper.swap(frame, inputs, into: result, mask: nil)
        }
      }
    }
    return result
  }

  /// Ends the call that is under way with `cancelled`, soon. One that starts later is not affected.
  public func cancel() { context.cancel() }

  private static func write(
    _ image: inout Image?, _ body: (MutableImageView?) throws(LiaeError) -> Void
  ) throws(LiaeError) {
    guard var written = image else { return try body(nil) }
    // Not held twice while it is written: no copy is made.
    image = nil
    defer { image = written }
    try written.write { (view) throws(LiaeError) in try body(view) }
  }
}
