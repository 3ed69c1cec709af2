// SPDX-License-Identifier: Apache-2.0
import COpenBLAS

extension Reference {
  /// `dense` by a matrix times a vector, float32.
  package static func denseOpenBLAS(
    inputs: Int, outputs: Int, input: UnsafePointer<Float>, weights: UnsafePointer<Float>, bias: UnsafePointer<Float>,
    output: UnsafeMutablePointer<Float>
  ) {
    output.update(from: bias, count: outputs)
    cblas_sgemv(
      CblasRowMajor, CblasNoTrans, blasint(outputs), blasint(inputs), 1, weights, blasint(inputs), input, 1, 1, output,
      1)
  }
}
