// SPDX-License-Identifier: Apache-2.0

/// Computes how much light from all around reaches a resting face: hollows get less than what stands out.
enum Occlusion {
  /// Returns a value of 0...1 for each vertex, from how far it lies behind the mean of those around it.
  static func openness(_ grid: HeadGrid) -> [Float] {
    let (rows, stride) = (grid.rows, HeadGrid.stride)
    let outward = grid.resting.map { normalized(Vector($0.x, 0.25 * ($0.y + 30), $0.z - 85)) }
    var result = [Float](repeating: 1, count: grid.resting.count)
    for (reach, strength) in [(2, Float(0.16)), (5, Float(0.055))] {
      for row in 0..<rows {
        for column in 0..<stride {
          let i = row * stride + column
          var (sum, count) = (Vector.zero, Float(0))
          for dr in [-reach, -reach / 2, 0, reach / 2, reach] {
            for dc in [-reach, -reach / 2, 0, reach / 2, reach] {
              let (r, c) = (row + dr, column + dc)
              guard r >= 0, r < rows, c >= 0, c < stride else { continue }
              sum += grid.resting[r * stride + c]
              count += 1
            }
          }
          let hollow = dot(sum / count - grid.resting[i], outward[i])
          result[i] -= max(0, hollow) * strength
        }
      }
    }
    return result.enumerated().map { i, open in
      let p = grid.resting[i]
      // Under the jaw.
      let under = smoothStep(14.6, 16.5, grid.positions[i / stride]) * (p.z < 70 ? 1 : 0.6)
      return clamp(open, 0.25, 1) * (1 - 0.6 * under)
    }
  }
}
