// SPDX-License-Identifier: Apache-2.0
import LiaeConvolution
import LiaeDispatch
import LiaeGraph
import LiaeRuntime
import LiaeTensor
import LiaeTestSupport
import Testing

/// Winograd with weights that are stored as the checkpoint has them and transformed in the run, against plain loops over
/// the same numbers, and against the same numbers stored in float32.
@Suite struct TapConvolutionTests {
  static let elements: [DType] = [.float32, .float16, .bfloat16]

  private func check(_ c: ConvolutionCase, seed: UInt64 = 3) throws {
    let result = try c.run(seed: seed)
    let comparison = Comparison(result.actual, result.expected, seed: seed)
    #expect(comparison.maximum <= c.tolerance, "\(c): \(comparison)")
    let isClean = result.isCleanAround  // A failed expectation prints what stands in it.
    #expect(isClean, "\(c) wrote into the border or a padded lane")
    #expect(result.expected.contains { abs($0) > 0.1 }, "\(c): the expected values say nothing")
  }

  private func cases(_ set: InstructionSet, _ tileSize: Int, _ element: DType) -> ConvolutionCase {
    ConvolutionCase(
      set: set, algorithm: .winograd(tileSize), inputs: 1, outputs: 1, side: 1, element: element, fromTaps: true)
  }

  @Test(arguments: InstructionSet.supported, [2, 4, 6])
  func winograd3x3(set: InstructionSet, tileSize: Int) throws {
    for element in Self.elements {
      for (inputs, outputs) in ConvolutionTests.channels {
        for side in [2, 4, 7, 8, 10, 15, 22, 64] where side < 64 || inputs == 22 {
          var c = cases(set, tileSize, element)
          (c.inputs, c.outputs, c.side) = (inputs, outputs, side)
          guard WinogradGeometry.fits(c.layer, tileSize: tileSize) else { continue }
          try check(c)
        }
      }
    }
  }

  @Test(arguments: InstructionSet.supported, [2, 4, 6])
  func winograd5x5Stride2(set: InstructionSet, tileSize: Int) throws {
    for element in Self.elements {
      for (inputs, outputs) in ConvolutionTests.channels {
        for side in [2, 4, 7, 8, 12, 64] where side < 64 || inputs == 17 {
          var c = cases(set, tileSize, element)
          (c.inputs, c.outputs, c.side) = (inputs, outputs, side)
          (c.kernel, c.stride, c.padding) = (5, 2, 2)
          guard WinogradGeometry.fits(c.layer, tileSize: tileSize) else { continue }
          try check(c)
        }
      }
    }
  }

  /// So many input channels that U is made and used in several pieces, some of a rest.
  @Test(arguments: InstructionSet.supported, [2, 4, 6])
  func manyInputs(set: InstructionSet, tileSize: Int) throws {
    for element in Self.elements {
      for (inputs, side) in [(300, 8), (521, 4), (1100, 4)] {
        var c = cases(set, tileSize, element)
        (c.inputs, c.outputs, c.side, c.workers) = (inputs, 37, side, 2)
        try check(c)
        (c.kernel, c.stride, c.padding) = (5, 2, 2)
        if inputs < 400 { try check(c) }
      }
    }
  }

  /// All three ways of making U: by pieces, by column blocks (many tiles of few channels), and of the whole layer.
  @Test(arguments: InstructionSet.supported, [2, 4, 6])
  func everyEpilogue(set: InstructionSet, tileSize: Int) throws {
    for (inputs, outputs, side, images) in [(20, 44, 8, 1), (20, 44, 12, 2), (6, 12, 64, 1), (12, 72, 64, 2)] {
      for activation in [LiaeGraph.Activation.none, .leaky(0.1), .cosine] {
        var c = cases(set, tileSize, .float32)
        (c.inputs, c.outputs, c.side, c.images) = (inputs, outputs, side, images)
        (c.activation, c.workers) = (activation, 2)
        for ending in c.endings { try check(ending) }
      }
    }
  }

  /// W1 + W2 of a folded layer is not a number of 16 bits.
  @Test(arguments: InstructionSet.supported, [2, 4, 6])
  func codes(set: InstructionSet, tileSize: Int) throws {
    for element in Self.elements {
      for inputs in [12, 20, 66, 540] {
        for halfImages in 0...2 {
          var c = cases(set, tileSize, element)
          (c.inputs, c.outputs, c.side, c.images) = (inputs, 24, 8, 2)
          (c.depthToSpace, c.source, c.halfImages) = (true, .halves, halfImages)
          try check(c)
        }
      }
    }
  }

  @Test(arguments: InstructionSet.supported, [2, 4, 6])
  func sixteenBitsAreTheSameNumbersInFloat32(set: InstructionSet, tileSize: Int) throws {
    for element in [DType.float16, .bfloat16] {
      for source in [ConvolutionLayer.Source.channels, .halves] {
        var c = cases(set, tileSize, element)
        (c.inputs, c.outputs, c.side, c.source) = (300, 36, 8, source)
        let narrow = try c.run(seed: 7)
        c.widensWeights = true
        #expect(isBitEqual(narrow.actual, try c.run(seed: 7).actual), "\(c)")
        c.workers = 3
        #expect(isBitEqual(narrow.actual, try c.run(seed: 7).actual), "\(c) with 3 workers")
      }
    }
  }
}
