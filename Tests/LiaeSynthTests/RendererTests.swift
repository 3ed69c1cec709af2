// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeFrame
import LiaeImageIO
import LiaeSystem
import LiaeTensor
import Testing

import LiaeSynth

/// Heads are made once: their paint takes a while.
enum Cast {
  static let heads: Result<[String: Head], any Error> = Result {
    try Dictionary(uniqueKeysWithValues: Identity.cast.map { ($0.name, try Head($0)) })
  }
  static func head(_ name: String) throws -> Head { try #require(try heads.get()[name]) }
}

@Suite struct Rendering {
  static let side = 256

  func frame(_ name: String, _ parameters: FrameParameters) throws -> RenderedFrame {
    try Renderer(width: Self.side, height: Self.side).render(Cast.head(name), parameters)
  }

  /// DeepFaceLab's estimate of a pose, from the landmarks alone, against the pose that was rendered. The estimate takes
  /// an average head and a near camera, so that it is some degrees off for anybody.
  @Test(arguments: ["a", "b", "c"]) func posesAreRecovered(_ name: String) throws {
    var worst = (yaw: 0.0, pitch: 0.0)
    for yaw: Float in [-0.85, -0.5, -0.2, 0, 0.2, 0.5, 0.85] {
      for (pitch, roll): (Float, Float) in [(0, 0), (0.3, 0.2), (-0.3, -0.3)] {
        var parameters = FrameParameters()
        (parameters.yaw, parameters.pitch, parameters.roll) = (yaw, pitch, roll)
        let landmarks = try Landmarks(frame(name, parameters).landmarks)
        let matrix = try faceTransform(landmarks, size: 256, type: .whole)
        let aligned = try landmarks.transformed(by: matrix)
        let pose = try FacePose(aligned: aligned, size: 256)
        // DeepFaceLab's yaw grows to the left of the picture.
        worst.yaw = max(worst.yaw, abs(-pose.yaw - Double(yaw)))
        worst.pitch = max(worst.pitch, abs(pose.pitch - Double(pitch)))
      }
    }
    print("\(name): at most \(worst) radians off")
    #expect(worst.yaw < 0.12)
    #expect(worst.pitch < 0.15)
  }

  /// The crop turns back what the head is turned.
  @Test(arguments: ["a", "b", "c"]) func rollIsRecovered(_ name: String) throws {
    for roll: Float in [-0.35, -0.1, 0, 0.2, 0.35] {
      var parameters = FrameParameters()
      parameters.roll = roll
      let matrix = try faceTransform(Landmarks(frame(name, parameters).landmarks), size: 256, type: .whole)
      let turned = -(matrix.yx / matrix.xx)
      #expect(abs(turned - Double(roll) - Double(roll * roll * roll) / 3) < 0.03, "\(name) at \(roll): \(turned)")
    }
  }

  /// Every person fills the crop alike, so that a swap may be compared with another person's picture.
  @Test func personsAlignAlike() throws {
    for yaw: Float in [-0.6, 0, 0.6] {
      var parameters = FrameParameters()
      parameters.yaw = yaw
      let matrices = try ["a", "b", "c"].map {
        try faceTransform(Landmarks(frame($0, parameters).landmarks), size: 256, type: .whole)
      }
      for other in matrices.dropFirst() {
        for corner in [Point(64, 64), Point(192, 64), Point(128, 200)] {
          let moved = other(matrices[0].inverse(corner)) - corner
          #expect(abs(moved.x) < 9 && abs(moved.y) < 9, "\(yaw): \(moved)")
        }
      }
    }
  }

  @Test func sameParametersGiveTheSameBytes() throws {
    let parameters = FrameParameters(index: 7, seed: 3, purpose: .training)
    let renderer = try Renderer(width: 96, height: 128)
    let (a, b) = (try Cast.head("a"), try Cast.head("b"))
    let first = try renderer.render(b, parameters)
    // Another head and pose in between leave nothing behind.
    _ = try renderer.render(a, FrameParameters(index: 8, seed: 3, purpose: .training))
    let second = try renderer.render(b, parameters)
    let fresh = try Renderer(width: 96, height: 128).render(b, parameters)
    for frame in [second, fresh] {
      #expect(frame.picture.values == first.picture.values)
      #expect(frame.mask.values == first.mask.values)
      #expect(frame.landmarks == first.landmarks)
    }
  }

  @Test func personsDifferAndTheirSurroundingsDoNot() throws {
    let parameters = FrameParameters(index: 1, seed: 5, purpose: .evaluation)
    let (a, b) = (try frame("a", parameters), try frame("b", parameters))
    let both = try ImageQuality.intersection(
      MaskCanvas(reading: a.mask.view), MaskCanvas(reading: b.mask.view))
    let quality = try ImageQuality(
      ColorCanvas(reading: a.picture.view), truth: ColorCanvas(reading: b.picture.view), within: both)
    // Their skins are nearly the same; brows, beard, freckles and shape make the difference.
    #expect(quality.psnr < 22)
    // The background's first row is seen in both.
    #expect(a.picture.values.prefix(60) == b.picture.values.prefix(60))
    withExtendedLifetime((a, b)) {}
  }

  /// Brows, nose, eyes and mouth that face the camera are skin, eye or mouth; the middle of an open mouth is dark, and
  /// that of an open eye darker than the cheek.
  @Test(arguments: ["a", "b", "c"]) func featuresAreWhereLandmarksSay(_ name: String) throws {
    var parameters = FrameParameters()
    parameters.jaw = 0.9
    let frame = try frame(name, parameters)
    let (mask, colors) = (try MaskCanvas(reading: frame.mask.view), try ColorCanvas(reading: frame.picture.view))
    func middle(_ indices: [Int]) -> Point {
      indices.reduce(Point.zero) { $0 + frame.landmarks[$1] } / Double(indices.count)
    }
    func brightness(_ p: Point) -> Float {
      let c = colors[Int(p.x.rounded()), Int(p.y.rounded())]
      return c.x + c.y + c.z
    }
    // Hair may fall over the brows' outer ends.
    for (i, p) in frame.landmarks.enumerated() where i > 16 && i != 17 && i != 26 {
      #expect(mask[Int(p.x.rounded()), Int(p.y.rounded())] > 0, "\(name): landmark \(i) at \(p)")
    }
    let cheek = brightness((middle([36, 41]) + middle([48, 31])) / 2)
    #expect(brightness(middle([61, 62, 63, 65, 66, 67])) < 0.5 * cheek)
    #expect(brightness(middle(Array(36...41))) < 0.75 * cheek)
    #expect(brightness(middle([19])) < 0.8 * cheek)
    // The lips part by as much as the inner landmarks do.
    #expect(frame.landmarks[66].y - frame.landmarks[62].y > 8)
    parameters.jaw = 0
    let closed = try self.frame(name, parameters)
    #expect(abs(closed.landmarks[66].y - closed.landmarks[62].y) < 0.5)
    withExtendedLifetime(frame) {}
  }

  @Test(arguments: ["a", "b", "c"]) func lidsCloseWithTheirLandmarks(_ name: String) throws {
    func opening(_ blink: Float) throws -> Double {
      var parameters = FrameParameters()
      parameters.blink = blink
      let p = try frame(name, parameters).landmarks
      return (p[40].y + p[41].y - p[37].y - p[38].y) / 2
    }
    let (open, half, closed) = (try opening(0), try opening(0.5), try opening(1))
    #expect(open > 3 && half > 0.3 * open && half < 0.7 * open && abs(closed) < 0.2 * open, "\(open) \(half) \(closed)")
  }
}
