// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeSystem
import LiaeTestSupport
import Testing

@Suite struct GeometryLandmarks {
  @Test func otherNumbersOfPointsAreErrors() {
    for count in [0, 1, 4, 6, 67, 69, 98, 1000] {
      let points = (0..<count).map { Point(Double($0), Double($0 * $0 % 17)) }
      #expect(status(try Landmarks(points)) == .invalidArgument)
    }
    #expect(status(try Landmarks(wflw: Array(repeating: .zero, count: 68))) == .invalidArgument)
  }

  @Test(arguments: [Double.nan, .signalingNaN, .infinity, -.infinity, 1.000001e6, -1e300])
  func coordinatesThatAreNoneAreErrors(_ bad: Double) throws {
    for kind in Landmarks.Kind.allCases {
      for index in [0, kind.rawValue - 1] {
        for point in [Point(bad, 3), Point(3, bad)] {
          var points = try exampleFace().points.prefix(kind.rawValue).map { $0 }
          points[index] = point
          do throws(LiaeError) {
            _ = try Landmarks(points)
            Issue.record("\(bad) was accepted")
          } catch {
            #expect(error.status == .invalidArgument)
            #expect(error.message.contains("landmark \(index) ") && error.message.contains("\(bad)"))
          }
        }
      }
    }
  }

  @Test func limitsAreAllowed() throws {
    #expect(try Landmarks(Array(repeating: Point(1e6, -1e6), count: 5)).kind == .five)
    let face = try exampleFace()
    #expect(face.kind == .sixtyEight)
    for map in [
      Affine(xx: 1e5, xy: 0, tx: 0, yx: 0, yy: 1, ty: 0), Affine(xx: .nan, xy: 0, tx: 0, yx: 0, yy: 1, ty: 0),
    ] {
      #expect(status(try face.transformed(by: map)) == .invalidArgument)
    }
  }

  /// Mirroring and taking 5 points go in any order, and mirroring twice changes nothing.
  @Test func mirroring() throws {
    let golden = try GeometryGolden.repository.get()
    for face in golden.faces {
      let mirror = try face.mirrored(width: golden.width)
      for (a, b) in zip(try mirror.mirrored(width: golden.width).points, face.points) { #expect(abs(a.x - b.x) < 1e-9) }
      let (a, b) = try (fivePoints(mirror).points, fivePoints(face).mirrored(width: golden.width).points)
      for (p, q) in zip(a, b) { #expect(abs(p.x - q.x) < 1e-9 && abs(p.y - q.y) < 1e-9) }
    }
    #expect(status(try golden.faces[0].mirrored(width: .max)) == .invalidArgument)
  }

  /// Of points whose coordinates are their number and its square, means are known.
  @Test func points98Become68() throws {
    let points = (0..<98).map { Point(Double($0), Double($0 * $0)) }
    let result = try Landmarks(wflw: points).points
    #expect(result[0] == points[0] && result[8] == points[16] && result[16] == points[32])
    // The mean of a square's neighbours is 1 more, and half of that is taken.
    #expect(result[3] == Point(6, 36.5) && result[15] == Point(30, 900.5))
    #expect(result[17] == points[33] && result[18] == (points[34] + points[41]) / 2)
    #expect(result[21] == (points[37] + points[38]) / 2 && result[22] == (points[42] + points[50]) / 2)
    #expect(result[25] == (points[45] + points[47]) / 2 && result[26] == points[46])
    #expect(
      result[27] == points[51] && result[35] == points[59] && result[48] == points[76] && result[67] == points[95])
    #expect(result[36...47].map(\.x) == [60, 61, 63, 64, 65, 67, 68, 69, 71, 72, 73, 75])
  }

  @Test func degenerateFacesAreErrors() throws {
    let face = try exampleFace().points
    let shapes: [(String, (Point) -> Point)] = [
      ("in one place", { _ in Point(150.3, 99.7) }),
      ("in one place, far away", { _ in Point(-999_999.1, 999_999.7) }),
      ("at zero", { _ in .zero }),
      ("on a level line", { Point($0.x, 40) }),
      ("on a vertical line", { Point(40.1, $0.y) }),
      ("on a sloping line", { Point($0.x, 0.3 * $0.x + 1.7) }),
      ("nearly on a line", { Point($0.x, 0.3 * $0.x + 1e-4 * $0.y) }),
      ("within 1e-3 pixels", { Point(100, 100) + ($0 - 150) * 1e-5 }),
      ("within half a pixel", { Point(100, 100) + ($0 - 150) * 0.002 }),
      ("within 1e-300 pixels", { $0 * 1e-300 }),
      ("small and far away", { Point(9e5, 9e5) + ($0 - 150) * 0.1 }),
    ]
    for (name, shape) in shapes {
      for landmarks in try [Landmarks(face.map(shape)), fivePoints(Landmarks(face)).mapped(shape)] {
        for type in FaceType.allCases {
          #expect(
            status(try faceTransform(landmarks, size: 256, type: type)) == .invalidArgument,
            "\(name), \(landmarks.points.count) points, \(type)")
        }
      }
    }
  }

  @Test func sizesAndScalesOutsideAreErrors() throws {
    let face = try exampleFace()
    for size in [Int.min, -1, 0, 16385, Int.max] {
      #expect(status(try faceTransform(face, size: size, type: .full)) == .invalidArgument)
    }
    for scale in [0, -1, 0.0099, 100.1, .nan, .infinity] {
      #expect(
        status(try faceTransform(face, size: 256, type: .full, scale: scale))
          == .invalidArgument)
    }
    for (size, scale) in [(1, 0.01), (1, 100), (16384, 0.01), (16384, 100)] {
      #expect(try faceTransform(face, size: size, type: .full, scale: scale).isFinite)
    }
  }

  /// Large, small, far away, turned and flattened faces and noise: a map that can be undone, or an error.
  @Test func anyLandmarksEnd() throws {
    var random = LinearCongruence(seed: 77)
    var made = 0
    for round in 0..<2000 {
      let reach = [1e-3, 1, 50, 4000, 9.9e5][round % 5]
      let offset = Point(random.number, random.number) * (1e6 - reach)
      let count = round % 2 == 0 ? 5 : 68
      let points = (0..<count).map { _ in offset + Point(random.number, random.number) * reach }
      let landmarks = try Landmarks(points)
      for type in FaceType.allCases {
        do throws(LiaeError) {
          let map = try faceTransform(landmarks, size: 1 + round % 1000, type: type)
          let back = map.inverse(map(points[0]))
          let tolerance = 1e-6 * max(1, abs(points[0].x), abs(points[0].y))
          #expect(map.isFinite && abs(back.x - points[0].x) < tolerance && abs(back.y - points[0].y) < tolerance)
          made += 1
        } catch {
          #expect(error.status == .invalidArgument)
        }
      }
    }
    #expect(made > 1000)
  }
}

extension Landmarks {
  fileprivate func mapped(_ shape: (Point) -> Point) throws(LiaeError) -> Landmarks {
    try Landmarks(points.map(shape))
  }
}
