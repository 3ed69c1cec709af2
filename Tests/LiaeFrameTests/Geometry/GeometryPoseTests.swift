// SPDX-License-Identifier: Apache-2.0
import Glibc
import LiaeFrame
import LiaeTestSupport
import Testing

@Suite struct GeometryPoses {
  /// Check values of DeepFaceLab's code.
  @Test func exampleAgrees() throws {
    let (c, s) = (cos(0.5), sin(0.5))
    let face = try Landmarks(
      FaceTemplate.solid.map { p in
        let (x, z) = (p.x * c + p.z * s, -p.x * s + p.z * c + 400)
        return Point(x / z * 520 + 150, p.y / z * 520 + 150)
      })
    let pose = try FacePose(aligned: face.transformed(by: faceTransform(face, size: 256, type: .whole)), size: 256)
    for (angle, expected) in [(pose.pitch, 0.061), (pose.yaw, 0.469), (pose.roll, -0.062), (pose.averagedYaw, 0.594)] {
      #expect(abs(angle - expected) < 6e-4, "\(pose)")
    }
  }

  /// A head that the camera of `FacePose` sees comes back with the angles that it was turned by.
  @Test func turnedHeadComesBack() throws {
    for yaw in [-1.2, -0.4, 0, 0.7, 1.3] {
      for pitch in [-0.6, 0, 0.5] {
        for roll in [-0.8, 0, 0.9] {
          let face = try Landmarks(
            FaceTemplate.solid.map { p in
              // About x, y and z, one after the other; DeepFaceLab counts pitch the other way round.
              var q = SIMD3(p.x, p.y * cos(-pitch) - p.z * sin(-pitch), p.y * sin(-pitch) + p.z * cos(-pitch))
              q = SIMD3(q.x * cos(yaw) + q.z * sin(yaw), q.y, -q.x * sin(yaw) + q.z * cos(yaw))
              q = SIMD3(q.x * cos(roll) - q.y * sin(roll), q.x * sin(roll) + q.y * cos(roll), q.z + 300)
              return Point(q.x, q.y) / q.z * 256 + 128
            })
          let pose = try FacePose(aligned: face, size: 256)
          #expect(abs(pose.pitch - pitch) < 1e-6 && abs(pose.yaw - yaw) < 1e-6 && abs(pose.roll - roll) < 1e-6)
        }
      }
    }
  }

  @Test func badArgumentsAreErrors() throws {
    let face = try exampleFace()
    for size in [Int.min, -1, 0, 16385, Int.max] {
      #expect(status(try FacePose(aligned: face, size: size)) == .invalidArgument)
    }
    let five = try fivePoints(face)
    #expect(status(try FacePose(aligned: five, size: 256)) == .unsupported)
    #expect(status(try FacePose.averagedYaw(five)) == .unsupported)
    #expect(status(try FacePose.pitchHeuristic(five)) == .unsupported)
  }

  /// Whatever the landmarks are, there is a finite pose or an error.
  @Test func anyLandmarksEnd() throws {
    var random = LinearCongruence(seed: 5)
    for round in 0..<300 {
      let reach = [1e-6, 1, 300, 1e6][round % 4]
      let points = (0..<68).map { _ in Point(random.number * reach, random.number * reach) }
      do {
        let pose = try FacePose(aligned: Landmarks(points), size: 1 + round * 7)
        #expect(pose.pitch.isFinite && pose.yaw.isFinite && pose.roll.isFinite && pose.averagedYaw.isFinite)
      } catch {
        #expect(!"\(error)".isEmpty)
      }
    }
  }
}

@Suite struct GeometryMatrices {
  /// A = V·diag(values)·Vᵀ, V·Vᵀ = 1, for random matrices of several sizes.
  @Test(arguments: [1, 2, 3, 6, 12]) func eigenvectorsMakeUpTheMatrix(_ n: Int) {
    var random = LinearCongruence(seed: UInt64(n))
    for _ in 0..<50 {
      var matrix = SmallMatrix(rows: n, columns: n)
      for i in 0..<n {
        for j in 0...i {
          matrix[i, j] = random.number
          matrix[j, i] = matrix[i, j]
        }
      }
      let (values, vectors) = matrix.symmetricEigen()
      #expect(values == values.sorted())
      var scaled = vectors
      for i in 0..<n {
        for j in 0..<n { scaled[i, j] *= values[j] }
      }
      let again = scaled * vectors.transposed
      let unit = vectors * vectors.transposed
      for i in 0..<n * n {
        #expect(abs(again.elements[i] - matrix.elements[i]) < 1e-13)
        #expect(abs(unit.elements[i] - SmallMatrix.identity(n).elements[i]) < 1e-13)
      }
    }
  }

  /// The matrix of -1 2 -1 has eigenvalues 2 - 2·cos(k·π/(n + 1)).
  @Test func eigenvaluesAreKnown() {
    var matrix = SmallMatrix(rows: 7, columns: 7)
    for i in 0..<7 {
      matrix[i, i] = 2
      if i > 0 { (matrix[i, i - 1], matrix[i - 1, i]) = (-1, -1) }
    }
    for (k, value) in matrix.symmetricEigen().values.enumerated() {
      #expect(abs(value - (2 - 2 * cos(Double(k + 1) * .pi / 8))) < 1e-14)
    }
    // Each of its own size, next to larger ones.
    #expect(SmallMatrix([[1e10, 1], [1, 1e-8]]).symmetricEigen().values[0] == 1e-8 - 1e-10)
  }

  @Test func equationsAreSolved() throws {
    var random = LinearCongruence(seed: 9)
    for n in 1...8 {
      var matrix = SmallMatrix(rows: n, columns: n)
      for i in 0..<n * n { matrix.elements[i] = random.number }
      let x = (0..<n).map { _ in random.number }
      let b = (0..<n).map { i in (0..<n).reduce(0) { $0 + matrix[i, $1] * x[$1] } }
      let solution = try #require(matrix.solve(b))
      for i in 0..<n { #expect(abs(solution[i] - x[i]) < 1e-10) }
    }
    // A pivot of zero is passed by.
    #expect(SmallMatrix([[0, 2], [4, 0]]).solve([2, 8]) == [2, 1])
    #expect(SmallMatrix([[1, 2], [2, 4]]).solve([1, 1]) == nil)
    #expect(SmallMatrix([[.nan, 1], [1, 1]]).solve([1, 1]) == nil)
  }

  @Test func numbersThatAreNoneEnd() {
    let values = SmallMatrix([[.nan, .infinity], [.infinity, 1]]).symmetricEigen().values
    #expect(values.contains { !$0.isFinite })
  }
}
