// SPDX-License-Identifier: Apache-2.0

/// A 3 × 3 matrix in Double: a linear map of colours, or their covariance.
package struct ColorMatrix: Sendable, Equatable {
  package typealias Vector = SIMD3<Double>

  package var columns: (Vector, Vector, Vector)

  package init(columns a: Vector, _ b: Vector, _ c: Vector) { columns = (a, b, c) }

  package init(diagonal d: Vector) {
    self.init(columns: Vector(d.x, 0, 0), Vector(0, d.y, 0), Vector(0, 0, d.z))
  }

  package static func == (a: ColorMatrix, b: ColorMatrix) -> Bool { a.columns == b.columns }

  package subscript(row: Int, column: Int) -> Double {
    get { self[column][row] }
    set { self[column][row] = newValue }
  }

  private subscript(column: Int) -> Vector {
    get { column == 0 ? columns.0 : column == 1 ? columns.1 : columns.2 }
    set {
      if column == 0 {
        columns.0 = newValue
      } else if column == 1 {
        columns.1 = newValue
      } else {
        columns.2 = newValue
      }
    }
  }

  package static func * (m: ColorMatrix, v: Vector) -> Vector {
    m.columns.0 * v.x + m.columns.1 * v.y + m.columns.2 * v.z
  }

  package static func * (a: ColorMatrix, b: ColorMatrix) -> ColorMatrix {
    ColorMatrix(columns: a * b.columns.0, a * b.columns.1, a * b.columns.2)
  }

  package static func * (m: ColorMatrix, k: Double) -> ColorMatrix {
    ColorMatrix(columns: m.columns.0 * k, m.columns.1 * k, m.columns.2 * k)
  }

  package static func + (a: ColorMatrix, b: ColorMatrix) -> ColorMatrix {
    ColorMatrix(columns: a.columns.0 + b.columns.0, a.columns.1 + b.columns.1, a.columns.2 + b.columns.2)
  }

  package var transposed: ColorMatrix {
    let (a, b, c) = columns
    return ColorMatrix(columns: Vector(a.x, b.x, c.x), Vector(a.y, b.y, c.y), Vector(a.z, b.z, c.z))
  }

  package var diagonal: Vector { Vector(columns.0.x, columns.1.y, columns.2.z) }

  /// U·f(λ)·Uᵀ of this matrix U·λ·Uᵀ, which must be symmetric: its square root for f = sqrt.
  package func mappingEigenvalues(_ function: (Double) -> Double) -> ColorMatrix {
    let (values, vectors) = eigen
    let mapped = Vector(function(values.x), function(values.y), function(values.z))
    return vectors * ColorMatrix(diagonal: mapped) * vectors.transposed
  }

  /// Eigenvalues in no order and the eigenvectors as columns, of a symmetric matrix.
  ///
  /// Jacobi's method, cyclic: every turn zeroes one entry off the diagonal. Source: G. Golub, C. Van Loan, Matrix
  /// Computations, 8.5. Three or four rounds reach the precision of Double; a matrix that is not finite ends too.
  package var eigen: (values: Vector, vectors: ColorMatrix) {
    var (a, vectors) = (self, ColorMatrix(diagonal: Vector(1, 1, 1)))
    for _ in 0..<32 {
      let rest = abs(a[0, 1]) + abs(a[0, 2]) + abs(a[1, 2])
      guard rest > 1e-30 * (abs(a[0, 0]) + abs(a[1, 1]) + abs(a[2, 2])) else { break }
      for (p, q) in [(0, 1), (0, 2), (1, 2)] where a[p, q] != 0 {
        let ratio = (a[q, q] - a[p, p]) / (2 * a[p, q])
        let t = (ratio < 0 ? -1 : 1) / (abs(ratio) + (ratio * ratio + 1).squareRoot())
        let c = 1 / (t * t + 1).squareRoot()
        var turn = ColorMatrix(diagonal: Vector(1, 1, 1))
        (turn[p, p], turn[q, q], turn[p, q], turn[q, p]) = (c, c, t * c, -t * c)
        a = turn.transposed * a * turn
        vectors = vectors * turn
      }
    }
    return (a.diagonal, vectors)
  }
}
