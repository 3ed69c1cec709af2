// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// A turn and a shift in space: from a model's coordinates to those of a camera that looks along z.
package struct RigidMotion: Sendable {
  /// The rows of the turn's matrix.
  package var x, y, z: SIMD3<Double>
  package var shift: SIMD3<Double>

  package func turn(_ p: SIMD3<Double>) -> SIMD3<Double> { SIMD3((x * p).sum(), (y * p).sum(), (z * p).sum()) }

  /// The point in the picture of a camera of focal length 1, whose middle is (0, 0).
  package func project(_ p: SIMD3<Double>) -> Point {
    let q = turn(p) + shift
    return Point(q.x, q.y) / (q.z == 0 ? 1 : q.z)
  }

  /// The motion of `model` that projects it nearest to `image`, by least squares: a direct linear solution, then
  /// Levenberg and Marquardt's way from there.
  ///
  /// The way ends in the minimum that is nearest, as cv2.solvePnP's does, with which it agrees: for points without
  /// perspective, a head behind the camera is as good as one before it, and noise decides. Sources: R. Hartley, A.
  /// Zisserman, "Multiple View Geometry", 7.1; solvePnP of OpenCV for the start and the damping.
  ///
  /// - Parameter model: 6 or more points, not in a plane; `image` has as many.
  /// - Throws: `invalidArgument` where the points fix no motion.
  package static func fit(_ model: [SIMD3<Double>], to image: [Point]) throws(LiaeError) -> RigidMotion {
    guard var motion = linear(model, image) else {
      throw LiaeError(.invalidArgument, "the landmarks fix no pose of a head")
    }
    var damping = 1e-3
    var error = motion.squaredError(model, image)
    for _ in 0..<100 {
      var (curvature, gradient) = (SmallMatrix(rows: 6, columns: 6), [Double](repeating: 0, count: 6))
      for (p, target) in zip(model, image) { motion.accumulate(p, target, &curvature, &gradient) }
      var hasMoved = false
      var isDone = false
      while !hasMoved, !isDone {
        var damped = curvature
        for i in 0..<6 { damped[i, i] *= 1 + damping }
        if let step = damped.solve(gradient) {
          let candidate = motion.moved(step)
          let candidateError = candidate.squaredError(model, image)
          let turned = (step[0] * step[0] + step[1] * step[1] + step[2] * step[2]).squareRoot()
          let shifted = length(candidate.shift - motion.shift)
          isDone = turned < 1e-9 && shifted < 1e-9 * length(motion.shift)
          if candidateError <= error {
            (motion, error, hasMoved) = (candidate, candidateError, true)
            damping = max(damping / 10, 1e-16)
          }
        }
        if !hasMoved { damping *= 10 }
        if damping > 1e16 { isDone = true }
      }
      if isDone { break }
    }
    guard error.isFinite else { throw LiaeError(.invalidArgument, "the landmarks fix no pose of a head") }
    return motion
  }

  /// The projection matrix of the smallest algebraic error, and the motion nearest to it.
  private static func linear(_ model: [SIMD3<Double>], _ image: [Point]) -> RigidMotion? {
    var equations: [[Double]] = []
    for (p, target) in zip(model, image) {
      let row: [Double] = [p.x, p.y, p.z, 1]
      let none: [Double] = [0, 0, 0, 0]
      let (horizontal, vertical): ([Double], [Double]) = (row.map { -target.x * $0 }, row.map { -target.y * $0 })
      equations.append(row + none + horizontal)
      equations.append(none + row + vertical)
    }
    let system = SmallMatrix(equations)
    var projection = (system.transposed * system).symmetricEigen().vectors.column(0)
    guard projection.allSatisfy(\.isFinite) else { return nil }
    // A turn does not mirror.
    let determinant = dot(vector(projection, 0), cross(vector(projection, 4), vector(projection, 8)))
    if determinant < 0 { projection = projection.map { -$0 } }
    let rows = [vector(projection, 0), vector(projection, 4), vector(projection, 8)]
    let size = (dot(rows[0], rows[0]) + dot(rows[1], rows[1]) + dot(rows[2], rows[2])).squareRoot()

    // U·V of the singular value decomposition is the nearest turn. Its third direction follows from the two with larger
    // singular values, however small its own is.
    let matrix = SmallMatrix(rows.map { [$0.x, $0.y, $0.z] })
    let (values, vectors) = (matrix.transposed * matrix).symmetricEigen()
    guard values[1] > 1e-24 * values[2] else { return nil }
    let (a, b) = (vector(vectors.column(2), 0), vector(vectors.column(1), 0))
    let (ua, ub) = (direction(rows, a), direction(rows, b))
    let (c, uc) = (cross(a, b), cross(ua, ub))
    func row(_ i: Int) -> SIMD3<Double> { a * ua[i] + b * ub[i] + c * uc[i] }
    let shift = SIMD3(projection[3], projection[7], projection[11]) * (3.0.squareRoot() / size)
    return RigidMotion(x: row(0), y: row(1), z: row(2), shift: shift)
  }

  private func squaredError(_ model: [SIMD3<Double>], _ image: [Point]) -> Double {
    var sum = 0.0
    for (p, target) in zip(model, image) {
      let difference = target - project(p)
      sum += (difference * difference).sum()
    }
    return sum
  }

  /// Adds a point's part of the normal equations for `moved`.
  private func accumulate(
    _ p: SIMD3<Double>, _ target: Point, _ curvature: inout SmallMatrix, _ gradient: inout [Double]
  ) {
    let turned = turn(p)
    let q = turned + shift
    let depth = q.z == 0 ? 1 : q.z
    let difference = target - project(p)
    // What u = x/z and v = y/z change by, per shift; a turn by w shifts by w × turned.
    let slopes = [SIMD3(1 / depth, 0, -q.x / (depth * depth)), SIMD3(0, 1 / depth, -q.y / (depth * depth))]
    for (axis, slope) in slopes.enumerated() {
      let turning = cross(turned, slope)
      let row = [turning.x, turning.y, turning.z, slope.x, slope.y, slope.z]
      for i in 0..<6 {
        for j in 0..<6 { curvature[i, j] += row[i] * row[j] }
        gradient[i] += row[i] * difference[axis]
      }
    }
  }

  /// Turned further about the axis and by the angle of the first three numbers, and shifted by the others.
  private func moved(_ step: [Double]) -> RigidMotion {
    let rotation = vector(step, 0)
    let angle = length(rotation)
    var result = self
    result.shift += SIMD3(step[3], step[4], step[5])
    guard angle > 0 else { return result }
    let axis = rotation / angle
    let (c, s) = (Math.cos(angle), Math.sin(angle))
    // Rodrigues' formula, for the columns of the turn.
    let columns = (0..<3).map { index in
      let v = SIMD3(x[index], y[index], z[index])
      return v * c + cross(axis, v) * s + axis * (dot(axis, v) * (1 - c))
    }
    result.x = SIMD3(columns[0].x, columns[1].x, columns[2].x)
    result.y = SIMD3(columns[0].y, columns[1].y, columns[2].y)
    result.z = SIMD3(columns[0].z, columns[1].z, columns[2].z)
    return result
  }
}

private func vector(_ numbers: [Double], _ first: Int) -> SIMD3<Double> {
  SIMD3(numbers[first], numbers[first + 1], numbers[first + 2])
}

/// Returns the direction into which the matrix sends `v`, as a unit vector.
private func direction(_ rows: [SIMD3<Double>], _ v: SIMD3<Double>) -> SIMD3<Double> {
  let u = SIMD3(dot(rows[0], v), dot(rows[1], v), dot(rows[2], v))
  return u / length(u)
}

private func dot(_ a: SIMD3<Double>, _ b: SIMD3<Double>) -> Double { (a * b).sum() }

private func length(_ v: SIMD3<Double>) -> Double { dot(v, v).squareRoot() }

private func cross(_ a: SIMD3<Double>, _ b: SIMD3<Double>) -> SIMD3<Double> {
  SIMD3(a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x)
}
