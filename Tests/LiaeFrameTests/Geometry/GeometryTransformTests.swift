// SPDX-License-Identifier: Apache-2.0
import Glibc
import LiaeFrame
import LiaeSystem
import LiaeTestSupport
import Testing

@Suite struct GeometryTransforms {
  /// Check values of DeepFaceLab's code, with five decimals.
  @Test func exampleAgrees() throws {
    let face = try exampleFace()
    let (c, s) = (cos(0.2), sin(0.2))
    let turned = try Landmarks(
      face.points.map { p in
        let d = p - 150
        return Point(c * d.x - s * d.y, s * d.x + c * d.y) * 0.8 + Point(160, 140)
      })
    let cases: [(Landmarks, FaceType, Double, [Double])] = [
      (face, .half, 1, [1.63913, -0.01017, -119.66331, 0.01017, 1.63913, -107.53378]),
      (face, .midFull, 1, [1.37636, -0.00854, -79.95984, 0.00854, 1.37636, -69.77484]),
      (face, .full, 1, [1.02663, -0.00637, -27.11712, 0.00637, 1.02663, -19.52012]),
      (face, .fullNoAlign, 1, [1.02665, 0, -28.02938, 0, 1.02665, -18.55493]),
      (face, .whole, 1, [0.76905, -0.00477, 11.80093, 0.00477, 0.76905, 25.89962]),
      (face, .head, 1, [0.55006, -0.00341, 44.98803, 0.00341, 0.55006, 91.91362]),
      (face, .headNoAlign, 1, [0.55007, 0, 44.39992, 0, 0.55007, 49.47630]),
      (face, .whole, 1.1, [0.84596, -0.00525, 0.18102, 0.00525, 0.84596, 15.68958]),
      (turned, .whole, 1, [0.94334, 0.18514, -50.41031, -0.18514, 0.94334, 39.52799]),
    ]
    for (landmarks, type, scale, expected) in cases {
      let matrix = try faceTransform(landmarks, size: 256, type: type, scale: scale).elements
      for i in 0..<6 { #expect(abs(matrix[i] - expected[i]) <= (i % 3 == 2 ? 2e-3 : 1e-5), "\(type), element \(i)") }
    }
  }

  /// The crop's side is the template's times 1 + 2·sqrt(2)·padding, over the scale.
  @Test(arguments: FaceType.allCases) func cropHasItsSize(_ type: FaceType) throws {
    for face in try GeometryGolden.repository.get().faces {
      for scale in [0.5, 1, 1.3] {
        let map = try faceTransform(face, size: 200, type: type, scale: scale)
        let template = 1 / templateScale(try templateTransform(face))
        let side = template * (1 + 2 * 2.0.squareRoot() * type.padding) / scale
        #expect(abs(200 / templateScale(map) / side - 1) < 1e-5)
        // Nothing is sheared or mirrored.
        #expect(abs(map.xx - map.yy) < 1e-4 && abs(map.xy + map.yx) < 1e-4 && map.determinant > 0)
        if !type.isAligned { #expect(abs(map.xy) < 1e-6) }
      }
    }
  }

  /// Where no yaw moves the crop, its middle is the template's, raised for whole faces by 7 % of the template's side.
  @Test func cropStandsOnTheTemplate() throws {
    for face in try GeometryGolden.repository.get().faces {
      let back = try templateTransform(face).inverse
      for (type, y) in [(FaceType.half, 0.5), (.full, 0.5), (.headNoAlign, 0.5), (.whole, 0.43)] {
        let middle = try faceTransform(face, size: 128, type: type)(back(Point(0.5, y)))
        #expect(abs(middle.x - 64) < 1e-3 && abs(middle.y - 64) < 1e-3)
      }
      let crop = try faceTransform(face, size: 128, type: .half)
      for (corner, expected) in [
        (Point(0, 0), Point(0, 0)), (Point(1, 0), Point(128, 0)), (Point(1, 1), Point(128, 128)),
      ] {
        let difference = crop(back(corner)) - expected
        #expect(abs(difference.x) < 1e-3 && abs(difference.y) < 1e-3)
      }
    }
  }

  @Test func pointsComeBack() throws {
    for face in try GeometryGolden.repository.get().faces {
      for landmarks in [face, try fivePoints(face)] {
        for type in FaceType.allCases {
          let map = try faceTransform(landmarks, size: 333, type: type)
          let back = try landmarks.transformed(by: map).transformed(by: map.inverse)
          for (a, b) in zip(back.points, landmarks.points) { #expect(abs(a.x - b.x) < 1e-9 && abs(a.y - b.y) < 1e-9) }
        }
      }
    }
  }

  /// Turning, scaling and shifting the frame changes nothing in the crop.
  @Test func cropFollowsTheFrame() throws {
    let face = try GeometryGolden.repository.get().faces[1]
    let frame = Affine(xx: 1.5 * cos(2.5), xy: -1.5 * sin(2.5), tx: 700, yx: 1.5 * sin(2.5), yy: 1.5 * cos(2.5), ty: 90)
    let moved = try face.transformed(by: frame)
    for type in FaceType.allCases where type.isAligned {
      let a = try face.transformed(by: faceTransform(face, size: 256, type: type))
      let b = try moved.transformed(by: faceTransform(moved, size: 256, type: type))
      for (p, q) in zip(a.points, b.points) { #expect(abs(p.x - q.x) < 2e-3 && abs(p.y - q.y) < 2e-3) }
    }
  }

  /// The template's own 5 points, put anywhere, give the crop that its 68 points give.
  @Test func fivePointsFindTheTemplate() throws {
    let turn = Affine(xx: 80, xy: 30, tx: 200, yx: -30, yy: 80, ty: 100)
    let flat = FaceTemplate.flat.map { turn($0) }
    // The jaw is of no meaning here.
    let face = try Landmarks([Point](repeating: Point(200, 100), count: 17) + flat)
    for type in FaceType.allCases where type != .head {
      let (a, b) = try (
        faceTransform(face, size: 256, type: type), faceTransform(fivePoints(face), size: 256, type: type)
      )
      for (x, y) in zip(a.elements, b.elements) { #expect(abs(x - y) < 1e-3) }
    }
    // Heads too, with no yaw: 0.5 above the middle.
    let center = turn(Point(0.5, 0))
    let middle = try faceTransform(fivePoints(face), size: 256, type: .head)(center)
    #expect(abs(middle.x - 128) < 1e-3 && abs(middle.y - 128) < 1e-3)
  }

  /// Against the definition with numpy's singular values, which mirrored points take another way through.
  @Test func mirroredFaceIsTurnedAndNotMirrored() throws {
    let face = try exampleFace()
    let mirror = try Landmarks(face.points.map { Point(299 - $0.x, $0.y) })
    let matrix = try templateTransform(mirror).elements
    for (a, b) in zip(matrix, mirroredExample) { #expect(abs(a - b) < 1e-9) }
    // It places no face: left and right are exchanged.
    #expect { _ = try faceTransform(mirror, size: 256, type: .whole) } throws: {
      ($0 as? LiaeError)?.message.contains("left and right are exchanged") == true
    }
  }

  private func templateScale(_ map: Affine) -> Double { (map.xx * map.xx + map.yx * map.yx).squareRoot() }
}

/// umeyama of the mirrored example in float64, by numpy 1.26.
private let mirroredExample = [
  -1.033635457899139e-03, -1.678714439677317e-05, 6.457221194985601e-01,
  1.678714439677317e-05, -1.033635457899139e-03, 3.867911801793886e-01,
]
