// SPDX-License-Identifier: Apache-2.0
import LiaeKernels
import LiaeSystem
import LiaeTestSupport

extension KernelCases {
  /// The kernels of XSeg's network: a filter response norm in two passes, and a blur with every second pixel kept.
  func segmentation() throws(LiaeError) {
    var random = SplitMix64(state: 9)
    let width = kernels.width, side = 7, pixels = side * side
    let values = random.floats(width * pixels, in: -1...1)
    let picture = ConvolutionCase.Guarded(channels: width, side: side, images: 1, width: width)
    picture.fill(0, values)

    var sums = [Float](repeating: 0, count: width)
    kernels.squareSums(picture.view.origin, picture.view.row, side, side, &sums)
    let squares = (0..<width).map { c in
      Float(values[c * pixels..<(c + 1) * pixels].reduce(0.0) { $0 + Double($1) * Double($1) })
    }
    try report(
      KernelResult(kernels: ["squareSums"], name: "square sums", tolerance: 1e-5, actual: sums, expected: squares))

    for size in 2...4 {
      let half = (side + 1) / 2, taps = random.floats(size, in: 0...1)
      let target = ConvolutionCase.Guarded(channels: width, side: half, images: 1, width: width)
      kernels.blurPool(
        picture.view.origin, picture.view.row, target.view.origin, target.view.row, half, half, taps, size)
      let before = (size - 1) / 2
      let expected = (0..<width * half * half).map { index in
        let (c, y, x) = (index / (half * half), index / half % half, index % half)
        var sum = 0.0
        for i in 0..<size {
          for j in 0..<size {
            let (row, column) = (2 * y + i - before, 2 * x + j - before)
            guard (0..<side).contains(row), (0..<side).contains(column) else { continue }
            sum += Double(values[(c * side + row) * side + column]) * Double(taps[i]) * Double(taps[j])
          }
        }
        return Float(sum)
      }
      guard target.isCleanAround else {
        throw LiaeError(.internalError, "blur pool \(size) wrote into the border")
      }
      try report(
        KernelResult(
          kernels: ["blurPool"], name: "blur pool \(size)", tolerance: 2e-6, actual: target.values(0),
          expected: expected))
    }

    let factors = random.floats(3 * width, in: -1...1)
    kernels.scaleAndThreshold(picture.view.origin, picture.view.row, side, side, factors)
    let expected = values.enumerated().map { (index, value) in
      let c = index / pixels
      return Float(max(Double(value) * Double(factors[c]) + Double(factors[width + c]), Double(factors[2 * width + c])))
    }
    guard picture.isCleanAround else {
      throw LiaeError(.internalError, "scale and threshold wrote into the border")
    }
    try report(
      KernelResult(
        kernels: ["scaleAndThreshold"], name: "scale and threshold", tolerance: 3e-7, actual: picture.values(0),
        expected: expected))
  }
}
