// SPDX-License-Identifier: Apache-2.0
import LiaeImageIO
import LiaeSystem
import LiaeTensor

/// Encodes frames through ffmpeg into a video without sound: whole at `path` when `finish` returns, and not there before.
package final class VideoWriter {
  /// The frames that come.
  package struct Frames: Sendable {
    package var width: Int
    package var height: Int
    package var channels = Channels.rgb
    /// Bits of a sample, 8, or more for float frames.
    package var bits = 8
    var isDeep: Bool { bits > 8 }

    /// The channels of a pixel; alpha is straight.
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
  private let times: OutputTimes
  /// The decoded frame with which the file begins.
  private let first: Int
  private let stream: MatroskaStream
  private var isStarted = false
  private var isFinished = false

  /// Starts the encoder.
  ///
  /// - Parameters:
  ///   - source: whose colours, fields and high dynamic range the new file is tagged with.
  ///   - times: of the frames.
  ///   - first: the decoded frame with which the file begins.
  ///   - fields: of interlaced frames.
  /// - Throws: as `Subprocess.init`.
  package init(
    to path: String, like source: VideoInfo, times: OutputTimes, first: Int = 0, fields: FieldOrder? = nil,
    frames: Frames, encoding: VideoEncoding
  ) throws(LiaeError) {
    (self.path, self.frames, self.times, self.first) = (path, frames, times, first)
    let container = try VideoContainer.output(path)
    temporary = try File.temporaryPlace(path)
    stream = MatroskaStream(
      pixels: frames.pixels, width: frames.width, height: frames.height,
      spacing: Fraction.whole(1e9 / times.rate.value), hdr: frames.isDeep ? source.hdr : nil)

    let pixels = encoding.pixels(of: frames)
    var color = source.color
    // ProRes has no place for another range, and readers take its own for granted.
    if encoding.encoder.hasPrefix("prores") { color.range = nil }
    let fields = fields.flatMap { encoding.keepsFields(height: frames.height, pixels: pixels) ? $0 : nil }
    var filters: [String] = []
    if let fields { filters.append("setfield=\(fields.rawValue)") }
    filters += [
      "scale=\(color.scaler("out")):interl=\(fields == nil ? 0 : 1)"
        + ":flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp",
      "format=\(pixels)",
    ]
    if let filter = color.filter { filters.append(filter) }
    if let aspect = source.pixelAspect { filters.append("setsar=\(aspect)") }
    var arguments = ["ffmpeg", "-v", "error", "-y", "-f", "matroska", "-protocol_whitelist", "pipe", "-i", "pipe:0"]
    arguments += ["-vf", filters.joined(separator: ","), "-c:v", encoding.encoder]
    if times.isConstant {
      arguments += ["-vsync", "cfr", "-r", "\(times.rate)"]
    } else {
      // Without -copyts ffmpeg begins at 0 what begins between two ticks of the container.
      arguments += ["-copyts", "-vsync", "passthrough", "-enc_time_base", "1:\(times.clock)"]
      if VideoContainer.isMovie(container) { arguments += ["-video_track_timescale", "\(times.clock)"] }
    }
    if frames.isDeep, encoding.encoder == "libx265", let hdr = source.hdr, hdr.isStatic {
      arguments += ["-x265-params", hdr.x265Parameters]
    }
    arguments +=
      encoding.qualityOptions + encoding.alphaOptions(frames) + (fields.map(encoding.fieldOptions) ?? [])
      + color.encoderOptions
    ffmpeg = try Subprocess.ffmpeg(arguments + ["-f", container, VideoInfo.file(temporary)], writing: true)
  }

  deinit {
    guard !isFinished else { return }
    ffmpeg.stop()
    // Nobody is there any more whom an error could reach.
    try? File.remove(temporary)
  }

  /// Encodes a frame, as often as its times say.
  ///
  /// - Parameter number: its place among the decoded frames.
  /// - Throws: `inputOutput` where the frame has another size than the video, or ffmpeg fails.
  package func write(_ frame: Picture, _ number: Int) throws(LiaeError) {
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
    for copy in 0..<times.copies(of: number) {
      let time = times.nanoseconds(number, copy: copy, from: first)
      let head = (isStarted ? [] : stream.header) + stream.frameHeader(time: time, bytes: bytes.count)
      isStarted = true
      try head.withUnsafeBufferPointer { (head) throws(LiaeError) in try ffmpeg.write(UnsafeRawBufferPointer(head)) }
      try ffmpeg.write(bytes.raw)
    }
  }

  /// Ends the video and gives it its name.
  ///
  /// - Throws: `inputOutput`, with no file of that name.
  package func finish() throws(LiaeError) {
    try ffmpeg.wait()
    try File.place(temporary, at: path)
    isFinished = true
  }
}
