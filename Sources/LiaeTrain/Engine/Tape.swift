// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// Remembers the operations of an iteration, in order to run them backwards: reverse-mode differentiation.
///
/// Operations are methods that take tensors and give a new one. Losses add to the `gradient()` of tensors; `backward()`
/// then carries the derivatives to the tensors and parameters before them. What an operation has passed on is freed.
package final class Tape {
  package let engine: Engine
  private var records: [Record] = []
  /// True if operations are remembered; without it tensors are freed as soon as nobody holds them.
  package var isRecording: Bool

  /// An operation that ran: its result and how its derivative goes on.
  private struct Record {
    let output: Tensor?
    let backward: () throws(LiaeError) -> Void
  }

  package init(_ engine: Engine, isRecording: Bool = true) {
    (self.engine, self.isRecording) = (engine, isRecording)
  }

  /// Remembers that `backward` takes `output`'s derivative further.
  func record(_ output: Tensor, _ backward: @escaping () throws(LiaeError) -> Void) {
    if isRecording && output.isDifferentiable { records.append(Record(output: output, backward: backward)) }
  }

  /// Remembers something to do when everything after it has run backwards.
  func onBackward(_ action: @escaping () throws(LiaeError) -> Void) {
    if isRecording { records.append(Record(output: nil, backward: action)) }
  }

  /// Runs all operations backwards and forgets them. Those that no derivative has reached are skipped.
  ///
  /// - Throws: `outOfMemory`, `cancelled`.
  package func backward() throws(LiaeError) {
    while let record = records.popLast() {
      try engine.checkCancelled()
      if let output = record.output, !output.hasGradient { continue }
      try record.backward()
      record.output?.dropGradient()
    }
  }
}
