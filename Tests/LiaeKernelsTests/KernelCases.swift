// SPDX-License-Identifier: Apache-2.0
import LiaeConvolution
import LiaeDispatch
import LiaeGraph
import LiaeKernels
import LiaeRuntime
import LiaeSystem
import LiaeTensor
import LiaeTestSupport

/// A kernel's results beside those of plain loops with sums in Double. The name says nothing of the instruction set.
struct KernelResult {
  /// Slots of `KernelTable` that made it.
  let kernels: [String]
  let name: String
  /// Greatest absolute difference that is allowed; values are of the order of 1.
  let tolerance: Double
  let actual, expected: [Float]
}

/// A few cases of every kernel of `KernelTable`: what is run where the tests themselves cannot run (`Tests/arm64`).
struct KernelCases {
  typealias Report = (KernelResult) throws(LiaeError) -> Void
  let set: InstructionSet
  let kernels: KernelTable
  let report: Report

  init(_ set: InstructionSet, report: @escaping Report) throws(LiaeError) {
    (self.set, kernels, self.report) = (set, try set.kernels(), report)
  }

  func run() throws(LiaeError) {
    try directSums()
    try winograd()
    try weightsFromTaps()
    try denseRows()
    try denseColumns()
    try widening()
    try codesAndHeads()
    try maskHeads()
    try segmentation()
    try peak()
  }

  // MARK: - Convolutions

  private func convolve(_ c: ConvolutionCase) throws(LiaeError) {
    var kernels = ["direct"]
    if case .winograd(let tileSize) = c.algorithm {
      guard WinogradGeometry.fits(c.layer, tileSize: tileSize) else { return }
      kernels =
        ["winogradInput", "winogradProduct", "winogradWeights", c.maskHead ? "winogradMask" : "winogradOutput"]
    }
    let result = try c.run(seed: 1)
    guard result.isCleanAround else {
      throw LiaeError(.internalError, "\(c.title) wrote into the border or a padded lane")
    }
    try report(
      KernelResult(
        kernels: kernels, name: c.title, tolerance: c.tolerance, actual: result.actual, expected: result.expected))
  }

  private func directSums() throws(LiaeError) {
    for (inputs, outputs) in [(1, 1), (5, 12), (17, 33), (22, 10)] {
      for side in [1, 5, 13] {
        try convolve(ConvolutionCase(set: set, algorithm: .direct, inputs: inputs, outputs: outputs, side: side))
      }
      for (kernel, stride, padding) in [(1, 1, 0), (3, 1, 0), (5, 2, 2)] {
        try convolve(
          ConvolutionCase(
            set: set, algorithm: .direct, inputs: inputs, outputs: outputs, side: 7, kernel: kernel, stride: stride,
            padding: padding))
      }
    }
    for outputs in [6, 33] {
      try convolve(
        ConvolutionCase(
          set: set, algorithm: .direct, inputs: 3, outputs: outputs, side: 16, kernel: 5, stride: 2, padding: 2,
          images: 2, source: .picture))
    }
    try endings(.direct)
  }

  private func winograd() throws(LiaeError) {
    for tileSize in [2, 4, 6] {
      for (inputs, outputs) in [(5, 12), (17, 33), (22, 10)] {
        for side in [4, 7, 10, 16] {
          var c = ConvolutionCase(
            set: set, algorithm: .winograd(tileSize), inputs: inputs, outputs: outputs, side: side)
          try convolve(c)
          (c.kernel, c.stride, c.padding) = (5, 2, 2)
          if side < 16 { try convolve(c) }
        }
      }
      try endings(.winograd(tileSize))
      // Not more channels than the narrowest vectors take, so that every instruction set has the same cases.
      for (channels, side, activation) in [
        (3, 7, LiaeGraph.Activation.leaky(0.1)), (8, 10, .leaky(0.1)), (5, 16, .cosine),
      ] {
        var c = ConvolutionCase(
          set: set, algorithm: .winograd(tileSize), inputs: 20, outputs: 4 * channels, side: side, depthToSpace: true,
          images: 2)
        (c.activation, c.maskHead) = (activation, true)
        try convolve(c)
      }
    }
  }

  /// Activations, residuals and depth-to-space; codes.
  private func endings(_ algorithm: ConvolutionAlgorithm) throws(LiaeError) {
    for activation in [LiaeGraph.Activation.none, .leaky(0.1), .cosine] {
      let c = ConvolutionCase(
        set: set, algorithm: algorithm, inputs: 12, outputs: 44, side: 12, activation: activation, images: 2, workers: 2
      )
      for ending in c.endings { try convolve(ending) }
    }
    for halfImages in 0...2 {
      try convolve(
        ConvolutionCase(
          set: set, algorithm: algorithm, inputs: 20, outputs: 24, side: 8, depthToSpace: true, images: 2,
          source: .halves, halfImages: halfImages))
    }
  }

  private func weightsFromTaps() throws(LiaeError) {
    for tileSize in [2, 4, 6] {
      for element in [DType.float32, .float16, .bfloat16] {
        for (inputs, side) in [(20, 8), (300, 4)] {
          var c = ConvolutionCase(
            set: set, algorithm: .winograd(tileSize), inputs: inputs, outputs: 37, side: side, element: element,
            fromTaps: true)
          try convolve(c)
          (c.kernel, c.stride, c.padding) = (5, 2, 2)
          try convolve(c)
        }
      }
    }
  }

  // MARK: - Dense layers

  private static let elements: [(DType, Int)] = [
    (.float32, WeightElement.float32), (.float16, WeightElement.float16), (.bfloat16, WeightElement.bfloat16),
  ]

  private func denseRows() throws(LiaeError) {
    var random = SplitMix64(state: 5)
    for (element, kind) in Self.elements {
      for (rows, length) in [(1, 16), (7, 40), (9, 48)] where length % kernels.width == 0 {
        let weights = try TensorView.of(random.floats(rows * length, in: -1...1), as: element, shape: [rows, length])
        let bias = random.floats(rows, in: -1...1), x = random.floats(2 * length, in: -1...1)
        let scale: [Float] = [1, 0.5]
        var out = [Float](repeating: 0, count: 2 * rows)
        var scratch = [Float](repeating: 0, count: scratchFloats(width: kernels.width))
        guard let start = weights.raw.baseAddress else { continue }
        out.withUnsafeMutableBufferPointer { out in
          guard let out = out.baseAddress else { return }
          var p = DenseRowsParameters(
            weights: start, element: kind, bias: bias, length: length, input: x, scale: scale, output: out,
            outputStride: rows, images: 2)
          kernels.denseRows(&p, 0, rows, &scratch)
        }
        let expected = (0..<2 * rows).map { i in
          let (image, row) = (i / rows, i % rows)
          let sum = (0..<length).reduce(0.0) {
            $0 + Double(weights[row * length + $1]) * Double(x[image * length + $1])
          }
          return Float(sum * Double(scale[image]) + Double(bias[row]))
        }
        try report(
          KernelResult(
            kernels: ["denseRows"], name: "rows \(rows)x\(length) \(element.rawValue)", tolerance: 1e-5, actual: out,
            expected: expected))
      }
    }
  }

  /// Outputs of one pixel: blocks of channels, whose weights stand [vector][k][lane].
  private func columns(_ weights: TensorView, _ kind: Int, outputs: Int, x: [Float], bias: [Float]) -> [Float] {
    let width = kernels.width, vectors = outputs / width
    var out = [Float](repeating: 0, count: outputs)
    guard let start = weights.raw.baseAddress else { return out }
    out.withUnsafeMutableBufferPointer { out in
      guard let out = out.baseAddress else { return }
      var p = DenseColumnsParameters(
        weights: start, element: kind, bias: bias, length: x.count, input: x, inputStride: x.count,
        target: ActivationView(origin: out, row: width, plane: width, image: 0), side: 1, images: 1)
      kernels.denseColumns(&p, 0, vectors)
    }
    return out
  }

  private func denseColumns() throws(LiaeError) {
    var random = SplitMix64(state: 6)
    let width = kernels.width
    for (element, kind) in Self.elements {
      for (outputs, length) in [(16, 1), (48, 7), (144, 33)] {
        let exact = random.floats(outputs * length, in: -1...1)
        let x = random.floats(length, in: -1...1), bias = random.floats(outputs, in: -1...1)
        let plain = try TensorView.of(exact, as: element, shape: [outputs, length])
        let packed = (0..<outputs * length).map { i in
          exact[(i / (length * width) * width + i % width) * length + i / width % length]
        }
        let weights = try TensorView.of(packed, as: element, shape: [outputs, length])
        let expected = (0..<outputs).map { output in
          Float((0..<length).reduce(Double(bias[output])) { $0 + Double(plain[output * length + $1]) * Double(x[$1]) })
        }
        try report(
          KernelResult(
            kernels: ["denseColumns"], name: "columns \(outputs)x\(length) \(element.rawValue)", tolerance: 1e-5,
            actual: columns(weights, kind, outputs: outputs, x: x, bias: bias), expected: expected))
      }
    }
  }

  /// All finite numbers of 16 bits: a weight times one is itself.
  private func widening() throws(LiaeError) {
    for (element, kind, convert) in [
      (DType.float16, WeightElement.float16, HalfPrecision.float(fromFloat16:)),
      (.bfloat16, WeightElement.bfloat16, HalfPrecision.float(fromBFloat16:)),
    ] {
      let bits = (UInt16.min...UInt16.max).map { convert($0).isFinite ? $0 : 0 }
      let bytes = try bits.withUnsafeBufferPointer { (buffer) throws(LiaeError) in
        try Bytes.copy(UnsafeRawBufferPointer(buffer))
      }
      let weights = try TensorView(dtype: element, shape: [bits.count], storage: bytes)
      try report(
        KernelResult(
          kernels: ["denseColumns"], name: "widening \(element.rawValue)", tolerance: 0,
          actual: columns(
            weights, kind, outputs: bits.count, x: [1], bias: [Float](repeating: -0.0, count: bits.count)),
          expected: bits.map(convert)))
    }
  }

  // MARK: - Codes, heads, peak

  private func codesAndHeads() throws(LiaeError) {
    var random = SplitMix64(state: 7)
    let width = kernels.width, side = 5
    var scratch = [Float](repeating: 0, count: scratchFloats(width: width))

    let channels = 20, values = random.floats(channels * side * side, in: -1...1)
    let source = ConvolutionCase.Guarded(channels: channels, side: side, images: 1, width: width)
    source.fill(0, values)
    let blocks = (channels + width - 1) / width
    var flat = [Float](repeating: 0, count: blocks * width * side * side)
    let squares = kernels.flatten(source.view, 0, blocks, side, &flat, &scratch)
    let plain = (0..<values.count).map { i in
      let (c, pixel) = (i / (side * side), i % (side * side))
      return flat[(c / width * side * side + pixel) * width + c % width]
    }
    let sum = Float(values.reduce(0.0) { $0 + Double($1) * Double($1) })
    try report(
      KernelResult(
        kernels: ["flatten"], name: "flatten", tolerance: 5e-5, actual: plain + [squares], expected: values + [sum]))

    let ab = random.floats(48, in: -1...1), b = random.floats(48, in: -1...1)
    for t in [Float(0), 0.3, 1] {
      var first = [Float](repeating: 0, count: 48), second = first
      kernels.mixCodes(ab, b, t, &first, &second, 48)
      let mixed = (0..<48).map { Double(b[$0]) + Double(t) * (Double(ab[$0]) - Double(b[$0])) }
      let expected = mixed.map { Float($0) } + (0..<48).map { Float(Double(ab[$0]) - mixed[$0]) }
      try report(
        KernelResult(
          kernels: ["mixCodes"], name: "mix \(t)", tolerance: 3e-7, actual: first + second, expected: expected))
    }

    for (channels, factor) in [(3, 1), (3, 2), (1, 2)] {
      let parts = factor * factor, values = random.floats(channels * parts * side * side, in: -20...20)
      let source = ConvolutionCase.Guarded(channels: channels * parts, side: side, images: 1, width: width)
      source.fill(0, values)
      var out = [Float](repeating: 0, count: values.count)
      out.withUnsafeMutableBufferPointer { out in
        guard let out = out.baseAddress else { return }
        var p = HeadParameters(source: source.view, side: side, channels: channels, factor: factor, output: out)
        kernels.headOutput(&p, 0, 0, side, &scratch)
      }
      let row = side * factor
      let expected = (0..<values.count).map { i in
        let (y, x, c) = (i / channels / row, i / channels % row, i % channels)
        let part = y % factor * factor + x % factor
        let value = values[((part * channels + c) * side + y / factor) * side + x / factor]
        return Float(1 / (1 + Math.exp(-Double(value))))
      }
      try report(
        KernelResult(
          kernels: ["headOutput"], name: "head \(channels) channels, factor \(factor)", tolerance: 3e-7, actual: out,
          expected: expected))
    }
  }

  private func maskHeads() throws(LiaeError) {
    var random = SplitMix64(state: 9)
    for (channels, side, kernel) in [
      (1, 3, 1), (16, 16, 1), (22, 21, 1), (45, 33, 1), (1, 3, 3), (32, 16, 3), (45, 33, 3), (17, 9, 5),
    ] {
      let blocks = (channels + kernels.width - 1) / kernels.width, taps = kernel * kernel
      let values = random.floats(2 * channels * side * side, in: -2...2)
      let weights = random.floats(taps * channels, in: -1...1)
      var padded = [Float](repeating: 0, count: taps * blocks * kernels.width)
      for tap in 0..<taps {
        for channel in 0..<channels {
          padded[tap * blocks * kernels.width + channel] = weights[tap * channels + channel]
        }
      }
      let source = ConvolutionCase.Guarded(channels: channels, side: side, images: 2, width: kernels.width)
      for image in 0..<2 {
        source.fill(image, Array(values[image * channels * side * side..<(image + 1) * channels * side * side]))
      }
      var scratch = [Float](repeating: 0, count: scratchFloats(width: kernels.width))
      var out = [Float](repeating: 0, count: 2 * side * side)
      out.withUnsafeMutableBufferPointer { out in
        padded.withUnsafeBufferPointer { padded in
          guard let out = out.baseAddress, let padded = padded.baseAddress else { return }
          var p = MaskHeadParameters(
            source: source.view, side: side, kernel: kernel, blocks: blocks, weights: padded, bias: 0.25, output: out)
          for image in 0..<2 {
            kernels.maskHead(&p, image, 0, side / 2, &scratch)
            kernels.maskHead(&p, image, side / 2, side, &scratch)
          }
        }
      }
      let expected = out.indices.map { i in
        let (image, pixel) = (i / (side * side), i % (side * side))
        var sum = 0.25
        for tap in 0..<taps {
          let y = pixel / side + tap / kernel - kernel / 2, x = pixel % side + tap % kernel - kernel / 2
          guard 0..<side ~= y, 0..<side ~= x else { continue }
          for channel in 0..<channels {
            let value = values[((image * channels + channel) * side + y) * side + x]
            sum += Double(weights[tap * channels + channel]) * Double(value)
          }
        }
        return Float(1 / (1 + Math.exp(-sum)))
      }
      try report(
        KernelResult(
          kernels: ["maskHead"], name: "mask head of \(channels) channels, \(side) pixels, kernel \(kernel)",
          tolerance: kernel == 1 ? 3e-6 : 1e-5,
          actual: out,
          expected: expected))
    }
  }

  /// Every chain is a = a + x a: nothing of the work that is timed may be left out.
  private func peak() throws(LiaeError) {
    let width = kernels.width
    // Lanes hold the same, so that the result says nothing of the width; every sum is exact.
    var scratch = (0..<(peakVectors + 1) * width).map { Float($0 / width) }
    for lane in 0..<width { scratch[peakVectors * width + lane] = 0.5 }
    kernels.peak(7, &scratch)
    var expected = (0..<peakVectors).map { Float($0) }
    for _ in 0..<7 { for i in expected.indices { expected[i] += 0.5 * expected[i] } }
    try report(
      KernelResult(
        kernels: ["peak"], name: "peak", tolerance: 0, actual: [scratch[0], scratch[width - 1]],
        expected: [expected.reduce(0, +), expected.reduce(0, +)]))
  }
}
