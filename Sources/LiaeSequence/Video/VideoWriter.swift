// SPDX-License-Identifier: Apache-2.0
import LiaeImageIO
import LiaeSystem
import LiaeTensor

/// A video that ffmpeg encodes from our frames: whole at `path` when `finish` returns, and not there before.
package final class VideoWriter {
  /// The frames that come.
  package struct Frames: Sendable {
    package var width: Int
    package var height: Int
    package var channels = Channels.rgb
    /// Of a sample, 8, or more for float frames.
    package var bits = 8
    var isDeep: Bool { bits > 8 }

    /// What a pixel has; alpha is straight.
    package enum Channels: Sendable { case gray, rgb, rgba }

    package init(width: Int, height: Int, channels: Channels = .rgb, bits: Int = 8) {
      (self.width, self.height, self.channels, self.bits) = (width, height, channels, bits)
    }

    fileprivate var pixels: MatroskaStream.Pixels {
      switch channels {
      case .gray: return .gray8
      case .rgb: return isDeep ? .rgb48 : .rgb24
      case .rgba: return .rgba64
      }
    }
  }

  private let ffmpeg: Subprocess
  private let path: String
  private let temporary: String
  private let frames: Frames
  private let times: FrameTimes
  private let stream: MatroskaStream
  /// Where the container or the encoder has no other.
  private let constantRate: Fraction
  private let provenance: Provenance?
  /// Whether it is an ISO media file.
  private let isMovie: Bool
  private var count = 0
  private var isFinished = false
  /// What ffmpeg did that its user should know of, after `finish`.
  package private(set) var notices: [SequenceNotice] = []

  /// - Parameters:
  ///   - source: whose colour tags and, with `withCompanions`, sound, subtitles and metadata the new file has.
  ///   - times: of the frames.
  /// - Throws: as `Subprocess.init`.
  package init(
    to path: String, like source: VideoInfo, times: FrameTimes, frames: Frames, encoding: VideoEncoding,
    withCompanions: Bool, provenance: Provenance?
  ) throws(LiaeError) {
    (self.path, self.frames, self.times, self.provenance) = (path, frames, times, provenance)
    let container = try VideoContainer.output(path)
    isMovie = VideoContainer.isMovie(container)
    temporary = try File.temporaryPlace(path, ending: VideoContainer.ending(path))
    stream = MatroskaStream(
      pixels: frames.pixels, width: frames.width, height: frames.height,
      spacing: Fraction.whole(1e9 / times.rate.value), hdr: frames.isDeep ? source.hdr : nil)

    let pixels = encoding.pixels(of: frames)
    var color = source.color
    // ProRes has no place for another range, and readers take its own for granted.
    if encoding.encoder.hasPrefix("prores") { color.range = nil }
    let fields = times.fields.flatMap { encoding.keepsFields(height: frames.height, pixels: pixels) ? $0 : nil }
    var filters: [String] = []
    if let fields { filters.append("setfield=\(fields.rawValue)") }
    filters += [
      "scale=\(color.scaler("out")):interl=\(fields == nil ? 0 : 1)"
        + ":flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp",
      "format=\(pixels)",
    ]
    if let filter = color.filter { filters.append(filter) }
    if let aspect = source.pixelAspect { filters.append("setsar=\(aspect)") }
    var arguments = ["ffmpeg", "-v", "error", "-y", "-progress", "pipe:2", "-stats_period", "100000"]
    if times.start != 0 { arguments += ["-itsoffset", "\(times.start)"] }
    arguments += ["-f", "matroska", "-protocol_whitelist", "pipe", "-i", "pipe:0"]
    if withCompanions {
      arguments += VideoContainer.input(source.path) + ["-map", "0:v:0"]
      arguments += source.beside.options(for: container, audioEncoder: encoding.audioEncoder)
    }
    arguments += ["-vf", filters.joined(separator: ","), "-c:v", encoding.encoder]
    let keepsTimes = !encoding.isConstantRate && !encoding.hasRatesOnly && VideoContainer.hasTimeStamps(container)
    constantRate = times.isConstant ? times.rate : source.rate
    if !times.isConstant || times.start != 0, keepsTimes {
      arguments += ["-vsync", "passthrough", "-enc_time_base", "1:\(times.clock)"]
      if isMovie { arguments += ["-video_track_timescale", "\(times.clock)"] }
    } else {
      arguments += ["-vsync", "cfr", "-r", "\(constantRate)"]
    }
    if frames.isDeep, encoding.encoder == "libx265", let hdr = source.hdr, hdr.isStatic {
      arguments += ["-x265-params", hdr.x265Parameters]
    }
    arguments +=
      encoding.qualityOptions + encoding.alphaOptions(frames) + (fields.map(encoding.fieldOptions) ?? [])
      + color.encoderOptions
    if let provenance { arguments += ["-metadata", "comment=\(provenance.comment)"] }
    if isMovie { arguments += ["-movflags", "+faststart"] }
    ffmpeg = try Subprocess.ffmpeg(arguments + ["-f", container, VideoInfo.file(temporary)], writing: true)
  }

  deinit {
    guard !isFinished else { return }
    ffmpeg.stop()
    // Nobody is there any more whom an error could reach.
    try? File.remove(temporary)
  }

  /// - Throws: `inputOutput` where the frame has another size than the video, or ffmpeg fails.
  package func write(_ frame: Picture) throws(LiaeError) {
    guard frame.width == frames.width, frame.height == frames.height else {
      throw LiaeError(
        .inputOutput,
        "\(path): a frame of \(frame.width) x \(frame.height) pixels in a video of \(frames.width) x \(frames.height)")
    }
    let bytes: Bytes
    switch stream.pixels {
    case .gray8: bytes = try frame.converted(to: .gray8).storage
    case .rgb24: bytes = try frame.converted(to: .rgb8).storage
    case .rgb48: bytes = try frame.deepSamples(.rgbFloat)
    case .rgba64: bytes = try frame.deepSamples(.rgbaFloat)
    }
    defer { withExtendedLifetime(bytes) {} }
    let head =
      (count == 0 ? stream.header : [])
      + stream.frameHeader(time: times.nanoseconds(count), bytes: bytes.count)
    try head.withUnsafeBufferPointer { (head) throws(LiaeError) in try ffmpeg.write(UnsafeRawBufferPointer(head)) }
    try ffmpeg.write(bytes.raw)
    count += 1
  }

  /// Ends the video and gives it its name.
  ///
  /// - Throws: `inputOutput`, with no file of that name.
  package func finish() throws(LiaeError) {
    let facts = try ffmpeg.wait().facts
    let (repeated, dropped) = (facts["dup_frames"] ?? "0", facts["drop_frames"] ?? "0")
    if repeated != "0" || dropped != "0" {
      notices.append(.retimed(path: path, repeated: repeated, dropped: dropped, rate: constantRate.value))
    }
    if let provenance, isMovie { try appendXMP(provenance.xmp) }
    try File.place(temporary, at: path)
    isFinished = true
  }

  /// Adds the box in which ISO media files hold an XMP packet. Source: XMP Specification Part 3, 2.1.1 (MPEG-4).
  private func appendXMP(_ xmp: String) throws(LiaeError) {
    let packet = Array(xmp.utf8)
    let id: [UInt8] = [
      0xbe, 0x7a, 0xcf, 0xcb, 0x97, 0xa9, 0x42, 0xe8, 0x9c, 0x71, 0x99, 0x94, 0x91, 0xe3, 0xaf, 0xac,
    ]
    let size = UInt32(8 + id.count + packet.count)
    let box = withUnsafeBytes(of: size.bigEndian) { Array($0) } + Array("uuid".utf8) + id + packet
    let file = try AppendedFile(temporary)
    try box.withUnsafeBufferPointer { (box) throws(LiaeError) in try file.append(UnsafeRawBufferPointer(box)) }
  }
}

extension Provenance {
  /// One line for containers that have no place for XMP.
  package var comment: String {
    "\(creatorTool); DigitalSourceType \(sourceType.uri)"
  }
}
