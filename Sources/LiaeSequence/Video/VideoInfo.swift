// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeText

/// A fraction as ffmpeg writes it: `30000/1001`, or `4:3`.
package struct Fraction: Equatable, Sendable, CustomStringConvertible {
  package var numerator: Int
  package var denominator: Int

  /// Nil for what is no fraction above 0.
  package init?(_ text: String?) {
    guard let parts = text?.split(whereSeparator: { $0 == "/" || $0 == ":" }), parts.count == 2,
      let above = Int(parts[0]), let below = Int(parts[1]), above > 0, below > 0
    else { return nil }
    (numerator, denominator) = (above, below)
  }

  package var description: String { "\(numerator)/\(denominator)" }
  package var value: Double { Double(numerator) / Double(denominator) }
}

/// What ffprobe says of the first video stream of a file.
package struct VideoInfo: Sendable {
  package let path: String
  package let codec: String
  /// Frames per second: the rate on which all time stamps of the stream fall.
  package let rate: Fraction
  /// Of the stream, as far as the container tells; an estimate from the duration otherwise; nil where neither is told.
  package let frames: Int?
  package let hasAudio: Bool
  /// Clockwise, in degrees; ffmpeg turns the frames upright.
  package let rotation: Int
  /// Width to height of one pixel of the upright frame; nil: square.
  package let pixelAspect: Fraction?
  package let bitsPerSample: Int
  package var color: ColorTags

  /// Of a video that is made from nothing: upright, silent, square pixels.
  package init(path: String, rate: Fraction, frames: Int) {
    (self.path, self.rate, self.frames) = (path, rate, frames)
    (codec, hasAudio, rotation, pixelAspect, bitsPerSample) = ("none", false, 0, nil, 8)
    color = ColorTags()
  }

  /// - Throws: `fileNotFound` where the file or ffprobe is missing, `inputOutput` where it cannot read the file,
  ///   `unknownFormat` where it finds no video in it.
  package init(probing path: String) throws(LiaeError) {
    guard File.kind(path) == .file else {
      throw LiaeError(.fileNotFound, "\(path): no such file")
    }
    let probe = try Subprocess.ffmpeg(
      ["ffprobe", "-v", "error", "-show_streams", "-show_format", "-of", "json"] + VideoContainer.input(path),
      reading: true)
    let output = try probe.readAll()
    do throws(LiaeError) { try probe.wait() } catch { throw VideoContainer.refusal(error, path) }
    let document = try JSON(parsing: output, name: "what ffprobe says of \(path)")
    let streams = document["streams"]?.elements ?? []
    let videos = streams.filter { stream in
      stream["codec_type"]?.text == "video" && stream["disposition"]?["attached_pic"]?.whole != 1
    }
    guard let stream = videos.first else { throw LiaeError(.unknownFormat, "\(path): has no video stream") }
    guard let rate = Fraction(stream["r_frame_rate"]?.text) ?? Fraction(stream["avg_frame_rate"]?.text) else {
      throw LiaeError(.unknownFormat, "\(path): ffprobe does not tell its frame rate")
    }
    self.path = path
    self.rate = rate
    codec = stream["codec_name"]?.text ?? "unknown"
    hasAudio = streams.contains { $0["codec_type"]?.text == "audio" }
    let average = Fraction(stream["avg_frame_rate"]?.text)?.value ?? rate.value
    let isVariable = abs(average - rate.value) > 0.01 * rate.value
    let counted = stream["nb_frames"]?.text.flatMap { Int($0) }
    let duration = (stream["duration"]?.text ?? document["format"]?["duration"]?.text).flatMap { Double($0) }
    let estimate = duration.flatMap { Int(exactly: ($0 * rate.value).rounded()) }
    frames = (isVariable ? estimate : counted ?? estimate).flatMap { (1...1_000_000_000).contains($0) ? $0 : nil }

    let matrix = stream["side_data_list"]?.elements?.compactMap { $0["rotation"]?.real }.first
    let turned = matrix.map { -$0 } ?? stream["tags"]?["rotate"]?.text.flatMap { Double($0) } ?? 0
    rotation = abs(turned) <= 360 ? (Int(turned.rounded()) + 360) % 360 : 0
    var aspect = Fraction(stream["sample_aspect_ratio"]?.text)
    if let fraction = aspect {
      if fraction.numerator == fraction.denominator { aspect = nil }
      if rotation % 180 == 90 { aspect = Fraction("\(fraction.denominator)/\(fraction.numerator)") }
    }
    pixelAspect = aspect
    bitsPerSample = stream["bits_per_raw_sample"]?.text.flatMap { Int($0) } ?? 8
    color = ColorTags(stream)
  }

  /// A path as ffmpeg's programs take it: with a protocol, so that a name with a colon or a dash is not taken for one.
  package static func file(_ path: String) -> String { "file:\(path)" }
}

/// How a stream's numbers stand for colours, by ffmpeg's names; nil: not told.
package struct ColorTags: Sendable {
  package var range: String?
  package var matrix: String?
  package var primaries: String?
  package var transfer: String?

  package init(range: String? = nil) { self.range = range }

  package init(_ stream: JSON) {
    func tag(_ key: String) -> String? {
      guard let text = stream[key]?.text, !["unknown", "unspecified", "reserved"].contains(text) else { return nil }
      return text
    }
    range = tag("color_range")
    primaries = tag("color_primaries")
    transfer = tag("color_transfer")
    // A stream of RGB has no matrix to go through.
    matrix = tag("color_space").flatMap { $0 == "gbr" ? nil : $0 }
  }

  /// Options of the scaler for one side, `in` or `out`: the same on both, so that what is not told cancels out.
  package func scaler(_ side: String) -> String {
    let known = ["bt709", "fcc", "bt470bg", "smpte170m", "smpte240m", "bt2020nc", "bt2020ncl"]
    let name = matrix.flatMap { known.contains($0) ? $0 : nil } ?? "bt601"
    let scalerName = name == "bt2020nc" || name == "bt2020ncl" ? "bt2020" : name
    return "\(side)_color_matrix=\(scalerName):\(side)_range=\(range == "pc" ? "pc" : "tv")"
  }

  /// Options of an encoder, so that the new stream says what the old one said.
  package var encoderOptions: [String] {
    var options: [String] = []
    if let range { options += ["-color_range", range] }
    if let matrix { options += ["-colorspace", matrix] }
    if let primaries { options += ["-color_primaries", primaries] }
    if let transfer { options += ["-color_trc", transfer] }
    return options
  }
}
