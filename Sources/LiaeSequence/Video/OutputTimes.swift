// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// The times at which the frames of a result are shown: each once and at its own time, or at a constant rate, for which
/// frames are repeated and left out.
package struct OutputTimes: Sendable {
  private let source: FrameTimes
  /// The place of each decoded frame at the constant rate, and behind the last one the number of places; nil: each frame
  /// has one place.
  private let places: [Int]?
  /// Frames a second: the constant rate, or the mean.
  package let rate: Fraction
  package let isConstant: Bool
  /// Seconds from the beginning of the file to the first frame.
  package let start: Double
  /// Ticks a second in which all time stamps of the source are whole numbers.
  let clock: Int
  /// Ticks a second to which the container rounds time stamps.
  private let containerClock: Int

  /// Takes the times of the source where the result can have them, and those of a constant rate elsewhere.
  ///
  /// - Parameters:
  ///   - rate: at which ffmpeg would write a source of irregular times.
  ///   - container: ffmpeg's name of the format.
  /// - Throws: `limitExceeded` for times that make more than `FrameTimes.longest` frames.
  package init(
    _ source: FrameTimes, rate: Fraction, container: String, encoding: VideoEncoding
  ) throws(LiaeError) {
    self.source = source
    let keepsTimes = !encoding.isConstantRate && !encoding.hasRatesOnly && VideoContainer.hasTimeStamps(container)
    clock = source.clock
    containerClock = VideoContainer.clock(container) ?? source.clock
    if keepsTimes || source.isConstant && source.start == 0 {
      (places, self.rate, isConstant, start) = (nil, source.rate, source.isConstant, source.start)
    } else {
      self.rate = source.isConstant ? source.rate : rate
      let places = Self.places(source, self.rate.value)
      guard let count = places.last, count <= FrameTimes.longest else {
        throw LiaeError(
          .limitExceeded,
          "at a constant rate of \(rate.value) a second the frames' times make more than \(FrameTimes.longest) frames; an "
            + "output as .mp4 or .mkv keeps the times")
      }
      (self.places, isConstant, start) = (places, true, 0)
    }
  }

  /// Lays frames on the places of a constant rate from the beginning of the file. A frame takes the next free place unless
  /// it is at least a whole place too early for it, which leaves it out, or more than 0.6 of a place too late, which
  /// repeats the frame before it: times that tremble around a place do neither.
  private static func places(_ source: FrameTimes, _ rate: Double) -> [Int] {
    var places = [0]
    for frame in 1..<max(source.count, 1) {
      let wanted = (source.start + Double(source.nanoseconds(frame)) / 1e9) * rate
      let next = (places.last ?? 0) + 1
      let late = Int(min(max((wanted - Double(next) - 0.6).rounded(.up), 0), Double(FrameTimes.longest)))
      guard next <= FrameTimes.longest else { break }
      places.append(wanted - Double(next) <= -1 ? next - 1 : next + late)
    }
    return places + [(places.last ?? 0) + 1]
  }

  /// Returns how often a frame is written: once, and where the rate is made constant also not at all, or several times.
  package func copies(of frame: Int) -> Int {
    guard let places, frame >= 0, frame + 1 < places.count else { return 1 }
    return places[frame + 1] - places[frame]
  }

  /// Returns how many of the first `count` frames were repeated and left out in making the rate constant.
  package func changes(in count: Int) -> (repeated: Int, dropped: Int) {
    (0..<count).reduce(into: (0, 0)) { sum, frame in
      let copies = copies(of: frame)
      if copies == 0 { sum.1 += 1 } else { sum.0 += copies - 1 }
    }
  }

  /// The number of frames written before a decoded one.
  package func place(_ frame: Int) -> Int {
    guard let places, let end = places.last else { return frame }
    return frame < places.count ? places[frame] : end + frame - (places.count - 1)
  }

  /// Nanoseconds from the beginning of a segment to a frame of it.
  ///
  /// Of irregular times segments begin at a tick of the container, at the first frame or just before, so that the container
  /// rounds times to the same ticks as it would in one piece.
  ///
  /// - Parameters:
  ///   - copy: from 0.
  ///   - first: the decoded frame with which the segment begins.
  package func nanoseconds(_ frame: Int, copy: Int, from first: Int) -> Int {
    if isConstant { return Fraction(rate.denominator, rate.numerator).nanoseconds(place(frame) - place(first) + copy) }
    let begin = source.nanoseconds(first)
    let ticks = (Int128(begin) * Int128(containerClock)) / 1_000_000_000
    let floor = Int(clamping: (ticks * 1_000_000_000 + Int128(containerClock) - 1) / Int128(containerClock))
    return source.nanoseconds(frame) - min(floor, begin)
  }

  /// Microseconds from the first frame of the result to a decoded one, as the container rounds it.
  package func microseconds(_ frame: Int) -> Int {
    if isConstant { return Fraction(rate.denominator, rate.numerator).nanoseconds(place(frame)).rounded(to: 1000) }
    let ticks = (Int128(source.nanoseconds(frame)) * Int128(containerClock) + 500_000_000) / 1_000_000_000
    return Int(clamping: (ticks * 1_000_000 + Int128(containerClock) / 2) / Int128(containerClock))
  }
}

extension Int {
  /// The quotient by `unit`, rounded to the nearest.
  fileprivate func rounded(to unit: Int) -> Int { self / unit + (self % unit * 2 >= unit ? 1 : 0) }
}

extension Fraction {
  /// Nanoseconds of so many units of this many seconds, rounded to the nearest; at most `Int.max`.
  func nanoseconds(_ count: Int) -> Int {
    // 2^53 x 2^63 x 2^30 would not fit.
    let (units, overflow) = count.multipliedReportingOverflow(by: numerator)
    guard !overflow else { return .max }
    return Int(clamping: (Int128(units) * 1_000_000_000 + Int128(denominator) / 2) / Int128(denominator))
  }
}
