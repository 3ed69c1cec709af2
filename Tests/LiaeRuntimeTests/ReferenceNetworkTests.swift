// SPDX-License-Identifier: Apache-2.0
import LiaeKernelsReference
import LiaeGraph
import LiaeSystem
import LiaeTestSupport
import Testing

/// Tests what the reference promises beyond the golden numbers.
@Suite struct ReferenceNetworkTests {
  private func status(_ body: () throws(LiaeError) -> Void) -> Status {
    do throws(LiaeError) {
      try body()
      return .ok
    } catch {
      return error.status
    }
  }

  private func model(_ family: Architecture.Family = .liae, _ options: String = "ud") throws(LiaeError) -> Model {
    try Model.random(
      Architecture(family: family, options: options, resolution: 64, eDims: 4, aeDims: 6, dDims: 4, dMaskDims: 3),
      seed: 3)
  }

  @Test func morphGoesFromTheDestinationToTheSwap() throws {
    let network = try ReferenceNetwork(model: model(), backend: .plainLoops)
    let image = testImages(2, side: 64, seed: 1)[1]
    func rgb(_ code: RunMode) throws -> [Float] {
      try network.run(code, image: image, wantDestinationMask: false).rgb
    }
    #expect(try isBitEqual(rgb(.morph(0)), rgb(.reconstructDestination)))
    #expect(try isBitEqual(rgb(.morph(1)), rgb(.swap)))
    let ends = try Comparison(rgb(.swap), rgb(.reconstructDestination)).maximum
    #expect(ends > 0.01)
    for end in [RunMode.swap, .reconstructDestination] {
      #expect(try Comparison(rgb(.morph(0.5)), rgb(end)).maximum > ends / 10)
    }
  }

  @Test(arguments: [Float(-0.01), 1.01, .nan, .infinity]) func morphHasARange(t: Float) throws {
    let network = try ReferenceNetwork(model: model(), backend: .openBLAS)
    let image = testImages(1, side: 64, seed: 1)[0]
    #expect(
      status { () throws(LiaeError) in _ = try network.run(.morph(t), image: image, wantDestinationMask: false) }
        == .invalidArgument)
  }

  @Test func whatCannotRunIsRefused() throws {
    let image = testImages(1, side: 64, seed: 1)[0]
    let network = try ReferenceNetwork(model: model(), backend: .openBLAS)
    for wrong in [[], Array(image.dropLast()), image + [0]] {
      #expect(
        status { () throws(LiaeError) in _ = try network.run(.swap, image: wrong, wantDestinationMask: false) }
          == .invalidArgument)
    }
    let df = try ReferenceNetwork(model: model(.df), backend: .openBLAS)
    #expect(
      status { () throws(LiaeError) in _ = try df.run(.morph(0.5), image: image, wantDestinationMask: false) }
        == .unsupported)
  }

  /// Two ways to add the same products, over sizes with tails.
  @Test(arguments: 0..<12) func theTwoBackendsAgree(seed: Int) throws {
    var random = SplitMix64(state: UInt64(seed))
    for _ in 0..<10 {
      let kernel = random.pick([1, 3, 5])
      let shape = Reference.Conv2DShape(
        inputChannels: random.pick([1, 3, 5, 17]), outputChannels: random.pick([1, 3, 4, 13]),
        inputHeight: random.pick([5, 6, 9, 14]), inputWidth: random.pick([5, 7, 8, 19]), kernel: kernel,
        stride: random.pick([1, 2]), padding: random.pick([0, kernel / 2]))
      let inputCount = shape.inputChannels * shape.inputHeight * shape.inputWidth
      let input = GuardedBuffer(random.floats(inputCount, in: -1...1))
      let depth = shape.inputChannels * kernel * kernel
      let weights = GuardedBuffer(random.floats(shape.outputChannels * depth, in: -1...1))
      let bias = GuardedBuffer(random.floats(shape.outputChannels, in: -1...1))
      let count = shape.outputChannels * shape.outputHeight * shape.outputWidth
      let (plain, blas) = (GuardedBuffer(count: count), GuardedBuffer(count: count))
      Reference.conv2d(
        shape, input: input.values, weights: weights.values, bias: bias.values, output: plain.values)
      try Reference.conv2dOpenBLAS(
        shape, input: input.values, weights: weights.values, bias: bias.values, output: blas.values)
      // Every product is at most 1.
      let bound = Float(depth + 1) * Float(depth + 1) * Float.ulpOfOne
      let comparison = Comparison(blas.array, plain.array, seed: UInt64(seed))
      #expect(comparison.maximum <= Double(bound), "\(shape): \(comparison)")
    }
  }

  /// Convolution is linear, and a kernel that holds one 1 moves the picture.
  @Test func aKernelOfASingleOneShifts() {
    let shape = Reference.Conv2DShape(
      inputChannels: 2, outputChannels: 1, inputHeight: 4, inputWidth: 5, kernel: 3, padding: 1)
    let input = (0..<40).map { Float($0 + 1) }
    for (ky, kx, c) in [(0, 0, 0), (1, 1, 1), (2, 0, 1), (1, 2, 0)] {
      var weights = [Float](repeating: 0, count: 18)
      weights[(c * 3 + ky) * 3 + kx] = 1
      var output = [Float](repeating: 0, count: 20)
      Reference.conv2d(shape, input: input, weights: weights, bias: [0.5], output: &output)
      for y in 0..<4 {
        for x in 0..<5 {
          let (row, column) = (y + ky - 1, x + kx - 1)
          let isInside = (0..<4).contains(row) && (0..<5).contains(column)
          #expect(output[y * 5 + x] == 0.5 + (isInside ? input[(c * 4 + row) * 5 + column] : 0))
        }
      }
    }
  }

  /// PyTorch 2.13: `pixel_shuffle(torch.arange(16.).reshape(8, 1, 2), 2)`; the reference evaluator of onnx 1.23:
  /// `DepthToSpace` of the same with blocksize 2 in mode DCR.
  @Test(arguments: [
    (ShuffleOrder.crd, [Float(0), 2, 1, 3, 4, 6, 5, 7, 8, 10, 9, 11, 12, 14, 13, 15]),
    (.dcr, [0, 4, 1, 5, 8, 12, 9, 13, 2, 6, 3, 7, 10, 14, 11, 15]),
  ])
  func depthToSpace(order: ShuffleOrder, expected: [Float]) {
    var output = [Float](repeating: -1, count: 16)
    Reference.depthToSpace(
      order, channels: 2, height: 1, width: 2, input: (0..<16).map { Float($0) }, output: &output)
    #expect(output == expected)
  }

  /// numpy: `int(np.float32(channels) * np.float32(morph))`; in Double 50 * 0.58 would be 28.
  @Test(arguments: [
    (50, Float(0.58), 29), (16, 0, 0), (16, 1, 16), (16, 0.25, 4), (1024, 0.999, 1022), (7, 0.1, 0), (0, 1, 0),
    (10, 0.7, 7),
    (100, 0.29, 29), (3, 2, 3), (3, -1, 0), (3, .nan, 0),
  ])
  func channelsAreMixed(channels: Int, morph: Float, expected: Int) {
    let (a, b) = (
      GuardedBuffer((0..<2 * channels).map(Float.init)), GuardedBuffer([Float](repeating: -1, count: 2 * channels))
    )
    let output = GuardedBuffer(count: 2 * channels)
    Reference.mixChannels(channels: channels, pixels: 2, a.values, b.values, morph: morph, output: output.values)
    #expect(output.array == (0..<2 * channels).map { $0 < 2 * expected ? Float($0) : -1 })
  }

  @Test func elementwiseOperations() {
    var values: [Float] = [-2, -0.0, 0, 3]
    Reference.leakyReLU(count: 4, slope: 0.5, &values)
    #expect(values == [-1, 0, 0, 3])
    values = [-40, 0, 40, 1]
    Reference.sigmoid(count: 4, &values)
    #expect(Comparison(values, [4.248354e-18, 0.5, 1, 0.7310586]).maximumULP <= 1)
    values = [0, 1, -2, 10]
    Reference.cosineActivation(count: 4, &values)
    #expect(Comparison(values, [0, 0.5403023, 0.8322937, -8.390715]).maximumULP <= 1)
    values = [3, -4]
    Reference.pixelNorm(count: 2, &values)
    #expect(Comparison(values, [0.8485281, -1.1313708]).maximumULP <= 1)
  }
}
