// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// Masks that 68 landmarks draw, 1 inside and 0 outside. Landmarks are cut to whole pixels first. Source:
/// LandmarksProcessor of DeepFaceLab.
package enum FaceMask {
  /// The face from the jaw to the brows: eight convex hulls, without soft edges.
  ///
  /// - Parameters:
  ///   - width: of the canvas, pixels.
  ///   - left: where in the frame the canvas stands: it holds what the mask of the whole frame has there. Landmarks
  ///     may be anywhere, and what lies outside costs nothing.
  ///   - eyebrowExpansion: how far brows are raised, 0...10; 1 is by half their distance from the eyes.
  /// - Throws: `unsupported` for 5 landmarks, `invalidArgument`, `limitExceeded` for a canvas of no possible size,
  ///   `outOfMemory`.
  package static func hull(
    _ landmarks: Landmarks, width: Int, height: Int, left: Int = 0, top: Int = 0, eyebrowExpansion: Double = 1
  ) throws(LiaeError) -> MaskCanvas {
    guard abs(Double(left)) <= 1e9, abs(Double(top)) <= 1e9 else {
      throw LiaeError(.invalidArgument, "a mask that begins at (\(left), \(top)); -1e9...1e9 is possible")
    }
    let points = try expandedBrows(landmarks, by: eyebrowExpansion)
    let canvas = try MaskCanvas(width: width, height: height, left: left, top: top)
    let (chin, nose) = ([8], Array(27...35))
    let parts = [
      Array(0...8) + [17], Array(8...16) + [26], Array(17...19) + chin, Array(24...26) + chin, Array(19...24) + chin,
      Array(17...21) + [27] + Array(31...35) + chin, Array(22...26) + [27] + Array(31...35) + chin, nose,
    ]
    for part in parts { ConvexPolygon(hullOf: part.map { points[$0] }).fill(canvas) }
    return canvas
  }

  /// The eyes of a face whose picture has this size, widened by a 32nd of its height and blurred.
  ///
  /// - Parameter height: at least 32: a smaller picture has no pixel to widen by.
  /// - Throws: `unsupported` for 5 landmarks, `invalidArgument`, `limitExceeded`, `outOfMemory`.
  package static func eyes(_ landmarks: Landmarks, width: Int, height: Int) throws(LiaeError) -> MaskCanvas {
    try soft(landmarks, [36...41, 42...47], "a mask of the eyes", width: width, height: height)
  }

  /// Returns a mask of what is within the lips, otherwise as `eyes`.
  package static func mouth(_ landmarks: Landmarks, width: Int, height: Int) throws(LiaeError) -> MaskCanvas {
    try soft(landmarks, [60...67], "a mask of the mouth", width: width, height: height)
  }

  private static func soft(
    _ landmarks: Landmarks, _ parts: [ClosedRange<Int>], _ name: StaticString, width: Int, height: Int
  ) throws(LiaeError) -> MaskCanvas {
    try landmarks.require68(name)
    guard width >= 1, height >= 32 else {
      throw LiaeError(.invalidArgument, "\(name) of \(width) x \(height) pixels; the least is 1 x 32")
    }
    let result = try MaskCanvas(width: width, height: height)
    let (ellipse, kernel) = (height / 32, height / 16 | 1)
    let points = wholePixels(landmarks)
    // What is further from all points than both filters reach stays 0.
    let area = Region(around: parts.flatMap { points[$0] }).grown(by: ellipse + kernel)
      .intersection(Region(width: width, height: height))
    let canvas = try MaskCanvas(area)
    for part in parts { ConvexPolygon(hullOf: Array(points[part])).fill(canvas) }
    let soft = try canvas.dilated(ellipse: ellipse).gaussianBlurred(kernel: kernel)
    for y in 0..<soft.height {
      let target = result.pixels + (soft.top + y) * width + soft.left
      target.update(from: soft.pixels + y * soft.width, count: soft.width)
    }
    withExtendedLifetime(soft) {}
    return result
  }

  /// The landmarks as whole pixels, those of the brows raised by `factor`, 0...10, times half their distance from a
  /// line along the upper eyelids.
  ///
  /// - Throws: `unsupported` for 5 landmarks, `invalidArgument` for another factor.
  package static func expandedBrows(_ landmarks: Landmarks, by factor: Double) throws(LiaeError) -> [SIMD2<Int>] {
    try landmarks.require68("a mask of the face")
    guard factor >= 0, factor <= 10 else {
      throw LiaeError(.invalidArgument, "an eyebrow expansion of \(factor); 0...10 is possible")
    }
    let points = wholePixels(landmarks)
    // A shift right rounds down, as Python's division does; Swift's rounds towards zero.
    func middle(_ a: SIMD2<Int>, _ b: SIMD2<Int>) -> SIMD2<Int> { (a &+ b) &>> 1 }
    let outerLeft = middle(points[36], middle(points[36], points[0]))
    let outerRight = middle(points[45], middle(points[16], points[45]))
    var result = points
    for (i, lid) in ([outerLeft] + points[36...39] + points[42...45] + [outerRight]).enumerated() {
      let brow = points[17 + i]
      let raised = Point(brow) + factor * 0.5 * Point(brow &- lid)
      result[17 + i] = SIMD2(Int(raised.x), Int(raised.y))
    }
    return result
  }

  /// Towards zero. `Landmarks` are far within what an `Int` holds.
  private static func wholePixels(_ landmarks: Landmarks) -> [SIMD2<Int>] {
    landmarks.points.map { SIMD2(Int($0.x), Int($0.y)) }
  }
}
