// SPDX-License-Identifier: Apache-2.0
import LiaeDispatch
import LiaeKernels
import Testing

@Suite struct PeakTests {
  /// Every chain is a = a + x a, `rounds` times: nothing of the work that is timed may be left out.
  @Test(arguments: InstructionSet.supported, [0, 1, 2, 7])
  func everyChainIsMultiplied(set: InstructionSet, rounds: Int) throws {
    let kernels = try set.kernels(), width = kernels.width
    // Small whole numbers and halves: every sum is exact.
    var scratch = (0..<(peakVectors + 1) * width).map { Float($0 % 11) }
    let x = Float(0.5)
    for lane in 0..<width { scratch[peakVectors * width + lane] = x }
    let expected = (0..<width).map { lane in
      (0..<peakVectors).reduce(Float(0)) { sum, vector in
        sum + (0..<rounds).reduce(scratch[vector * width + lane]) { a, _ in a + x * a }
      }
    }
    scratch.withUnsafeMutableBufferPointer { if let base = $0.baseAddress { kernels.peak(rounds, base) } }
    #expect(Array(scratch.prefix(width)) == expected)
  }
}
