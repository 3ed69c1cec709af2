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
    (column == 0 ? columns.0 : column == 1 ? columns.1 : columns.2)[row]
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

  /// Eigenvalues from the smallest to the largest and the eigenvectors as columns, of a symmetric matrix.
  package var eigen: (values: Vector, vectors: ColorMatrix) {
    let matrix = SmallMatrix((0..<3).map { row in (0..<3).map { self[row, $0] } })
    let (values, vectors) = matrix.symmetricEigen()
    func column(_ i: Int) -> Vector { Vector(vectors[0, i], vectors[1, i], vectors[2, i]) }
    return (Vector(values[0], values[1], values[2]), ColorMatrix(columns: column(0), column(1), column(2)))
  }
}
