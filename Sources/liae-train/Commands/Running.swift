// SPDX-License-Identifier: Apache-2.0
import LiaeCommandLine
import LiaeSequence
import LiaeSystem

/// Runs work on a sequence with a progress bar, and Ctrl-C as its cancellation.
///
/// - Parameter unit: what is counted, in the plural.
func withProgressBar<Result>(
  _ unit: String, _ work: (SequenceObserver) throws(LiaeError) -> Result
) throws(LiaeError) -> Result {
  var bar: ProgressBar?
  defer { bar?.end() }
  return try Interruption.scope { () throws(LiaeError) in
    try work(
      SequenceObserver(
        progress: { progress in
          if bar == nil { bar = ProgressBar(total: progress.total ?? 0, unit: unit, showsRate: true) }
          bar?.advance(to: progress.finished)
        }, isCancelled: { Interruption.came }))
  }
}
