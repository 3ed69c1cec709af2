// SPDX-License-Identifier: Apache-2.0
import LiaeDispatch
import LiaeKernels
import LiaeKernelsReference
import LiaeSystem
import LiaeTestSupport
import Testing

/// Kernels of networks that segment, of every instruction set, over odd sizes.
@Suite struct SegmentationTests {
  /// Sums of squares over strips whose last pixel ends at a page that may not be touched.
  @Test(arguments: InstructionSet.supported) func squareSums(set: InstructionSet) throws {
    let kernels = try set.kernels(), width = kernels.width
    var random = SplitMix64(state: 11)
    for (columns, rows) in [(1, 1), (3, 2), (4, 3), (7, 5), (16, 16), (33, 4)] {
      // Rows are further apart than they are long.
      let row = (columns + 4) * width, length = (rows - 1) * row + columns * width
      let pixels = random.floats(length, in: -2...2), buffer = GuardedBuffer(pixels)
      var sums = [Float](repeating: -1, count: width)
      kernels.squareSums(buffer.values, row, columns, rows, &sums)
      let expected = (0..<width).map { lane in
        Float(
          (0..<rows * columns).reduce(0.0) {
            let x = Double(pixels[$1 / columns * row + $1 % columns * width + lane])
            return $0 + x * x
          })
      }
      let comparison = Comparison(sums, expected)
      #expect(comparison.maximum <= 1e-6 * Double(rows * columns * 4), "\(set) \(columns) x \(rows): \(comparison)")
    }
  }

  @Test(arguments: InstructionSet.supported) func scaleAndThreshold(set: InstructionSet) throws {
    let kernels = try set.kernels(), width = kernels.width
    var random = SplitMix64(state: 12)
    for (columns, rows) in [(1, 1), (3, 2), (5, 7)] {
      let row = (columns + 2) * width, length = (rows - 1) * row + columns * width
      let pixels = random.floats(length, in: -2...2), factors = random.floats(3 * width, in: -1...1)
      let buffer = GuardedBuffer(pixels)
      kernels.scaleAndThreshold(buffer.values, row, columns, rows, factors)
      var expected = pixels
      for i in 0..<length where i % row < columns * width {
        let lane = i % width
        let scaled = Double(pixels[i]) * Double(factors[lane]) + Double(factors[width + lane])
        expected[i] = max(Float(scaled), factors[2 * width + lane])
      }
      let comparison = Comparison(buffer.array, expected)
      #expect(comparison.maximum <= 5e-7, "\(set) \(columns) x \(rows): \(comparison)")
    }
  }

  /// Against the reference, with a border of zeros around the picture.
  @Test(arguments: InstructionSet.supported, [2, 3, 4]) func blurPool(set: InstructionSet, size: Int) throws {
    let kernels = try set.kernels(), width = kernels.width
    var random = SplitMix64(state: 13)
    for side in [2, 4, 6, 14] {
      let (padded, half) = (side + 4, side / 2)
      let picture = random.floats(width * side * side, in: -1...1)
      var blocked = [Float](repeating: 0, count: padded * padded * width)
      for c in 0..<width {
        for i in 0..<side * side {
          blocked[((i / side + 2) * padded + i % side + 2) * width + c] = picture[c * side * side + i]
        }
      }
      let source = GuardedBuffer(blocked), target = GuardedBuffer(count: half * half * width)
      let taps: [Float] = size == 4 ? [0.125, 0.375, 0.375, 0.125] : size == 3 ? [0.25, 0.5, 0.25] : [0.5, 0.5]
      kernels.blurPool(
        source.values + (2 * padded + 2) * width, padded * width, target.values, half * width, half, half, taps, size)
      var expected = [Float](repeating: 0, count: width * half * half)
      Reference.blurPool(size: size, channels: width, side: side, input: picture, output: &expected)
      let found = (0..<width * half * half).map { target.array[$0 % (half * half) * width + $0 / (half * half)] }
      let comparison = Comparison(found, expected)
      #expect(comparison.maximum <= 3e-7, "\(set) side \(side): \(comparison)")
    }
  }
}

/// The reference loops against TensorFlow's layers in DeepFaceLab.
@Suite(.golden("networks/xseg_layers.npz")) struct SegmentationLayerGoldenTests {
  static let tolerance = 2e-6

  private func arrays() throws -> [String: NPYArray] { try GoldenSet.chosen.arrays("networks/xseg_layers") }

  /// One image as (C, H, W).
  private func picture(_ array: NPYArray, _ image: Int) -> [Float] {
    let channels = array.shape[3], pixels = array.shape[1] * array.shape[2], values = array.item(image)
    return (0..<channels * pixels).map { values[$0 % pixels * channels + $0 / pixels] }
  }

  private func compare(_ name: String, _ image: Int, _ found: [Float]) throws {
    let comparison = Comparison(found, picture(try #require(try arrays()[name]), image))
    #expect(comparison.maximum <= Self.tolerance, "\(name) of image \(image): \(comparison)")
  }

  @Test(arguments: [0, 1]) func responseNorm(image: Int) throws {
    let arrays = try arrays(), x = try #require(arrays["x"])
    func weights(_ name: String) throws -> [Float] { try #require(arrays["w/\(name):0"]).values }
    var found = picture(x, image)
    let threshold = try weights("tlu/tau")
    Reference.responseNorm(
      channels: 3, pixels: 36, weight: try weights("frn/weight"), bias: try weights("frn/bias"),
      epsilon: try weights("frn/eps")[0], threshold: threshold, &found)
    // The threshold was applied to the same input there, the norm to nothing else.
    let norm = picture(try #require(arrays["frn_out"]), image)
    let comparison = Comparison(found, norm.enumerated().map { max($1, threshold[$0 / 36]) })
    #expect(comparison.maximum <= Self.tolerance, "image \(image): \(comparison)")
  }

  @Test(arguments: [0, 1]) func transposedConvolution(image: Int) throws {
    let arrays = try arrays(), x = try #require(arrays["x"])
    // (kh, kw, out, in) to (in, out, kh, kw).
    let stored = try #require(arrays["w/up/weight:0"]).values
    let weights = (0..<stored.count).map { i in
      let (c, o, tap) = (i / 36, i / 9 % 4, i % 9)
      return stored[(tap * 4 + o) * 3 + c]
    }
    var found = [Float](repeating: 0, count: 4 * 144)
    Reference.transposedConv2D(
      inputChannels: 3, outputChannels: 4, side: 6, input: picture(x, image), weights: weights,
      bias: try #require(arrays["w/up/bias:0"]).values, output: &found)
    try compare("convtranspose_out", image, found)
  }

  @Test(arguments: [0, 1], [2, 3, 4]) func blurPool(image: Int, size: Int) throws {
    let x = try #require(try arrays()["x"])
    var found = [Float](repeating: 0, count: 3 * 9)
    Reference.blurPool(size: size, channels: 3, side: 6, input: picture(x, image), output: &found)
    try compare("blurpool\(size)_out", image, found)
  }
}
