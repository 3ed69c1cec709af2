// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeFrame
import LiaeImageIO
import LiaeRuntime
import LiaeSwap
import LiaeSystem

/// The mask of an aligned face by an XSeg model, as DeepFaceLab's `xseg apply` stores it: 0 or 1, of the network's side.
///
/// Where the model was trained on another part of the head than the face shows, the face is aligned anew for it, and the
/// mask is brought back.
package struct FaceSegmentation {
  private let context: Context
  /// The part of the head that the model was trained on; nil: that of each face.
  private let type: FaceType?

  /// - Parameters:
  ///   - type: overrules what the model's file says.
  ///   - followsFaces: whether faces are taken as they are, whatever the file says.
  /// - Throws: `unsupported` for a model that swaps, or whose face type is not known to this library.
  package init(_ context: Context, type: FaceType?, followsFaces: Bool = false) throws(LiaeError) {
    try context.plan.requireSegmenting()
    self.context = context
    let isKnown = !followsFaces && context.plan.info.faceType != nil
    self.type = if let type { type } else if isKnown { try context.faceType() } else { nil }
  }

  /// The side of masks, pixels.
  package var side: Int { context.plan.architecture.resolution }

  /// - Throws: `corruptFile` for metadata that do not tell where the face is in its frame and for a picture that is no
  ///   square; as runs.
  package func mask(of picture: Picture, _ metadata: FaceMetadata) throws(LiaeError) -> MaskCanvas {
    let image = try ColorCanvas(picture)
    let map = try map(metadata, width: image.width, height: image.height)
    let found = try context.segmented(try input(image, map))
    var mask = found
    if let map {
      mask = try found.resizedByLanczos(width: image.width, height: image.height)
        .warpedByLanczos(map, width: image.width, height: image.height)
        .resizedByLanczos(width: side, height: side)
    }
    for i in 0..<mask.count { mask.pixels[i] = mask.pixels[i] < 0.5 ? 0 : 1 }
    return mask
  }

  /// The network's picture. Lanczos goes beyond 0...1, and the network sees it.
  ///
  /// - Parameter map: from the face to the part of the head that the model sees; nil: it sees the face as it is.
  package func input(_ image: ColorCanvas, _ map: Affine?) throws(LiaeError) -> ColorCanvas {
    let aligned = try map.map { (map) throws(LiaeError) in
      try image.warped(map.inverse, width: image.width, height: image.height, interpolation: .linear)
    }
    return try (aligned ?? image).resizedByLanczos(width: side, height: side)
  }

  /// The map from the pixels of a face to those of one of the model's type and of the same size; nil where both types are
  /// the same.
  package func map(_ metadata: FaceMetadata, width: Int, height: Int) throws(LiaeError) -> Affine? {
    guard let own = FaceType(rawValue: metadata.faceType) else {
      throw LiaeError(.corruptFile, "the face is \(metadata.faceType), which shows no part of a head that is known")
    }
    guard let type, type != own else { return nil }
    guard width == height else {
      throw LiaeError(.corruptFile, "the face is \(width) x \(height) pixels; expected a square")
    }
    guard let points = metadata.sourceLandmarks else {
      throw LiaeError(.corruptFile, "its metadata lack the landmarks in the frame")
    }
    let landmarks = try Landmarks(points)
    let wanted = try faceTransform(landmarks, size: width, type: type)
    let present = try faceTransform(landmarks, size: width, type: own)
    // Through float32 points, as OpenCV transforms them.
    let side = Float(width)
    let corners = [SIMD2<Float>(0, 0), SIMD2(side, 0), SIMD2(0, side)].map { present.single(wanted.inverse.single($0)) }
    let back = Affine(
      xx: Double(corners[1].x - corners[0].x) / Double(side), xy: Double(corners[2].x - corners[0].x) / Double(side),
      tx: Double(corners[0].x), yx: Double(corners[1].y - corners[0].y) / Double(side),
      yy: Double(corners[2].y - corners[0].y) / Double(side), ty: Double(corners[0].y))
    guard back.isFinite, back.determinant.isNormal else {
      throw LiaeError(.corruptFile, "its landmarks do not place it")
    }
    return back.inverse
  }
}

extension Affine {
  /// A point in single precision.
  fileprivate func single(_ p: SIMD2<Float>) -> SIMD2<Float> {
    SIMD2(Float(xx) * p.x + Float(xy) * p.y + Float(tx), Float(yx) * p.x + Float(yy) * p.y + Float(ty))
  }
}
