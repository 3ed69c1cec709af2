// SPDX-License-Identifier: Apache-2.0
import COpenBLAS
import LiaeSystem

extension Reference {
  /// Floats of scratch that `conv2dOpenBLAS` may use; wide pictures are worked through in bands of rows.
  private static let columnLimit = 1 << 22

  /// `conv2d` as a matrix product: weights (O, C*K*K) times the input's patches (C*K*K, pixels), float32.
  ///
  /// - Throws: `outOfMemory`.
  package static func conv2dOpenBLAS(
    _ shape: Conv2DShape, input: UnsafePointer<Float>, weights: UnsafePointer<Float>, bias: UnsafePointer<Float>,
    output: UnsafeMutablePointer<Float>
  ) throws(LiaeError) {
    let depth = shape.inputChannels * shape.kernel * shape.kernel
    let (height, width) = (shape.outputHeight, shape.outputWidth)
    let band = max(1, min(height, columnLimit / (depth * width)))
    let scratch = try Bytes.allocate(depth * band * width * 4, for: "the patches of a convolution")
    let columns = scratch.base.assumingMemoryBound(to: Float.self)
    var y = 0
    while y < height {
      let rows = min(band, height - y)
      gatherPatches(shape, input, firstRow: y, rows: rows, columns)
      for o in 0..<shape.outputChannels {
        (output + (o * height + y) * width).update(repeating: bias[o], count: rows * width)
      }
      cblas_sgemm(
        CblasRowMajor, CblasNoTrans, CblasNoTrans, blasint(shape.outputChannels), blasint(rows * width),
        blasint(depth), 1, weights, blasint(depth), columns, blasint(rows * width), 1, output + y * width,
        blasint(height * width))
      y += rows
    }
  }

  /// columns[(c*K + ky)*K + kx, pixel]: what the kernel's tap (c, ky, kx) sees for each output pixel of some rows.
  private static func gatherPatches(
    _ shape: Conv2DShape, _ input: UnsafePointer<Float>, firstRow: Int, rows: Int,
    _ columns: UnsafeMutablePointer<Float>
  ) {
    var out = columns
    for c in 0..<shape.inputChannels {
      for ky in 0..<shape.kernel {
        for kx in 0..<shape.kernel {
          for y in firstRow..<firstRow + rows {
            let row = y * shape.stride + ky - shape.padding
            let isInside = row >= 0 && row < shape.inputHeight
            let line = input + (c * shape.inputHeight + (isInside ? row : 0)) * shape.inputWidth
            for x in 0..<shape.outputWidth {
              let column = x * shape.stride + kx - shape.padding
              out.pointee = isInside && column >= 0 && column < shape.inputWidth ? line[column] : 0
              out += 1
            }
          }
        }
      }
    }
  }
}
