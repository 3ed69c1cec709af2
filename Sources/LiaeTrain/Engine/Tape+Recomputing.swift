// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// What is kept between the forward and the backward pass of an iteration. Results are the same, bit for bit.
package enum ActivationMemory: String, Sendable, CaseIterable {
  /// Every activation.
  case speed
  /// The last of a few operations; the backward pass makes the others again. Memory of one size serves another.
  case memory
}

extension Tape {
  /// Computes a value whose inner values are not kept: `backward` runs `body` again and then through its operations.
  ///
  /// Derivatives are added where and in the order in which they are without this.
  ///
  /// - Parameter body: runs operations on the tape that it is given. It has to give the same values each time.
  /// - Throws: what `body` throws.
  func recomputing(_ body: @escaping (Tape) throws(LiaeError) -> Tensor) throws(LiaeError) -> Tensor {
    let y = try body(Tape(engine, isRecording: false))
    record(y) { [engine] () throws(LiaeError) in
      let tape = Tape(engine)
      let again = try body(tape)
      y.moveGradient(to: again)
      try tape.backward()
    }
    return y
  }
}
