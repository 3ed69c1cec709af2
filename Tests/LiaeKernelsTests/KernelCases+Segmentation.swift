// SPDX-License-Identifier: Apache-2.0
import LiaeKernels
import LiaeSystem
import LiaeTestSupport

extension KernelCases {
  /// The kernels of XSeg's network: a filter response norm in two passes, and a blur with every second pixel kept.
  ///
  /// Each kernel is called for every block of 20 channels, so that the values are the same for vectors of any width; the
  /// last block has lanes without a channel.
  func segmentation() throws(LiaeError) {
    var random = SplitMix64(state: 9)
    let width = kernels.width, channels = 20, blocks = (channels + width - 1) / width
    let side = 7, pixels = side * side
    let values = random.floats(channels * pixels, in: -1...1)
    let picture = ConvolutionCase.Guarded(channels: channels, side: side, images: 1, width: width)
    picture.fill(0, values)

    var sums = [Float](repeating: 0, count: blocks * width)
    sums.withUnsafeMutableBufferPointer { sums in
      guard let sums = sums.baseAddress else { return }
      for block in 0..<blocks {
        kernels.squareSums(
          picture.view.origin + block * picture.view.plane, picture.view.row, side, side, sums + block * width)
      }
    }
    let squares = (0..<channels).map { c in
      Float(values[c * pixels..<(c + 1) * pixels].reduce(0.0) { $0 + Double($1) * Double($1) })
    }
    try report(
      KernelResult(
        kernels: ["squareSums"], name: "square sums", tolerance: 1e-5, actual: Array(sums[..<channels]),
        expected: squares))

    for size in 2...4 {
      let half = (side + 1) / 2, taps = random.floats(size, in: 0...1)
      let target = ConvolutionCase.Guarded(channels: channels, side: half, images: 1, width: width)
      for block in 0..<blocks {
        kernels.blurPool(
          picture.view.origin + block * picture.view.plane, picture.view.row,
          target.view.origin + block * target.view.plane, target.view.row, half, half, taps, size)
      }
      let before = (size - 1) / 2
      let expected = (0..<channels * half * half).map { index in
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
        throw LiaeError(.internalError, "blur pool \(size) wrote into the border or a padded lane")
      }
      try report(
        KernelResult(
          kernels: ["blurPool"], name: "blur pool \(size)", tolerance: 2e-6, actual: target.values(0),
          expected: expected))
    }

    // Scale, bias and threshold of each channel; zeros for lanes without one.
    let factors = random.floats(3 * channels, in: -1...1)
    for block in 0..<blocks {
      let padded = (0..<3 * width).map { i in
        let c = block * width + i % width
        return c < channels ? factors[i / width * channels + c] : 0
      }
      kernels.scaleAndThreshold(
        picture.view.origin + block * picture.view.plane, picture.view.row, side, side, padded)
    }
    let expected = values.enumerated().map { (index, value) in
      let c = index / pixels
      let scaled = Double(value) * Double(factors[c]) + Double(factors[channels + c])
      return Float(max(scaled, Double(factors[2 * channels + c])))
    }
    guard picture.isCleanAround else {
      throw LiaeError(.internalError, "scale and threshold wrote into the border or a padded lane")
    }
    try report(
      KernelResult(
        kernels: ["scaleAndThreshold"], name: "scale and threshold", tolerance: 3e-7, actual: picture.values(0),
        expected: expected))
  }
}
