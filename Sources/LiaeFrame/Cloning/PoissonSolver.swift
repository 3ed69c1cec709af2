// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// Solves u(x-1, y) + u(x+1, y) + u(x, y-1) + u(x, y+1) - 4·u(x, y) = f(x, y), u zero around the image.
///
/// DST-I along the rows leaves one tridiagonal system for each frequency, solved down its column: the same solution as
/// by transforms along both axes, for half of them and no transposition.
enum PoissonSolver {
  /// Solves in place: f becomes u. Rows and columns are independent, so that the result is the same for any number of
  /// threads.
  ///
  /// - Throws: `outOfMemory`.
  static func solve(_ image: ColorCanvas, workers: Workers) throws(LiaeError) {
    let (width, height) = (image.width, image.height)
    guard image.count > 0 else { return }
    let sine = try SineTransform(count: width)
    let pairs = (height + 1) / 2
    let tasks = min(pairs, workers.count * 4)
    let scratch = try Bytes.allocate(
      tasks * sine.scratchCount * MemoryLayout<ComplexColor>.stride, for: "the rows of a Poisson equation")
    let buffers = scratch.base.bindMemory(to: ComplexColor.self, capacity: tasks * sine.scratchCount)
    // Factors of the elimination: rounded for the values, exact from row to row.
    let factors = try MaskCanvas(width: width, height: height)
    let exact = try Bytes.allocate(2 * width * MemoryLayout<Double>.stride, for: "the columns of a Poisson equation")
    let (factor, diagonal) = (
      exact.base.bindMemory(to: Double.self, capacity: 2 * width),
      exact.base.assumingMemoryBound(to: Double.self) + width
    )
    for k in 0..<width { diagonal[k] = 2 * Math.cos(Double.pi * Double(k + 1) / Double(width + 1)) - 4 }
    let (pixels, scale) = (image.pixels, 2 / Float(width + 1))

    func transformRows() {
      workers.bands(tasks, minimum: 1) { range in
        for task in range {
          for pair in task * pairs / tasks..<(task + 1) * pairs / tasks where !CallScope.isCancelled {
            let a = pixels + 2 * pair * width
            let b = 2 * pair + 1 < height ? a + width : a
            sine.transform(a, b, scratch: buffers + task * sine.scratchCount)
          }
        }
      }
    }
    transformRows()
    workers.bands(width, minimum: 32, maximum: 64) { columns in
      // Thomas' elimination; the diagonal outweighs its neighbours, so that it needs no pivots.
      for y in 0..<height {
        let (row, factorRow) = (pixels + y * width, factors.pixels + y * width)
        for k in columns {
          let next = 1 / (diagonal[k] - (y > 0 ? factor[k] : 0))
          factor[k] = next
          factorRow[k] = Float(next)
          row[k] = (y > 0 ? row[k] * scale - row[k - width] : row[k] * scale) * factorRow[k]
        }
      }
      for y in stride(from: height - 2, through: 0, by: -1) {
        let (row, factorRow) = (pixels + y * width, factors.pixels + y * width)
        for k in columns { row[k] -= row[k + width] * factorRow[k] }
      }
    }
    transformRows()
    withExtendedLifetime((image, sine, scratch, factors, exact)) {}
  }
}
