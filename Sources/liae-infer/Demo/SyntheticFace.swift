// SPDX-License-Identifier: Apache-2.0
import Glibc
import LiaeImageIO
import LiaeModel
import LiaeSystem
import LiaeTensor

/// A drawn face of nobody: an ellipsoid head with features on its surface, lit from one side. The seed decides skin,
/// hair, pose, expression and light; the same seed gives the same picture.
struct SyntheticFace {
  var skin, hair, iris, lips, shirt: Color
  var groundTop, groundBottom: Color
  /// Radii of the head; the picture reaches from -1 to 1 both ways.
  var head: Point
  /// Turn to the side, nod and tilt, radians.
  var yaw, pitch, roll: Float
  /// Where the light comes from; z towards the viewer.
  var light: SIMD3<Float>
  /// 0 is shut, 1 wide open.
  var eyesOpen, mouthOpen: Float
  /// -1 is sad, 1 a broad smile.
  var smile: Float
  var browRaise: Float
  var gaze: Point
  var hasLongHair: Bool

  init(seed: UInt64) {
    var random = SplitMix64(state: seed &* 0x9e37_79b9 &+ 17)
    func between(_ low: Float, _ high: Float) -> Float { low + (high - low) * random.uniform() }
    func one(of colors: [Color]) -> Color { colors[Int(random.next() % UInt64(colors.count))] }

    skin = one(of: [
      Color(0.96, 0.80, 0.69), Color(0.87, 0.67, 0.53), Color(0.76, 0.54, 0.40), Color(0.56, 0.37, 0.26),
      Color(0.38, 0.25, 0.18),
    ])
    hair = one(of: [
      Color(0.10, 0.08, 0.08), Color(0.29, 0.18, 0.11), Color(0.47, 0.29, 0.14), Color(0.80, 0.64, 0.36),
      Color(0.55, 0.20, 0.10), Color(0.62, 0.62, 0.64),
    ])
    iris = one(of: [Color(0.24, 0.15, 0.08), Color(0.20, 0.38, 0.52), Color(0.25, 0.42, 0.25), Color(0.36, 0.26, 0.12)])
    lips = mix(skin, Color(0.72, 0.20, 0.22), between(0.45, 0.7))
    shirt = one(of: [
      Color(0.20, 0.28, 0.42), Color(0.45, 0.18, 0.20), Color(0.22, 0.36, 0.28), Color(0.75, 0.72, 0.66),
    ])
    groundTop = one(of: [
      Color(0.62, 0.70, 0.76), Color(0.70, 0.66, 0.58), Color(0.42, 0.46, 0.50), Color(0.60, 0.68, 0.60),
    ])
    groundBottom = groundTop * between(0.45, 0.75)
    head = Point(between(0.50, 0.57), between(0.68, 0.76))
    (yaw, pitch, roll) = (between(-0.5, 0.5), between(-0.16, 0.16), between(-0.14, 0.14))
    let side = between(-0.9, 0.9)
    light = SIMD3(side, between(-0.75, -0.25), 1)
    light /= (light * light).sum().squareRoot()
    (eyesOpen, mouthOpen) = (between(0.6, 1), max(0, between(-0.5, 1)))
    (smile, browRaise) = (between(-0.35, 1), between(-0.3, 1))
    gaze = Point(between(-0.35, 0.35), between(-0.2, 0.2))
    hasLongHair = random.next() % 2 == 0
  }

  /// The face as float RGB, `side` pixels square.
  func picture(side: Int) throws(LiaeError) -> Picture {
    try picture(width: side, height: side, middle: Point(Float(side), Float(side)) / 2, unit: Float(side) / 2)
  }

  /// A frame of any size, as float RGB.
  ///
  /// - Parameters:
  ///   - middle: where the middle of the page lies, pixels from the corner.
  ///   - unit: pixels of the page's unit; a head is about 1.4 units high.
  func picture(width: Int, height: Int, middle: Point, unit: Float) throws(LiaeError) -> Picture {
    let picture = try Picture(width: width, height: height, format: .rgbFloat)
    let out = picture.mutableView.base.assumingMemoryBound(to: Float.self)
    defer { withExtendedLifetime(picture) {} }
    let coverage = Coverage(pixel: 1 / unit)
    for y in 0..<height {
      for x in 0..<width {
        let p = (Point(Float(x) + 0.5, Float(y) + 0.5) - middle) / unit
        let color = color(at: p, coverage)
        for channel in 0..<3 { out[(y * width + x) * 3 + channel] = min(max(color[channel], 0), 1) }
      }
    }
    return picture
  }

  /// The landmarks in pixels of such a frame.
  func landmarks(middle: Point, unit: Float) -> [SIMD2<Double>] {
    landmarks.map { SIMD2<Double>($0 * unit + middle - 0.5) }
  }
}
