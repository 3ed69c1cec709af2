// SPDX-License-Identifier: Apache-2.0
import LiaeCommandLine
import LiaeSequence
import LiaeSystem

/// Runs work on a sequence with a progress bar, notices on standard error, and Ctrl-C as its cancellation.
///
/// - Parameters:
///   - unit: what is counted, in the plural.
///   - showsRate: units a second and the time left, in place of the time of each.
func onConsole<Result>(
  _ unit: String, showsRate: Bool = true, _ work: (SequenceObserver) throws -> Result
) throws -> Result {
  let progress = ConsoleProgress(unit: unit, showsRate: showsRate)
  defer { progress.end() }
  return try interruptible {
    try work(
      SequenceObserver(
        notice: { Console.complain($0.message) }, progress: { progress.show($0) }, isCancelled: { Interruption.came }))
  }
}

/// A bar that is made when the number of items is known.
private final class ConsoleProgress {
  private let unit: String
  private let showsRate: Bool
  private var bar: ProgressBar?

  init(unit: String, showsRate: Bool) { (self.unit, self.showsRate) = (unit, showsRate) }

  func show(_ progress: SequenceProgress) {
    if bar == nil { bar = ProgressBar(total: progress.total ?? 0, unit: unit, showsRate: showsRate) }
    bar?.advance(to: progress.finished)
  }

  func end() { bar?.end() }
}

/// Says what does not fit between the faces and the frames of a folder.
func sayMismatches(_ index: FaceIndex, _ frames: FrameFolder) {
  for notice in frames.notices(for: index) { Console.complain(notice.message) }
}

/// - Throws: `Failure` of status `unmatched` where hardly a face belongs to a frame, which was said at the beginning too.
func requireMatch(_ index: FaceIndex, _ frames: FrameFolder) throws {
  if let mismatch = index.mismatch(frame: frames.frames[0].name) { throw Failure(.unmatched, mismatch.message) }
}

/// - Throws: `Failure` of status `someFailed` where inputs failed.
func requireNoFailures(_ count: Int, _ one: String, _ several: String) throws {
  if count > 0 { throw Failure(.someFailed, "\(count) \(count == 1 ? one : several) failed") }
}
