// SPDX-License-Identifier: Apache-2.0
import LiaeDispatch
import LiaeKernels
import Testing

@Suite struct PeakTests {
  /// Every chain is a = x a + y, `rounds` times: nothing of the work that is timed may be left out.
  @Test(arguments: InstructionSet.supported, [0, 1, 2, 7])
  func everyChainIsMultiplied(set: InstructionSet, rounds: Int) throws {
    let kernels = try set.kernels(), width = kernels.width
    // Small whole numbers and halves: every sum is exact.
    var scratch = (0..<(peakVectors + 2) * width).map { Float($0 % 11) }
    let (x, y) = (Float(0.5), Float(2))
    for lane in 0..<width { (scratch[peakVectors * width + lane], scratch[(peakVectors + 1) * width + lane]) = (x, y) }
    let expected = (0..<width).map { lane in
      (0..<peakVectors).reduce(Float(0)) { sum, vector in
        sum + (0..<rounds).reduce(scratch[vector * width + lane]) { a, _ in x * a + y }
      }
    }
    scratch.withUnsafeMutableBufferPointer { if let base = $0.baseAddress { kernels.peak(rounds, base) } }
    #expect(Array(scratch.prefix(width)) == expected)
  }
}
