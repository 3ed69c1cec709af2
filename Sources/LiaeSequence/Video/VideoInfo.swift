// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeText

/// The properties of the first video stream of a file, as ffprobe tells them, and of the streams beside it.
package struct VideoInfo: Sendable {
  package let path: String
  package let codec: String
  /// Seconds of one tick of the stream's time stamps.
  package let timeBase: Fraction
  /// Seconds at which the first stream of the file begins; ffmpeg counts from there.
  package let start: Double
  /// The rate at which ffmpeg writes the stream where the rate has to be constant, into numbered pictures for instance.
  package let rate: Fraction
  /// Mean over the stream, as the container tells; nil: not told.
  package let meanRate: Fraction?
  /// Clockwise, in degrees; ffmpeg turns the frames upright.
  package let rotation: Int
  /// Width to height of one pixel of the upright frame; nil: square.
  package let pixelAspect: Fraction?
  package let pixelFormat: PixelFormatTraits
  /// The field order as the stream tells it; nil: progressive, or not told.
  package let fields: FieldOrder?
  package var color: ColorTags
  package let hdr: HDRMetadata?
  package let beside: VideoCompanions

  /// Creates the description of a video that is made from nothing: upright, silent, square pixels.
  package init(path: String, rate: Fraction) {
    (self.path, self.rate, meanRate, start) = (path, rate, rate, 0)
    timeBase = Fraction(1, 1_000_000_000)
    (codec, rotation, pixelAspect, fields) = ("none", 0, nil, nil)
    (pixelFormat, color, beside) = (PixelFormatTraits("rgb24", bits: nil), ColorTags(), VideoCompanions())
    hdr = nil
  }

  /// - Throws: `fileNotFound` where the file or ffprobe is missing, `inputOutput` where it cannot read the file,
  ///   `unknownFormat` where it finds no video in it.
  package init(probing path: String) throws(LiaeError) {
    guard File.kind(path) == .file else {
      throw LiaeError(.fileNotFound, "\(path): no such file")
    }
    let probe = try Subprocess.ffmpeg(
      ["ffprobe", "-v", "error", "-show_streams", "-show_format", "-show_chapters", "-of", "json"]
        + VideoContainer.input(path), reading: true)
    let output = try probe.readAll()
    do throws(LiaeError) { try probe.wait() } catch { throw VideoContainer.refusal(error, path) }
    let document = try JSON(parsing: output, name: "what ffprobe says of \(path)")
    let streams = document["streams"]?.elements ?? []
    guard let stream = streams.first(where: VideoCompanions.isVideo) else {
      throw LiaeError(.unknownFormat, "\(path): has no video stream")
    }
    let (base, mean) = (Fraction(stream["r_frame_rate"]?.text), Fraction(stream["avg_frame_rate"]?.text))
    guard let rate = Self.guess(base, mean) else {
      throw LiaeError(.unknownFormat, "\(path): ffprobe does not tell its frame rate")
    }
    self.path = path
    self.rate = rate
    meanRate = mean
    codec = stream["codec_name"]?.text ?? "unknown"
    timeBase = Fraction(stream["time_base"]?.text) ?? Fraction(1, 1_000_000_000)
    start = document["format"]?["start_time"]?.text.flatMap { Double($0) }.flatMap { $0.isFinite ? $0 : nil } ?? 0

    let matrix = stream["side_data_list"]?.elements?.compactMap { $0["rotation"]?.real }.first
    let turned = matrix.map { -$0 } ?? stream["tags"]?["rotate"]?.text.flatMap { Double($0) } ?? 0
    rotation = abs(turned) <= 360 ? (Int(turned.rounded()) + 360) % 360 : 0
    var aspect = Fraction(stream["sample_aspect_ratio"]?.text)
    if let fraction = aspect {
      if fraction.numerator == fraction.denominator { aspect = nil }
      if rotation % 180 == 90 { aspect = Fraction("\(fraction.denominator)/\(fraction.numerator)") }
    }
    pixelAspect = aspect
    pixelFormat = PixelFormatTraits(
      stream["pix_fmt"]?.text ?? "", bits: stream["bits_per_raw_sample"]?.text.flatMap { Int($0) })
    switch stream["field_order"]?.text {
    case "tt", "tb": fields = .top
    case "bb", "bt": fields = .bottom
    default: fields = nil
    }
    color = ColorTags(stream)
    // RGB has the whole range always, which says nothing of what is encoded from it.
    if pixelFormat.isRGB { color.range = nil }
    hdr = try pixelFormat.bits > 8 ? HDRMetadata.read(path, stream: stream) : nil
    beside = VideoCompanions(document, of: stream)
  }

  /// The rate that ffmpeg takes for a constant one: the base on which all time stamps fall, unless that is so fine that
  /// it is a clock and no rate. Source: av_guess_frame_rate of libavformat.
  private static func guess(_ base: Fraction?, _ mean: Fraction?) -> Fraction? {
    guard let base, let mean else { return base ?? mean }
    return mean.value < 70 && base.value > 210 ? mean : base
  }

  /// A path as ffmpeg's programs take it: with a protocol, so that a name with a colon or a dash is not taken for one.
  package static func file(_ path: String) -> String { "file:\(path)" }
}
