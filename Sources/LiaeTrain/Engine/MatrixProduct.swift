// SPDX-License-Identifier: Apache-2.0
import COpenBLAS

/// A matrix in memory, rows `stride` floats apart; `isTransposed` when its columns are what is stored as rows.
struct Matrix {
  var values: UnsafePointer<Float>
  var stride: Int
  var isTransposed = false

  /// From row `row` and column `column` on.
  func from(row: Int, column: Int) -> Matrix {
    Matrix(
      values: values + (isTransposed ? column * stride + row : row * stride + column), stride: stride,
      isTransposed: isTransposed)
  }
}

extension Engine {
  /// c (rows, columns) = a b, or += with `adding`; `inner` is what is summed over. One thread.
  static func multiply(
    _ a: Matrix, _ b: Matrix, rows: Int, columns: Int, inner: Int, adding: Bool, into c: UnsafeMutablePointer<Float>,
    stride: Int
  ) {
    cblas_sgemm(
      CblasRowMajor, a.isTransposed ? CblasTrans : CblasNoTrans, b.isTransposed ? CblasTrans : CblasNoTrans,
      blasint(rows), blasint(columns), blasint(inner), 1, a.values, blasint(a.stride), b.values, blasint(b.stride),
      adding ? 1 : 0, c, blasint(stride))
  }

  /// The same on all threads: the result is cut into pieces, largest along its longer side.
  func product(
    _ a: Matrix, _ b: Matrix, rows: Int, columns: Int, inner: Int, adding: Bool, into c: UnsafeMutablePointer<Float>,
    stride: Int
  ) {
    // Eight pieces keep threads busy; a piece narrower than 64 would cost more in packing than it wins.
    let alongRows = rows >= columns
    let length = alongRows ? rows : columns
    let piece = max(64, (length / 8 + 15) / 16 * 16)
    parallel((length + piece - 1) / piece) { index in
      let begin = index * piece, size = min(piece, length - begin)
      if alongRows {
        Self.multiply(
          a.from(row: begin, column: 0), b, rows: size, columns: columns, inner: inner, adding: adding,
          into: c + begin * stride, stride: stride)
      } else {
        Self.multiply(
          a, b.from(row: 0, column: begin), rows: rows, columns: size, inner: inner, adding: adding, into: c + begin,
          stride: stride)
      }
    }
  }
}
