// SPDX-License-Identifier: Apache-2.0
import LiaeSequence
import LiaeSystem
import LiaeTestSupport
import Testing

/// Tests how a video is divided, and when the frames of each segment are shown.
@Suite struct VideoSegmentsTests {
  private func times(_ stamps: [Int], _ base: String, _ rates: String..., start: Double = 0) throws -> FrameTimes {
    FrameTimes(
      stamps, timeBase: try #require(Fraction(base)), fileStart: start, rates: rates.compactMap { Fraction($0) },
      interlaced: 0, topFirst: 0)
  }

  private func output(
    _ times: FrameTimes, _ container: String, rate: String = "25/1", isConstantRate: Bool = false
  ) throws -> OutputTimes {
    try OutputTimes(
      times, rate: try #require(Fraction(rate)), container: container,
      encoding: VideoEncoding(isConstantRate: isConstantRate))
  }

  /// Segments cover all frames once, are no shorter than asked for but by less than a unit of whole milliseconds, and
  /// the last one takes what is left.
  @Test func segments() throws {
    for (rate, unit) in [
      ("25/1", 1), ("30000/1001", 30), ("24000/1001", 24), ("24/1", 3), ("60/1", 3), ("90000/1", 90),
    ] {
      let fraction = try #require(Fraction(rate))
      let result = try output(FrameTimes(rate: fraction), "matroska", rate: rate)
      for count in [0, 1, 9, 99, 100, 101, 250, 1999] {
        let ranges = VideoSegments(frames: count, length: 100, times: result).ranges
        #expect(ranges.first?.lowerBound == 0 && ranges.last?.upperBound == max(count, 1))
        for (a, b) in zip(ranges, ranges.dropFirst()) {
          #expect(a.upperBound == b.lowerBound && a.count == 100 - 100 % unit)
          // Whole milliseconds.
          #expect(b.lowerBound * 1000 * fraction.denominator % fraction.numerator == 0)
        }
        #expect(count < 200 || ranges.count > 1)
      }
    }
  }

  @Test func shards() {
    for total in [0, 1, 7, 60] {
      for count in [1, 2, 7, 32] {
        let ranges = (1...count).compactMap { Shard($0, of: count)?.range(of: total) }
        #expect(ranges.flatMap { Array($0) } == Array(0..<total))
        #expect((ranges.map(\.count).max() ?? 0) - (ranges.map(\.count).min() ?? 0) <= 1)
      }
    }
    #expect(Shard("3/4") == Shard(3, of: 4) && Shard("3/4")?.number == 3)
    for text in ["0/4", "5/4", "1", "1/0", "a/b", "1/2/3", "-1/4", "1/100001", ""] { #expect(Shard(text) == nil) }
  }

  /// Ten frames are missing after the fifth: at a constant rate the fifth is shown for them.
  @Test func constantRates() throws {
    let gap = try times([0, 40, 80, 120, 160, 600, 640], "1/1000", "25/1")
    let kept = try output(gap, "matroska")
    #expect(!kept.isConstant && (0..<7).allSatisfy { kept.copies(of: $0) == 1 } && kept.changes(in: 7) == (0, 0))
    for result in [try output(gap, "avi"), try output(gap, "mp4", isConstantRate: true)] {
      #expect(result.isConstant && (0..<8).map(result.copies) == [1, 1, 1, 1, 11, 1, 1, 1])
      #expect(result.changes(in: 7) == (10, 0) && result.place(5) == 15 && result.place(8) == 18)
      #expect(result.nanoseconds(4, copy: 2, from: 3) == 120_000_000 && result.microseconds(5) == 600_000)
    }
    // Twice as fast as the rate: every other frame is left out.
    let fast = try output(try times(Array(stride(from: 0, to: 400, by: 20)), "1/1000", "50/1"), "avi", rate: "50/1")
    #expect(fast.changes(in: 20) == (0, 0))
    let halved = try output(try times([0, 21, 40, 61, 80, 101, 120], "1/1000", "1000/1"), "avi")
    #expect((0..<7).map(halved.copies).reduce(0, +) == 4 && halved.changes(in: 7) == (0, 3))
    // Times that tremble, whatever their phase, repeat and leave out nothing.
    for phase in stride(from: 0, to: 40, by: 3) {
      let stamps = [0] + (1..<100).map { 40 * $0 + phase - 20 + ($0 * 7) % 5 }
      #expect(try output(try times(stamps, "1/1000", "1000/1"), "avi").changes(in: 100).dropped <= 1)
    }
    // What begins late is shown from the beginning.
    let late = try output(try times([1000, 1040, 1080], "1/1000", "25/1", start: 0.8), "avi")
    #expect((0..<3).map(late.copies) == [6, 1, 1] && late.start == 0)
    #expect(
      failure { _ = try output(try times([0, 1 << 40], "1/1", "25/1"), "avi") }?.status == .limitExceeded)
  }

  /// Wherever a segment begins, containers round its times to the ticks to which they round those of the whole.
  @Test func ticksOfSegments() throws {
    let stamps = (0..<500).map { 3600 * $0 + ($0 * $0 * 37) % 1100 }
    let source = try times(stamps, "1/90000", "90000/1")
    for (container, clock) in [("matroska", 1000), ("mpegts", 90_000), ("mp4", 90_000)] {
      let result = try output(source, container)
      func ticks(_ nanoseconds: Int) -> Int { (nanoseconds * clock + 500_000_000) / 1_000_000_000 }
      for first in [0, 1, 17, 250, 313] {
        let begin = ticks(result.nanoseconds(first, copy: 0, from: first))
        let shift = (result.microseconds(first) * clock + 500_000) / 1_000_000
        for frame in first..<first + 100 {
          let time = ticks(result.nanoseconds(frame, copy: 0, from: first)) - begin + shift
          #expect(time == ticks(source.nanoseconds(frame)), "\(container), frame \(frame) of a segment from \(first)")
        }
      }
    }
  }
}
