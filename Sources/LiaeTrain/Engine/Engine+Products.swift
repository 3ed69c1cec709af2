// SPDX-License-Identifier: Apache-2.0
import COpenBLAS
import LiaeKernels
import LiaeSystem

/// A matrix in memory, rows `stride` floats apart; `isTransposed` when its columns are what is stored as rows.
struct Matrix {
  var values: UnsafePointer<Float>
  var stride: Int
  var isTransposed = false

  /// Returns the matrix from row `row` and column `column` on.
  func from(row: Int, column: Int) -> Matrix {
    Matrix(
      values: values + (isTransposed ? column * stride + row : row * stride + column), stride: stride,
      isTransposed: isTransposed)
  }
}

extension Engine {
  /// c (rows, columns) = a b, or += with `adding`; `inner` is what is summed over. On all threads.
  ///
  /// - Throws: `outOfMemory`.
  func product(
    _ a: Matrix, _ b: Matrix, rows: Int, columns: Int, inner: Int, adding: Bool, into c: UnsafeMutablePointer<Float>,
    stride: Int
  ) throws(LiaeError) {
    let width = 2 * kernels.width, panels = (columns + width - 1) / width
    // Some rows of b at a time, so that a panel of them stays in cache.
    let most = 512, piece = 64
    let panelFloats = min(inner, most) * width
    try withBuffer(panels * panelFloats + width) { packed throws(LiaeError) in
      for first in Swift.stride(from: 0, to: inner, by: most) {
        let count = min(most, inner - first)
        parallel(panels) { panel in
          Self.pack(
            b.from(row: first, column: panel * width), rows: count, columns: min(width, columns - panel * width),
            width: width, into: packed + panel * panelFloats)
        }
        let start = a.from(row: 0, column: first), pieces = (rows + piece - 1) / piece
        parallel(panels * pieces) { index, worker in
          let panel = index % panels, from = index / panels * piece
          let product = MatrixProduct(
            a: start.values, rowStride: a.isTransposed ? 1 : a.stride, innerStride: a.isTransposed ? a.stride : 1,
            panel: packed + panel * panelFloats, inner: count, c: c + panel * width, stride: stride,
            columns: min(width, columns - panel * width), isAdding: adding || first > 0)
          withUnsafePointer(to: product) {
            kernels.matrixProduct($0, from, min(rows, from + piece), scratch(worker))
          }
        }
      }
    }
  }

  /// A panel of columns, zeros after the last.
  private static func pack(
    _ b: Matrix, rows: Int, columns: Int, width: Int, into panel: UnsafeMutablePointer<Float>
  ) {
    for row in 0..<rows {
      let line = panel + row * width
      if b.isTransposed {
        for column in 0..<columns { line[column] = b.values[column * b.stride + row] }
      } else {
        line.update(from: b.values + row * b.stride, count: columns)
      }
      (line + columns).update(repeating: 0, count: width - columns)
    }
  }

  /// The product of a dense layer, whose few rows leave nothing to do but to stream b: OpenBLAS's, which does not copy it.
  func denseProduct(
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

  /// One thread's part of it.
  private static func multiply(
    _ a: Matrix, _ b: Matrix, rows: Int, columns: Int, inner: Int, adding: Bool, into c: UnsafeMutablePointer<Float>,
    stride: Int
  ) {
    cblas_sgemm(
      CblasRowMajor, a.isTransposed ? CblasTrans : CblasNoTrans, b.isTransposed ? CblasTrans : CblasNoTrans,
      blasint(rows), blasint(columns), blasint(inner), 1, a.values, blasint(a.stride), b.values, blasint(b.stride),
      adding ? 1 : 0, c, blasint(stride))
  }
}
