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
  private var layers: [FaceLayer] = []

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
    layers.append(try CompositeJob(frame, face, options).layer())
  }

  /// Writes the frame with its faces, and how much of each pixel they are. Both have the frame's size and any format;
  /// `target` may be the frame's own memory. 8-bit values are rounded to the nearest, where DeepFaceLab truncates.
  ///
  /// - Throws: `invalidArgument`: an image of another size; `outOfMemory`, `cancelled`. Nothing is written then.
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
    let region = layers.reduce(Region(width: 0, height: 0)) { $0.union($1.region) }
    // In the formats of the outputs, which take less memory than floats.
    let picture = try target.map { (target) throws(LiaeError) in try ImageCopy(region, like: target) }
    let weights = try mask.map { (mask) throws(LiaeError) in try ImageCopy(region, like: mask) }
    for band in region.bands {
      try CallScope.check()
      let (colors, alpha) = try cropped(to: band)
      if let picture, let target { try picture.write(colors, over: frame, like: target, workers) }
      weights?.write(alpha)
    }
    let frameCopy = try target.map { (target) throws(LiaeError) in try FrameCopy(frame, to: target) }
    try CallScope.finish { () throws(LiaeError) in
      frameCopy?.run()
      if let target { picture?.paste(into: target) }
      if let mask {
        mask.clear()
        weights?.paste(into: mask)
      }
    }
  }

  /// A part of the frame with all faces, and how much of each pixel they are.
  private func cropped(to part: Region) throws(LiaeError) -> (picture: ColorCanvas, alpha: MaskCanvas) {
    if layers.count == 1 { return try layers[0].cropped(to: part) }
    let (picture, mask) = (try frame.canvas(part), try MaskCanvas(part))
    for (index, layer) in layers.enumerated() {
      let common = layer.region.intersection(part)
      guard !common.isEmpty else { continue }
      let (colors, alpha) = try layer.cropped(to: common)
      if index == 0 {
        picture.paste(colors)
        mask.paste(alpha)
        continue
      }
      for y in 0..<common.height {
        for x in 0..<common.width {
          let (X, Y) = (x + common.left - part.left, y + common.top - part.top)
          let a = alpha[x, y]
          picture[X, Y] = picture[X, Y] * (1 - a) + colors[x, y] * a
          mask[X, Y] = min(max(mask[X, Y] + a, 0), 1)
        }
      }
    }
    return (picture, mask)
  }
}

extension Frame {
  /// Returns what the blend raw-predict gives: the face itself, and the mask of its mask mode, neither eroded nor
  /// blurred.
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
