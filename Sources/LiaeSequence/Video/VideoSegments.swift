// SPDX-License-Identifier: Apache-2.0

/// The division of a video's frames into segments, each of which is encoded into a file of its own.
///
/// The division depends on the video alone, so that a run that was stopped and one shard of many make the same files as
/// one run.
package struct VideoSegments: Sendable {
  /// Decoded frames of each segment. The last one also has the frames that come after those that were counted.
  package let ranges: [Range<Int>]

  /// - Parameters:
  ///   - count: of decoded frames.
  ///   - length: frames of a segment, at least 1. At a constant rate it is reduced to a length of whole milliseconds
  ///     where there is one, because Matroska rounds the times of a segment to milliseconds.
  package init(frames count: Int, length: Int, times: OutputTimes) {
    var length = max(length, 1)
    if times.isConstant {
      let rate = times.rate.reduced
      // n frames last n x 1000 x denominator / numerator milliseconds.
      let (above, overflow) = rate.denominator.multipliedReportingOverflow(by: 1000)
      let whole = rate.numerator / Fraction.divisor(rate.numerator, overflow ? 1 : above)
      if whole <= length { length -= length % whole }
    }
    let number = max(count / length, 1)
    ranges = (0..<number).map { $0 * length..<($0 + 1 == number ? max(count, 1) : ($0 + 1) * length) }
  }

  /// The segments of a shard; of all without one.
  package func indices(_ shard: Shard?) -> Range<Int> { shard?.range(of: ranges.count) ?? ranges.indices }

  /// Tells whether a segment goes on to the end of the video, however many frames that has.
  package func isLast(_ index: Int) -> Bool { index == ranges.count - 1 }
}
