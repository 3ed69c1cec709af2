// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// The map from pixels to the unit square of `FaceTemplate.flat`, by brows, nose, eyes and the mouth's corners: jaw and
/// lips move with what is said. Source: umeyama in get_transform_mat of DeepFaceLab; 5 points go onto the middles of
/// the template's eyes, its nose tip and the corners of its mouth.
///
/// - Throws: `invalidArgument` for degenerate landmarks, as `Affine.similarity`.
package func templateTransform(_ landmarks: Landmarks) throws(LiaeError) -> Affine {
  let (points, template) = templatePairs(landmarks)
  return try .similarity(from: points, to: template)
}

/// The landmarks that place a face, and where the template has them.
private func templatePairs(_ landmarks: Landmarks) -> (points: [Point], template: [Point]) {
  let first = FaceTemplate.flatFirst
  switch landmarks.kind {
  case .sixtyEight:
    let used = Array(17...48) + [54]
    return (used.map { landmarks.points[$0] }, used.map { FaceTemplate.flat[$0 - first] })
  case .five:
    func middle(_ range: ClosedRange<Int>) -> Point {
      range.reduce(Point.zero) { $0 + FaceTemplate.flat[$1 - first] } / Double(range.count)
    }
    let template = [middle(36...41), middle(42...47)] + [30, 48, 54].map { FaceTemplate.flat[$0 - first] }
    return (landmarks.points, template)
  }
}

extension Landmarks {
  /// True if left and right look exchanged: a mirrored template fits more than twice as well as the template.
  ///
  /// A profile resembles both; beyond it the eyes are still in their order.
  var lookMirrored: Bool {
    let (points, template) = templatePairs(self)
    let (direct, mirrored) = similarities(points, template)
    return mirrored > 2 * direct
  }
}

/// The square that a face's landmarks and its type mark in their frame: crops of every size and scale are this square.
///
/// Corners are float32, as in DeepFaceLab: a map of its own would agree less with crops that exist. Source:
/// get_transform_mat of DeepFaceLab.
package struct FacePlacement: Sendable {
  package let landmarks: Landmarks
  package let type: FaceType
  private let center: SIMD2<Float>
  /// The diagonals of the square of the template, from the upper left to the lower right and from the lower left to the
  /// upper right.
  private let falling, rising: SIMD2<Float>

  /// - Throws: `invalidArgument` for landmarks that fix no face: in one place, on one line, too small for their distance
  ///   from the frame's corner, or with left and right exchanged.
  package init(_ landmarks: Landmarks, type: FaceType) throws(LiaeError) {
    (self.landmarks, self.type) = (landmarks, type)
    let toTemplate = try templateTransform(landmarks)
    guard !landmarks.lookMirrored else {
      throw LiaeError(
        .invalidArgument,
        "the landmarks fit a mirrored face alone: left and right are exchanged. Left is what is left in the picture; a "
          + "detector that ran on a mirrored picture gives the points of that one")
    }
    let square = TemplateSquare(in: toTemplate)
    let farthest = landmarks.points.reduce(1) { max($0, abs($1.x), abs($1.y)) }
    // Float32 places a corner to 2^-24 of its coordinate: what is smaller than 2^-14 of it turns by its rounding.
    let smallest = max(1, farthest / 16384)
    guard square.side >= smallest else {
      let hint =
        farthest <= 2
        ? ". Coordinates are pixels: these look as if they were divided by the frame's width and height" : ""
      throw LiaeError(
        .invalidArgument,
        "the landmarks show a face \(square.side) pixels wide; \(smallest) or more are needed there\(hint)")
    }
    var center = square.center
    if type == .whole { center += (square.topLeft - square.bottomLeft) * 0.07 }
    if type == .head {
      let yaw = landmarks.kind == .five ? 0 : FacePose.averagedYaw(landmarks.points.map { toTemplate($0) })
      // Damped where it is small: a face seen from the front stays in the middle.
      center -= (square.topLeft - square.topRight) * Float(yaw * abs(Math.tanh(yaw * 2)) / 2)
      center += (square.topLeft - square.bottomLeft) * 0.5
    }
    self.center = center
    (falling, rising) = (square.bottomRight - square.topLeft, square.topRight - square.bottomLeft)
  }

  /// The map from the frame's pixels to those of a crop of `size` x `size`: (0, 0) is the crop's first pixel, and its
  /// right and lower edges go to `size`.
  ///
  /// - Parameters:
  ///   - size: 1...16384.
  ///   - scale: enlarges the face, 0.01...100.
  /// - Throws: `invalidArgument` for sizes and scales outside these, and where the map cannot be inverted.
  package func transform(size: Int, scale: Double = 1) throws(LiaeError) -> Affine {
    try checkCropSize(size)
    guard scale >= 0.01, scale <= 100 else {
      throw LiaeError(.invalidArgument, "a face scale of \(scale); 0.01...100 is possible")
    }
    let radius = Float(1 / scale * Double(length(falling)) * (type.padding * 2.0.squareRoot() + 0.5))
    let (u, v) = (falling / length(falling) * radius, rising / length(rising) * radius)
    let corners: (SIMD2<Float>, SIMD2<Float>, SIMD2<Float>)
    if type.isAligned {
      corners = (center - u, center + v, center + u)
    } else {
      // Upright and of the same size.
      let half = radius / Float(2).squareRoot()
      corners = (center + SIMD2(-half, -half), center + SIMD2(half, -half), center + SIMD2(half, half))
    }
    let map = affine(corners, toSquareOf: Double(size))
    guard map.isFinite, map.determinant.isNormal else {
      throw LiaeError(.invalidArgument, "the landmarks, a size of \(size) and a scale of \(scale) give no transform")
    }
    return map
  }
}

/// The map of one crop, where the face's placement is needed for nothing else. Parameters and errors as those of
/// `FacePlacement`.
package func faceTransform(
  _ landmarks: Landmarks, size: Int, type: FaceType, scale: Double = 1
) throws(LiaeError) -> Affine {
  try FacePlacement(landmarks, type: type).transform(size: size, scale: scale)
}

func checkCropSize(_ size: Int) throws(LiaeError) {
  guard (1...16384).contains(size) else {
    throw LiaeError(.invalidArgument, "a crop of \(size) x \(size) pixels; sides of 1...16384 are possible")
  }
}

/// The place of the template's unit square in the frame.
private struct TemplateSquare {
  let topLeft, topRight, bottomRight, bottomLeft, center: SIMD2<Float>
  var side: Double { Double(length(topRight - topLeft)) }

  init(in toTemplate: Affine) {
    let inverse = toTemplate.inverse
    // The matrix is float32 as well: cv2.transform takes it as the points are.
    let (x, y) = (
      SIMD2(Float(inverse.xx), Float(inverse.yx)), SIMD2(Float(inverse.xy), Float(inverse.yy))
    )
    let origin = SIMD2(Float(inverse.tx), Float(inverse.ty))
    (topLeft, topRight, bottomRight, bottomLeft) = (origin, x + origin, x + y + origin, y + origin)
    center = x * 0.5 + y * 0.5 + origin
  }
}

private func length(_ v: SIMD2<Float>) -> Float { (v * v).sum().squareRoot() }

/// The map of three points to (0, 0), (size, 0), (size, size).
private func affine(_ from: (SIMD2<Float>, SIMD2<Float>, SIMD2<Float>), toSquareOf size: Double) -> Affine {
  let origin = Point(from.0)
  let (right, down) = (Point(from.1) - origin, Point(from.2) - Point(from.1))
  let factor = size / (right.x * down.y - right.y * down.x)
  let (x, y) = (Point(down.y, -down.x) * factor, Point(-right.y, right.x) * factor)
  return Affine(
    xx: x.x, xy: x.y, tx: -(x * origin).sum(), yx: y.x, yy: y.y, ty: -(y * origin).sum())
}
