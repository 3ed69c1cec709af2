// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeGraph
import LiaeRuntime
import LiaeSystem
import LiaeTensor

/// Faces of a frame out, through their models, and back in.
package struct FrameSwapper {
  package var options: CompositeOptions
  package var mode: RunMode
  /// True if all masks are computed, also those that the mask mode does not need.
  package var computesAllMasks: Bool

  package init(options: CompositeOptions, mode: RunMode = .swap, computesAllMasks: Bool = false) {
    (self.options, self.mode, self.computesAllMasks) = (options, mode, computesAllMasks)
  }

  /// The frame with its faces swapped, and how much of each pixel they are.
  ///
  /// - Parameters:
  ///   - predicted: what the models made of these faces in another call, with every mask; nil: they are run.
  ///   - target, mask: of the frame's size and any format; `target` may be the frame's own memory. nil: not wanted.
  ///     Nothing is written before all faces have succeeded. Without faces the frame is copied, and the mask is black.
  /// - Returns: what the models made, in the order of the faces.
  /// - Throws: `invalidArgument` (landmarks, sizes, options, each naming the face), `busy`, `cancelled`, `unsupported`,
  ///   `outOfMemory`.
  @discardableResult
  package func swap(
    _ image: ImageView, _ faces: [FrameFace], predicted: [SwappedFace]? = nil, into target: MutableImageView?,
    mask: MutableImageView?
  ) throws(LiaeError) -> [SwappedFace] {
    guard options.superResolution == 0 else {
      throw LiaeError(
        .invalidArgument, "super resolution needs an enhanced face: align, run, enhance and composite in steps")
    }
    return try Context.asCall(of: (faces.map(\.context) + faces.compactMap(\.xseg))[...]) { () throws(LiaeError) in
      try swapAll(image, faces, predicted, into: target, mask: mask)
    }
  }

  private func swapAll(
    _ image: ImageView, _ faces: [FrameFace], _ predicted: [SwappedFace]?, into target: MutableImageView?,
    mask: MutableImageView?
  ) throws(LiaeError) -> [SwappedFace] {
    let unchanged = try Compositor(try Frame(image), options: options)
    var swapped = predicted ?? []
    guard predicted == nil || swapped.count == faces.count else {
      throw LiaeError(.invalidArgument, "\(swapped.count) predictions of \(faces.count) faces")
    }
    for (index, face) in faces.enumerated() where predicted == nil {
      do throws(LiaeError) { swapped.append(try predict(image, face)) } catch {
        throw error.within(face.name ?? "face \(index)")
      }
    }
    guard let first = faces.first else {
      try unchanged.write(to: target, mask: mask)
      return []
    }
    try first.context.withThreads { (pool) throws(LiaeError) in
      var compositor = try Compositor(try Frame(image, workers: Workers(pool)), options: options)
      for (index, face) in faces.enumerated() {
        do throws(LiaeError) { try compositor.add(try compositeFace(face, swapped[index])) } catch {
          throw error.within(face.name ?? "face \(index)")
        }
      }
      try compositor.write(to: target, mask: mask)
    }
    return swapped
  }

  /// The face alone: as the model returns it, and with the mask of the mask mode, neither eroded nor blurred.
  ///
  /// - Throws: as `swap`.
  package func rawPrediction(_ image: ImageView, _ face: FrameFace) throws(LiaeError)
    -> (face: SwappedFace, picture: ColorCanvas, mask: MaskCanvas)
  {
    do throws(LiaeError) {
      let swapped = try predict(image, face)
      let raw = try Frame(image).rawPrediction(try compositeFace(face, swapped), options: options)
      return (swapped, raw.picture, raw.mask)
    } catch { throw error.within(face.name ?? "face 0") }
  }

  /// One face out of the frame and through its model.
  private func predict(_ image: ImageView, _ face: FrameFace) throws(LiaeError) -> SwappedFace {
    try face.context.plan.requireSwapping()
    let architecture = face.context.plan.architecture
    let placement = try FacePlacement(face.landmarks, type: face.faceType())
    let aligned = try face.context.withThreads { (pool) throws(LiaeError) in
      try Frame(image, workers: Workers(pool)).aligned(placement, side: architecture.resolution)
    }
    let rgb = try ColorCanvas(width: architecture.rgbSide, height: architecture.rgbSide)
    func emptyMask(_ isNeeded: Bool) throws(LiaeError) -> MaskCanvas? {
      guard isNeeded || computesAllMasks else { return nil }
      return try MaskCanvas(width: architecture.maskSide, height: architecture.maskSide)
    }
    let swapMask = try emptyMask(options.maskMode.needsSwapMask)
    let destinationMask = try emptyMask(options.maskMode.needsDestinationMask)
    try face.context.run(
      mode, ImageView(aligned.crop.view), rgb: rgb.view, mask: swapMask?.view, destinationMask: destinationMask?.view)
    withExtendedLifetime((aligned, rgb, swapMask, destinationMask)) {}
    return SwappedFace(
      rgb: try rgb.extended(to: architecture), swapMask: swapMask, destinationMask: destinationMask, aligned: aligned)
  }

  private func compositeFace(_ face: FrameFace, _ swapped: SwappedFace) throws(LiaeError) -> CompositeFace {
    var result = CompositeFace(swapped.aligned, rgb: swapped.rgb)
    (result.swapMask, result.destinationMask) = (swapped.swapMask, swapped.destinationMask)
    (result.xsegSwap, result.xsegDestination) = (face.xsegSwap, face.xsegDestination)
    if let xseg = face.xseg { result.segmenter = try xseg.segmenter() }
    (result.mask, result.motion, result.smoothing) = (face.mask, face.motion, face.smoothing)
    return result
  }
}

extension Context {
  /// Runs `body` as one call of several contexts.
  package static func asCall<Result>(
    of contexts: ArraySlice<Context>, _ body: () throws(LiaeError) -> Result
  ) throws(LiaeError) -> Result {
    guard let first = contexts.first else { return try body() }
    return try first.asCall { () throws(LiaeError) in try asCall(of: contexts.dropFirst(), body) }
  }
}

extension Canvas where Pixel == Color {
  /// A picture of a network that has no output for its outermost pixels, extended by them to the side of its masks;
  /// any other picture as it is.
  package func extended(to architecture: Architecture) throws(LiaeError) -> ColorCanvas {
    let (inner, side) = (architecture.rgbSide, architecture.maskSide)
    guard inner < side, width == inner, height == inner else { return self }
    let (result, border) = (try ColorCanvas(width: side, height: side), (side - inner) / 2)
    for y in 0..<side {
      for x in 0..<side {
        result[x, y] = self[min(max(x - border, 0), inner - 1), min(max(y - border, 0), inner - 1)]
      }
    }
    return result
  }
}
