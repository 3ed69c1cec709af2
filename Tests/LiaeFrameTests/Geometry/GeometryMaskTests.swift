// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeTestSupport
import Testing

@Suite struct GeometryMasks {
  /// Left of and above the frame's corner, where rounding down and towards zero are two things. By numpy 1.26.
  @Test func browsRoundAsPythonDoes() throws {
    let face = try Landmarks(FaceTemplate.solid.map { Point($0.x, $0.y) * 1.3 })
    let expected: [SIMD2<Int>] = [
      SIMD2(-86, -75), SIMD2(-70, -94), SIMD2(-49, -96), SIMD2(-27, -94), SIMD2(-8, -89), SIMD2(8, -90),
      SIMD2(29, -95), SIMD2(49, -97), SIMD2(71, -95), SIMD2(85, -76),
    ]
    #expect(try Array(FaceMask.expandedBrows(face, by: 1.3)[17...26]) == expected)
  }

  /// Check values of DeepFaceLab's code.
  @Test func exampleAgrees() throws {
    let face = try exampleFace()
    #expect(try FaceMask.hull(face, width: 300, height: 300).values.reduce(0, +) == 30970)
    #expect(try FaceMask.hull(face, width: 300, height: 300, eyebrowExpansion: 0.5).values.reduce(0, +) == 29729)
    let eyes = try FaceMask.eyes(face, width: 300, height: 300).values
    #expect(abs(eyes.reduce(0, +) - 1222) < 0.1 && abs((eyes.max() ?? 0) - 0.999896) < 2e-6)
    let mouth = try FaceMask.mouth(face, width: 300, height: 300).values
    #expect(abs(mouth.reduce(0, +) - 917) < 0.1 && abs((mouth.max() ?? 0) - 0.992841) < 2e-6)
  }

  /// A canvas that stands somewhere in the frame, or around it, holds what the mask of the frame has there.
  @Test func partOfTheFrameIsTheSame() throws {
    let face = try exampleFace()
    let frame = try FaceMask.hull(face, width: 300, height: 300)
    for (left, top, width, height) in [(100, 80, 90, 70), (-20, 40, 60, 400), (150, -300, 1, 900), (40, 270, 300, 80)] {
      let part = try FaceMask.hull(face, width: width, height: height, left: left, top: top)
      #expect(part.left == left && part.top == top)
      var wrong = 0
      for y in 0..<height {
        for x in 0..<width {
          let (u, v) = (x + left, y + top)
          let isInside = (0..<300).contains(u) && (0..<300).contains(v)
          if part[x, y] != (isInside ? frame[u, v] : 0) { wrong += 1 }
        }
      }
      #expect(wrong == 0)
    }
  }

  /// Polygons of many shapes, thin and small ones too, against the sums that cv2.fillConvexPoly of cv2.convexHull gives
  /// (OpenCV 4.7, on an image around all of them).
  @Test func polygonsAreOpenCVs() throws {
    var random = LinearCongruence(seed: 12345)
    var sums: [Int] = []
    for _ in 0..<12 {
      var (count, hash) = (0, 0)
      for _ in 0..<200 {
        let (vertices, width, height) = (1 + random.next(9), 1 + random.next(120), 1 + random.next(120))
        let points = (0..<vertices).map { _ in SIMD2(random.next(width) - 10, random.next(height) - 10) }
        let canvas = try MaskCanvas(width: 140, height: 140, left: -10, top: -10)
        ConvexPolygon(hullOf: points).fill(canvas)
        for (i, value) in canvas.values.enumerated() where value != 0 {
          count += 1
          hash = (hash * 31 + i) % 1_000_003
        }
      }
      sums += [count, hash]
    }
    #expect(sums == polygonSums)
  }

  /// Far away and enormous hulls cost the rows of the canvas, and overflow nowhere.
  @Test func landmarksMayBeAnywhere() throws {
    let face = try exampleFace()
    let away = try face.transformed(by: Affine(xx: 1, xy: 0, tx: 9e5, yx: 0, yy: 1, ty: -9e5))
    #expect(try FaceMask.hull(away, width: 64, height: 64).values.allSatisfy { $0 == 0 })
    #expect(try FaceMask.hull(away, width: 64, height: 64, left: 900_118, top: -899_882).values.allSatisfy { $0 == 1 })
    let huge = try face.transformed(by: Affine(xx: 8000, xy: 0, tx: -1.2e6, yx: 0, yy: 8000, ty: -1.2e6))
    for factor in [0, 1, 10.0] {
      let mask = try FaceMask.hull(huge, width: 64, height: 64, left: -32, top: -32, eyebrowExpansion: factor)
      #expect(mask.values.allSatisfy { $0 == 1 })
    }
    #expect(try FaceMask.eyes(huge, width: 64, height: 64).values.allSatisfy { (0...1.00001).contains($0) })
    #expect(try FaceMask.hull(face, width: 0, height: 5).count == 0)
  }

  @Test func pointsInOnePlaceAreAPixel() throws {
    let face = try Landmarks([Point](repeating: Point(5, 7), count: 68))
    let mask = try FaceMask.hull(face, width: 16, height: 16)
    #expect(mask[5, 7] == 1 && mask.values.reduce(0, +) == 1)
  }

  @Test func badArgumentsAreErrors() throws {
    let face = try exampleFace()
    let five = try fivePoints(face)
    #expect(status(try FaceMask.hull(five, width: 64, height: 64)) == .unsupported)
    #expect(status(try FaceMask.eyes(five, width: 64, height: 64)) == .unsupported)
    #expect(status(try FaceMask.mouth(five, width: 64, height: 64)) == .unsupported)
    for factor in [-0.1, 11, .nan, .infinity] {
      #expect(
        status(try FaceMask.hull(face, width: 64, height: 64, eyebrowExpansion: factor))
          == .invalidArgument)
    }
    for (width, height) in [(64, 31), (0, 64), (-1, 64), (64, 0), (64, -64)] {
      #expect(status(try FaceMask.eyes(face, width: width, height: height)) == .invalidArgument)
    }
    #expect(status(try FaceMask.eyes(face, width: .max, height: .max)) == .limitExceeded)
    #expect(status(try FaceMask.hull(face, width: .max, height: 2)) == .limitExceeded)
    #expect(status(try FaceMask.hull(face, width: -1, height: 2)) == .limitExceeded)
    for (left, top) in [(Int.min, 0), (0, Int.max), (2_000_000_000, 0)] {
      #expect(
        status(try FaceMask.hull(face, width: 8, height: 8, left: left, top: top))
          == .invalidArgument)
    }
  }
}

/// Pixels and a checksum of their places, for 200 polygons a pair.
private let polygonSums = [
  169326, 954682, 145560, 449357, 146769, 244827, 146037, 349802, 151791, 412887, 172713, 420090, 154135,
  774552, 176653, 801970, 158181, 333194, 151415, 665566, 165145, 744256, 181430, 888635,
]
