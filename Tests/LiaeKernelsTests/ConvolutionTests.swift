// SPDX-License-Identifier: Apache-2.0
import LiaeConvolution
import LiaeDispatch
import LiaeGraph
import LiaeRuntime
import LiaeSystem
import LiaeTestSupport
import Testing

/// Every convolution kernel of every instruction set that this processor has, against plain loops with Double sums.
@Suite struct ConvolutionTests {
  /// Channel counts below, at, one past and at multiples of every vector width, and none of these.
  static let channels = [(1, 1), (3, 5), (4, 8), (5, 12), (16, 16), (17, 33), (22, 10), (33, 64), (48, 20)]

  func check(_ c: ConvolutionCase, seed: UInt64 = 1) throws {
    let result = try c.run(seed: seed)
    let comparison = Comparison(result.actual, result.expected, seed: seed)
    #expect(comparison.maximum <= c.tolerance, "\(c): \(comparison)")
    #expect(result.isCleanAround, "\(c) wrote into the border or a padded lane")
    #expect(result.expected.contains { abs($0) > 0.1 }, "\(c): the expected values say nothing")
  }

  @Test(arguments: InstructionSet.supported)
  func direct3x3(set: InstructionSet) throws {
    for (inputs, outputs) in Self.channels {
      for side in [1, 2, 3, 5, 8, 13, 15] {
        try check(ConvolutionCase(set: set, algorithm: .direct, inputs: inputs, outputs: outputs, side: side))
      }
    }
  }

  @Test(arguments: InstructionSet.supported)
  func directOtherKernels(set: InstructionSet) throws {
    for (inputs, outputs) in Self.channels {
      for side in [2, 3, 7, 16] {
        var c = ConvolutionCase(
          set: set, algorithm: .direct, inputs: inputs, outputs: outputs, side: side, kernel: 1, padding: 0)
        try check(c)
        c.kernel = 3  // VALID
        try check(c)
        (c.kernel, c.stride, c.padding) = (5, 2, 2)
        try check(c)
      }
    }
  }

  @Test(arguments: InstructionSet.supported)
  func interleavedRGB(set: InstructionSet) throws {
    for outputs in [4, 6, 16, 33, 64] {
      for side in [3, 16, 31] {
        try check(
          ConvolutionCase(
            set: set, algorithm: .direct, inputs: 3, outputs: outputs, side: side, kernel: 5, stride: 2, padding: 2,
            images: 2, source: .picture))
      }
    }
  }

  /// So many images that one pass over shared inputs does not take them all, with a residual and with any number of workers.
  @Test(arguments: InstructionSet.supported) func batchesInPasses(set: InstructionSet) throws {
    for (images, workers) in [(16, 2), (15, 5)] {
      let c = ConvolutionCase(
        set: set, algorithm: .winograd(6), inputs: 128, outputs: 8, side: 32, residual: true, images: images,
        workers: workers)
      try check(c)
    }
  }

  @Test(arguments: InstructionSet.supported, [2, 4, 6])
  func winograd3x3(set: InstructionSet, tileSize: Int) throws {
    for (inputs, outputs) in Self.channels {
      for side in [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 22, 25, 64] where side < 64 || inputs == 22 {
        let c = ConvolutionCase(set: set, algorithm: .winograd(tileSize), inputs: inputs, outputs: outputs, side: side)
        guard WinogradGeometry.fits(c.layer, tileSize: tileSize) else { continue }
        try check(c)
      }
    }
  }

  @Test(arguments: InstructionSet.supported, [2, 4, 6])
  func winograd5x5Stride2(set: InstructionSet, tileSize: Int) throws {
    for (inputs, outputs) in Self.channels {
      for side in [2, 3, 4, 5, 7, 8, 9, 12, 15, 16] {
        let c = ConvolutionCase(
          set: set, algorithm: .winograd(tileSize), inputs: inputs, outputs: outputs, side: side, kernel: 5, stride: 2,
          padding: 2)
        guard WinogradGeometry.fits(c.layer, tileSize: tileSize) else { continue }
        try check(c)
      }
    }
  }

  /// Both schemes of V: blocks of tiles private to a worker at 64 pixels and up, shared below.
  @Test(arguments: InstructionSet.supported, [ConvolutionAlgorithm.direct, .winograd(2), .winograd(4), .winograd(6)])
  func everyEpilogue(set: InstructionSet, algorithm: ConvolutionAlgorithm) throws {
    for side in [7, 8, 12, 64] {
      for images in [1, 2] {
        for activation in [LiaeGraph.Activation.none, .leaky(0.1), .cosine] {
          let c = ConvolutionCase(
            set: set, algorithm: algorithm, inputs: side == 64 ? 6 : 20, outputs: side == 64 ? 12 : 44, side: side,
            activation: activation, images: images, workers: 2)
          for ending in c.endings { try check(ending) }
        }
      }
    }
  }

  @Test(arguments: InstructionSet.supported, [ConvolutionAlgorithm.direct, .winograd(2), .winograd(4), .winograd(6)])
  func codes(set: InstructionSet, algorithm: ConvolutionAlgorithm) throws {
    for inputs in [12, 20, 64, 66] {
      for halfImages in 0...2 {
        for (side, workers) in [(8, 1), (10, 2)] {
          try check(
            ConvolutionCase(
              set: set, algorithm: algorithm, inputs: inputs, outputs: 24, side: side, depthToSpace: true, images: 2,
              source: .halves, halfImages: halfImages, workers: workers))
        }
      }
    }
  }

  /// The mask of a layer in the same pass, of one and of two vectors of channels a pixel.
  @Test(arguments: InstructionSet.supported, [ConvolutionAlgorithm.winograd(2), .winograd(4), .winograd(6)])
  func masks(set: InstructionSet, algorithm: ConvolutionAlgorithm) throws {
    let width = try set.kernels().width
    for channels in [1, width - 1, width, width + 1, 2 * width] {
      for (side, workers) in [(7, 1), (10, 2), (16, 2), (50, 2)] {
        for fromTaps in [false, true] {
          var c = ConvolutionCase(
            set: set, algorithm: algorithm, inputs: 20, outputs: 4 * channels, side: side, depthToSpace: true,
            images: 2,
            workers: workers)
          (c.maskHead, c.fromTaps) = (true, fromTaps)
          guard WinogradGeometry.fits(c.layer, algorithm) else { continue }
          c.activation = side == 16 ? .cosine : .leaky(0.1)
          try check(c)
        }
      }
    }
  }

  /// Two values one behind the other, the second from a whole vector on.
  @Test(arguments: InstructionSet.supported, [ConvolutionAlgorithm.direct, .winograd(2), .winograd(4), .winograd(6)])
  func joinedValues(set: InstructionSet, algorithm: ConvolutionAlgorithm) throws {
    for (first, inputs) in [(4, 8), (16, 48), (5, 24), (30, 47)] {
      for fromTaps in [false, true] {
        try check(
          ConvolutionCase(
            set: set, algorithm: algorithm, inputs: inputs, outputs: 20, side: 8, activation: .none, images: 2,
            source: .joined(first: first), fromTaps: fromTaps))
      }
    }
  }

  /// The same bits for any number of workers.
  @Test(arguments: InstructionSet.supported, [ConvolutionAlgorithm.direct, .winograd(2), .winograd(4), .winograd(6)])
  func workersChangeNoBit(set: InstructionSet, algorithm: ConvolutionAlgorithm) throws {
    for side in [12, 64] {
      var c = ConvolutionCase(set: set, algorithm: algorithm, inputs: 18, outputs: 36, side: side)
      let one = try c.run(seed: 7).actual
      for workers in [2, 3] {
        c.workers = workers
        #expect(isBitEqual(one, try c.run(seed: 7).actual), "\(c) with \(workers) workers")
      }
    }
  }
}
