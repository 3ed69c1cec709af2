// SPDX-License-Identifier: Apache-2.0
import LiaeImageIO
import LiaeSystem
import LiaeTensor

/// How a video is encoded.
package struct VideoEncoding: Sendable {
  package var encoder: String
  /// Quality of encoders that know it; nil: the encoder's own.
  package var crf: Int?
  package var pixelFormat: String?
  package var audioEncoder: String

  package init(
    encoder: String = "libx264", crf: Int? = nil, pixelFormat: String? = nil, audioEncoder: String = "copy"
  ) {
    (self.encoder, self.crf, self.pixelFormat, self.audioEncoder) = (encoder, crf, pixelFormat, audioEncoder)
  }
}

/// A video that ffmpeg encodes from our frames: whole at `path` when `finish` returns, and not there before.
package final class VideoWriter {
  private let ffmpeg: Subprocess
  private let path: String
  private let temporary: String
  private let width: Int
  private let height: Int
  private let format: PixelFormat
  private let provenance: Provenance?
  /// Whether it is an ISO media file.
  private let isMovie: Bool
  private var isFinished = false

  /// - Parameters:
  ///   - source: whose rate, colour tags and, with `withAudio`, sound and metadata the new file has.
  ///   - format: of the frames that come: `rgb8` or `gray8`.
  /// - Throws: as `Subprocess.init`.
  package init(
    to path: String, like source: VideoInfo, width: Int, height: Int, format: PixelFormat, encoding: VideoEncoding,
    withAudio: Bool, provenance: Provenance?
  ) throws(LiaeError) {
    (self.path, self.width, self.height) = (path, width, height)
    (self.format, self.provenance) = (format, provenance)
    let container = try VideoContainer.output(path)
    isMovie = ["mp4", "mov"].contains(container)
    temporary = try File.temporaryPlace(path, ending: VideoContainer.ending(path))

    // 4:2:0 halves both sides.
    let fits = width % 2 == 0 && height % 2 == 0
    let pixels = encoding.pixelFormat ?? (fits ? "yuv420p" : "yuv444p")
    var filters = [
      "scale=\(source.color.scaler("out")):flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp",
      "format=\(pixels)",
    ]
    if let aspect = source.pixelAspect { filters.append("setsar=\(aspect)") }
    var arguments = [
      "ffmpeg", "-v", "error", "-y", "-f", "rawvideo", "-pixel_format", format == .gray8 ? "gray" : "rgb24",
      "-video_size", "\(width)x\(height)", "-framerate", "\(source.rate)", "-protocol_whitelist", "pipe", "-i",
      "pipe:0",
    ]
    if withAudio {
      arguments += VideoContainer.input(source.path) + ["-map", "0:v:0", "-map", "1:a?"]
      arguments += ["-map_metadata", "1", "-map_chapters", "1", "-c:a", encoding.audioEncoder]
    }
    arguments += ["-vf", filters.joined(separator: ","), "-r", "\(source.rate)", "-c:v", encoding.encoder]
    if let crf = encoding.crf ?? Self.usualQuality[encoding.encoder] { arguments += ["-crf", "\(crf)"] }
    arguments += source.color.encoderOptions
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

  private static let usualQuality = ["libx264": 18, "libx265": 20]

  /// - Throws: `inputOutput` where the frame has another size than the video, or ffmpeg fails.
  package func write(_ frame: Picture) throws(LiaeError) {
    guard frame.width == width, frame.height == height else {
      throw LiaeError(
        .inputOutput,
        "\(path): a frame of \(frame.width) x \(frame.height) pixels in a video of \(width) x \(height)")
    }
    let picture = try frame.converted(to: format)
    defer { withExtendedLifetime(picture) {} }
    try ffmpeg.write(picture.storage.raw)
  }

  /// Ends the video and gives it its name.
  ///
  /// - Throws: `inputOutput`, with no file of that name.
  package func finish() throws(LiaeError) {
    try ffmpeg.wait()
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
