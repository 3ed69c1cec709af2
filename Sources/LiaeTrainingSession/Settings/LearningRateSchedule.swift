// SPDX-License-Identifier: Apache-2.0

/// Learning rates that replace the first one from given iterations on, written as `ITERATION:RATE` with commas between:
/// `24000:1e-4,30000:5e-5`.
package struct LearningRateSchedule: Sendable, Equatable {
  /// In the order of iterations, each iteration once.
  private let changes: [(iteration: Int, rate: Float)]

  /// - Parameter iterations: the iterations that a change may be at. Rates are 0 to 1.
  /// - Returns: nil for a text of another form, an iteration that is not later than the one before it, or no change.
  init?(_ text: String, iterations: ClosedRange<Int>) {
    var changes: [(iteration: Int, rate: Float)] = []
    for change in text.split(separator: ",", omittingEmptySubsequences: false) {
      let halves = change.split(separator: ":", omittingEmptySubsequences: false).map {
        String($0.trimmingPrefix { $0 == " " })
      }
      guard halves.count == 2, let iteration = Int(halves[0]), let rate = Double(halves[1]),
        iterations.contains(iteration), (0...1).contains(rate), iteration > changes.last?.iteration ?? -1
      else { return nil }
      changes.append((iteration, Float(rate)))
    }
    self.changes = changes
  }

  /// Returns the rate in force at an iteration, counted from 0; nil before the first change.
  func rate(at iteration: Int) -> Float? { changes.last { $0.iteration <= iteration }?.rate }

  package var text: String { changes.map { "\($0.iteration):\($0.rate)" }.joined(separator: ",") }

  package static func == (a: LearningRateSchedule, b: LearningRateSchedule) -> Bool { a.text == b.text }
}
