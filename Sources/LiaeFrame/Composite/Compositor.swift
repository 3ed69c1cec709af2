// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeTensor

/// Sets faces into a frame, one after the other, each as if the others were not there; then writes the result.
///
/// Source: DeepFaceLab's MergeMaskedFace and MergeMasked, docs/frames.md. Work is done where the faces are:
/// elsewhere the result is the frame, bit for bit.
package struct Compositor {
  package let frame: Frame
  let options: CompositeOptions
  private let workers: Workers
  /// What has changed so far, and by how much; nil: nothing.
  private var result: ColorCanvas?
  private var alpha: MaskCanvas?

  /// - Throws: `invalidArgument` where an option is out of range; `unsupported` for raw-predict, which has no frame.
  package init(_ frame: Frame, options: CompositeOptions) throws(LiaeError) {
    try options.check()
    guard options.blend != .rawPredict else {
      throw LiaeError(.unsupported, "raw-predict is the face itself: run the model, there is nothing to composite")
    }
    (self.frame, self.options, workers) = (frame, options, frame.workers)
  }

  /// Sets a face in.
  ///
  /// - Throws: `invalidArgument`, `outOfMemory`; what was set in before stays.
  package mutating func add(_ face: CompositeFace) throws(LiaeError) {
    let patch = try CompositeJob(frame, face, options).patch()
    guard let result, let alpha else {
      (result, alpha) = (patch.picture, patch.alpha)
      return
    }
    let whole = result.region.union(patch.picture.region)
    let (picture, mask) = (try frame.canvas(whole), try MaskCanvas(whole))
    picture.paste(result)
    mask.paste(alpha)
    for y in 0..<patch.picture.height {
      for x in 0..<patch.picture.width {
        let (X, Y) = (x + patch.picture.left - whole.left, y + patch.picture.top - whole.top)
        let a = patch.alpha[x, y]
        picture[X, Y] = picture[X, Y] * (1 - a) + patch.picture[x, y] * a
        mask[X, Y] = min(max(mask[X, Y] + a, 0), 1)
      }
    }
    (self.result, self.alpha) = (picture, mask)
  }

  /// Writes the frame with its faces, and how much of each pixel they are. Both have the frame's size and any format;
  /// `target` may be the frame's own memory. 8-bit values are rounded to the nearest, where DeepFaceLab truncates.
  ///
  /// - Throws: `invalidArgument`: an image of another size.
  package func write(to target: MutableImageView?, mask: MutableImageView?) throws(LiaeError) {
    for image in [target, mask].compactMap(\.self) {
      try image.check("the output")
      guard image.width == frame.image.width, image.height == frame.image.height else {
        throw LiaeError(
          .invalidArgument,
          "the output is \(image.width) x \(image.height) pixels; expected the frame's \(frame.image.width) x \(frame.image.height)"
        )
      }
    }
    if let target {
      try frame.copy(to: target)
      result?.write(to: target, workers: workers)
    }
    if let mask {
      mask.clear()
      alpha?.write(to: mask)
    }
  }
}

extension Frame {
  /// What the blend raw-predict gives: the face itself, and the mask of its mask mode, neither eroded nor blurred.
  package func rawPrediction(
    _ face: CompositeFace, options: CompositeOptions
  ) throws(LiaeError) -> (picture: ColorCanvas, mask: MaskCanvas) {
    try options.check()
    var options = options
    options.blend = .rawPredict
    return try CompositeJob(self, face, options).rawPrediction()
  }

  func canvas(_ region: Region) throws(LiaeError) -> ColorCanvas {
    try ColorCanvas(reading: image, region, workers: workers)
  }

  /// The frame as it is. Same formats are copied byte by byte.
  func copy(to target: MutableImageView) throws(LiaeError) {
    if image.format == target.format {
      guard image.base != UnsafeRawPointer(target.base) || image.stride != target.stride else { return }
      for y in 0..<image.height {
        (target.base + y * target.stride).copyMemory(
          from: image.base + y * image.stride, byteCount: image.width * image.format.size)
      }
      return
    }
    // Read first: what can fail comes before anything is written, and both may be the same memory. Alpha that the frame
    // does not have is opaque.
    let picture = try canvas(region)
    target.fillAlpha()
    picture.write(to: target, workers: workers)
  }
}

extension MutableImageView {
  /// All colours 0, alpha opaque.
  fileprivate func clear() {
    for y in 0..<height {
      (base + y * stride).initializeMemory(as: UInt8.self, repeating: 0, count: width * format.size)
    }
    fillAlpha()
  }
}

extension Canvas {
  /// Copies what lies inside this canvas, and inside `part` where there is one.
  func paste(_ other: Canvas, _ part: Region? = nil) {
    let common = region.intersection(other.region).intersection(part ?? other.region)
    for y in common.top..<common.bottom {
      let from = other.pixels + (y - other.top) * other.width + common.left - other.left
      (pixels + (y - top) * width + common.left - left).update(from: from, count: common.width)
    }
    withExtendedLifetime((self, other)) {}
  }
}
