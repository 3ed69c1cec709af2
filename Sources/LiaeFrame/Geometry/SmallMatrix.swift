// SPDX-License-Identifier: Apache-2.0

/// A matrix of a few rows and columns, row by row, for fits of a face: no more than some thousand elements.
package struct SmallMatrix: Sendable, Equatable {
  package let rows: Int
  package let columns: Int
  package var elements: [Double]

  /// Zeros.
  package init(rows: Int, columns: Int) {
    (self.rows, self.columns) = (rows, columns)
    elements = Array(repeating: 0, count: rows * columns)
  }

  package init(_ rows: [[Double]]) {
    self.init(rows: rows.count, columns: rows.first?.count ?? 0)
    elements = rows.flatMap { $0 }
  }

  package static func identity(_ n: Int) -> SmallMatrix {
    var result = SmallMatrix(rows: n, columns: n)
    for i in 0..<n { result[i, i] = 1 }
    return result
  }

  package subscript(row: Int, column: Int) -> Double {
    get { elements[row * columns + column] }
    set { elements[row * columns + column] = newValue }
  }

  package func column(_ index: Int) -> [Double] { (0..<rows).map { self[$0, index] } }

  package static func * (a: SmallMatrix, b: SmallMatrix) -> SmallMatrix {
    precondition(a.columns == b.rows)
    var result = SmallMatrix(rows: a.rows, columns: b.columns)
    for i in 0..<a.rows {
      for j in 0..<b.columns {
        var sum = 0.0
        for k in 0..<a.columns { sum += a[i, k] * b[k, j] }
        result[i, j] = sum
      }
    }
    return result
  }

  package var transposed: SmallMatrix {
    var result = SmallMatrix(rows: columns, columns: rows)
    for i in 0..<rows {
      for j in 0..<columns { result[j, i] = self[i, j] }
    }
    return result
  }

  /// Eigenvalues from the smallest to the largest, and unit eigenvectors as columns in the same order.
  ///
  /// Only for symmetric matrices. Jacobi's rotations: slower than other ways and as exact as float64 allows, small
  /// eigenvalues included. Elements that are not finite give values that are not. Source: G. Golub, C. Van Loan,
  /// "Matrix Computations", 8.5.
  package func symmetricEigen() -> (values: [Double], vectors: SmallMatrix) {
    precondition(rows == columns)
    var a = self
    var vectors = SmallMatrix.identity(rows)
    // Convergence is quadratic; a dozen sweeps are plenty, and the bound ends what NaN would let run.
    for _ in 0..<50 {
      var isDiagonal = true
      for p in 0..<rows {
        for q in p + 1..<max(rows, p + 1) {
          let off = a[p, q]
          // Too small to change the eigenvalues that it stands between.
          if abs(off) <= 1e-18 * (abs(a[p, p]) * abs(a[q, q])).squareRoot() || off == 0 { continue }
          isDiagonal = false
          let theta = (a[q, q] - a[p, p]) / (2 * off)
          let t = (theta < 0 ? -1 : 1) / (abs(theta) + (theta * theta + 1).squareRoot())
          let c = 1 / (t * t + 1).squareRoot()
          a.rotate(p, q, cosine: c, sine: t * c)
          a[p, q] = 0
          a[q, p] = 0
          for k in 0..<rows {
            let (x, y) = (vectors[k, p], vectors[k, q])
            (vectors[k, p], vectors[k, q]) = (c * x - t * c * y, t * c * x + c * y)
          }
        }
      }
      if isDiagonal { break }
    }
    let order = (0..<rows).sorted { a[$0, $0] < a[$1, $1] }
    var sorted = SmallMatrix(rows: rows, columns: rows)
    for (to, from) in order.enumerated() {
      for k in 0..<rows { sorted[k, to] = vectors[k, from] }
    }
    return (order.map { a[$0, $0] }, sorted)
  }

  /// The similarity transform of a symmetric matrix by a turn in the plane of `p` and `q`.
  private mutating func rotate(_ p: Int, _ q: Int, cosine c: Double, sine s: Double) {
    for k in 0..<rows {
      let (x, y) = (self[k, p], self[k, q])
      (self[k, p], self[k, q]) = (c * x - s * y, s * x + c * y)
    }
    for k in 0..<rows {
      let (x, y) = (self[p, k], self[q, k])
      (self[p, k], self[q, k]) = (c * x - s * y, s * x + c * y)
    }
  }

  /// x of self·x = `b`, or nil where the matrix is singular or not finite. Gauss with the largest pivot of the column.
  package func solve(_ b: [Double]) -> [Double]? {
    precondition(rows == columns && b.count == rows)
    var (a, x) = (self, b)
    for k in 0..<rows {
      var pivot = k
      for i in k..<rows where abs(a[i, k]) > abs(a[pivot, k]) { pivot = i }
      guard a[pivot, k].isFinite, abs(a[pivot, k]) > .leastNormalMagnitude else { return nil }
      if pivot != k {
        for j in k..<rows { (a[k, j], a[pivot, j]) = (a[pivot, j], a[k, j]) }
        x.swapAt(k, pivot)
      }
      for i in k + 1..<max(rows, k + 1) {
        let factor = a[i, k] / a[k, k]
        for j in k..<rows { a[i, j] -= factor * a[k, j] }
        x[i] -= factor * x[k]
      }
    }
    for i in stride(from: rows - 1, through: 0, by: -1) {
      for j in i + 1..<max(rows, i + 1) { x[i] -= a[i, j] * x[j] }
      x[i] /= a[i, i]
    }
    return x.allSatisfy(\.isFinite) ? x : nil
  }
}
