// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeText

/// The time stamp of each frame of a video, and which of its fields comes first. Frames are those that a decoder
/// returns, each once: what OpenCV counts.
package struct FrameTimes: Sendable {
  /// Ticks of `timeBase` from the first frame, strictly increasing.
  private let ticks: [Int]
  private let timeBase: Fraction
  /// The number of frames.
  package var count: Int { ticks.count }
  /// Seconds from the beginning of the file to the first frame.
  package let start: Double
  /// Frames a second: the constant rate, or the mean.
  package let rate: Fraction
  /// True if the time stamps are those of a constant rate, each rounded to a tick.
  package let isConstant: Bool
  /// The order of the fields; nil: progressive.
  package var fields: FieldOrder?
  /// The number of interlaced frames.
  package let interlaced: Int
  /// True if all frames have one size and one pixel format.
  package let isUniform: Bool

  /// The longest video: 50 million frames, 19 days at 30 a second.
  package static let longest = 50_000_000

  /// Creates the times of frames from the time stamps that ffprobe tells; nil: not told.
  package init(
    _ stamps: [Int?], timeBase: Fraction, fileStart: Double, rates: [Fraction], interlaced: Int, topFirst: Int,
    isUniform: Bool = true
  ) {
    self.timeBase = timeBase
    self.isUniform = isUniform
    let spacing = rates.last.map { Fraction.whole(1 / $0.value / timeBase.value) } ?? 1
    let first = stamps.first.flatMap(\.self)
    var ticks: [Int] = []
    ticks.reserveCapacity(stamps.count)
    for stamp in stamps {
      guard let last = ticks.last else {
        ticks.append(0)
        continue
      }
      let tick = first.flatMap { first in stamp.map { $0 - first } }
      ticks.append(tick.flatMap { $0 > last ? $0 : nil } ?? last &+ spacing)
    }
    self.ticks = ticks
    let offset = first.map { Double($0) * timeBase.value - fileStart } ?? 0
    // ffprobe tells the file's beginning in microseconds.
    start = abs(offset) < 2e-6 ? 0 : offset
    let isUntold = stamps.allSatisfy { $0 == nil }
    let constant = rates.first { rate in
      isUntold
        || ticks.enumerated().allSatisfy { k, tick in
          abs(Double(tick) - Double(k) / rate.value / timeBase.value) <= 1.001
        }
    }
    isConstant = constant != nil
    let mean = ticks.last.flatMap { last -> Fraction? in
      let above = (ticks.count - 1).multipliedReportingOverflow(by: timeBase.denominator)
      let below = last.multipliedReportingOverflow(by: timeBase.numerator)
      guard !above.overflow, !below.overflow, above.partialValue > 0, below.partialValue > 0 else { return nil }
      return Fraction(above.partialValue, below.partialValue).reduced
    }
    rate = constant ?? mean ?? rates.last ?? Fraction(25, 1)
    self.interlaced = interlaced
    fields = interlaced * 2 > ticks.count ? (topFirst * 2 >= interlaced ? .top : .bottom) : nil
  }

  /// Creates the times of a video that is made from nothing.
  package init(rate: Fraction) {
    (ticks, timeBase, start, self.rate, isConstant) = ([], Fraction(1, 1_000_000_000), 0, rate, true)
    (fields, interlaced, isUniform) = (nil, 0, true)
  }

  /// Decodes the video, without using its pictures.
  ///
  /// - Throws: `inputOutput` where ffprobe fails, `limitExceeded` past `longest`, `cancelled`.
  package init(scanning info: VideoInfo, observer: SequenceObserver) throws(LiaeError) {
    let entries = "frame=best_effort_timestamp,interlaced_frame,top_field_first,width,height,pix_fmt"
    let probe = try Subprocess.ffmpeg(
      [
        // The loop filter changes pictures, not their number.
        "ffprobe", "-v", "error", "-threads", "0", "-skip_loop_filter", "all", "-select_streams", "V:0",
        "-show_entries",
        entries, "-of", "compact=p=0",
      ] + VideoContainer.input(info.path), reading: true)
    var (stamps, interlaced, topFirst): ([Int?], Int, Int) = ([], 0, 0)
    var formats: Set<String> = []
    try probe.forEachLine { (line) throws(LiaeError) in
      try observer.checkCancelled()
      var (stamp, isFrame, isInterlaced, isTop): (Int?, Bool, Bool, Bool) = (nil, false, false, false)
      var format = ""
      for field in line.split(separator: "|") {
        guard let equals = field.firstIndex(of: "=") else { continue }
        let value = field[field.index(after: equals)...]
        switch field[..<equals] {
        case "best_effort_timestamp":
          isFrame = true
          stamp = Int(value).flatMap { abs($0) < 1 << 53 ? $0 : nil }
        case "interlaced_frame": isInterlaced = value == "1"
        case "top_field_first": isTop = value == "1"
        case "width", "height", "pix_fmt": format += "\(value) "
        default: break
        }
      }
      guard isFrame else { return }
      guard stamps.count < Self.longest else {
        throw LiaeError(.limitExceeded, "\(info.path): more than \(Self.longest) frames; cut the video into parts")
      }
      stamps.append(stamp)
      if formats.count < 2 { formats.insert(format) }
      if isInterlaced { (interlaced, topFirst) = (interlaced + 1, topFirst + (isTop ? 1 : 0)) }
    }
    do throws(LiaeError) { try probe.wait() } catch { throw VideoContainer.refusal(error, info.path) }
    guard !stamps.isEmpty else { throw LiaeError(.unknownFormat, "\(info.path): ffmpeg finds no frame in it") }
    self.init(
      stamps, timeBase: info.timeBase, fileStart: info.start, rates: [info.rate, info.meanRate].compactMap(\.self),
      interlaced: interlaced, topFirst: topFirst, isUniform: formats.count < 2)
  }

  /// Nanoseconds from the first frame to the one at a place; past the last the frames go on at the mean rate.
  package func nanoseconds(_ place: Int) -> Int {
    let frame = Fraction(rate.denominator, rate.numerator)
    if isConstant { return frame.nanoseconds(place) }
    guard place >= ticks.count else { return timeBase.nanoseconds(ticks[max(place, 0)]) }
    return timeBase.nanoseconds(ticks.last ?? 0) &+ frame.nanoseconds(place - max(ticks.count - 1, 0))
  }

  /// Ticks a second in which all time stamps are whole numbers.
  package var clock: Int {
    guard isConstant else { return max(1, timeBase.denominator / timeBase.numerator) }
    // As MP4 has it: fine enough for what begins between two frames.
    var clock = rate.numerator
    while clock < 10_000 { clock *= 2 }
    return clock
  }
}

/// The field of an interlaced frame that is shown first.
package enum FieldOrder: String, Sendable {
  case top = "tff"
  case bottom = "bff"
}

extension Subprocess {
  /// Hands over the lines of the standard output one after the other, until it ends.
  fileprivate func forEachLine(_ body: (Substring) throws(LiaeError) -> Void) throws(LiaeError) {
    var rest: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 12)
    while true {
      let count = try buffer.withUnsafeMutableBufferPointer { (bytes) throws(LiaeError) in
        try read(into: UnsafeMutableRawBufferPointer(bytes))
      }
      rest += buffer[..<count]
      // The last line may be in two parts.
      let end = count == 0 ? rest.endIndex : rest.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
      for line in String(decoding: rest[..<end], as: UTF8.self).split(separator: "\n") { try body(line) }
      if count == 0 { return }
      rest.removeSubrange(..<end)
    }
  }
}
