// SPDX-License-Identifier: Apache-2.0
import LiaeImageIO
import LiaeSystem

/// The frames of a video, upright, each once, through ffmpeg's pipe.
///
/// They come as PPM, whose header tells the size of each, so that rotation needs no arithmetic of ours.
package final class VideoReader {
  private let ffmpeg: Subprocess
  private let path: String
  package private(set) var count = 0
  /// What ffmpeg did that its user should know of, after the last frame.
  package private(set) var notices: [SequenceNotice] = []

  /// Starts to decode.
  ///
  /// - Parameters:
  ///   - isDeep: whether frames come as float values, of 16 bits; else as 8-bit RGB.
  ///   - deinterlaces: whether each frame is made of its first field.
  /// - Throws: as `Subprocess.init`.
  package init(_ info: VideoInfo, isDeep: Bool = false, deinterlaces: Bool = false) throws(LiaeError) {
    path = info.path
    // Frames that the stream calls interlaced are converted field by field.
    let scale =
      "scale=\(info.color.scaler("in")):out_range=pc:interl=-1:flags=bicubic+accurate_rnd+full_chroma_int,"
      + "format=\(isDeep ? "rgb48be" : "rgb24")"
    ffmpeg = try Subprocess.ffmpeg(
      ["ffmpeg", "-v", "error", "-nostdin"] + VideoContainer.input(info.path) + [
        "-map", "0:V:0", "-vf", deinterlaces ? "bwdif=mode=send_frame,\(scale)" : scale,
        // -fps_mode is not known before ffmpeg 5.1.
        "-vsync", "passthrough", "-c:v", "ppm", "-f", "image2pipe", "pipe:1",
      ], reading: true)
  }

  /// The next frame, or nil after the last.
  ///
  /// - Throws: `inputOutput` where ffmpeg fails, `corruptFile` where its output ends within a frame, `outOfMemory`.
  package func next() throws(LiaeError) -> Picture? {
    guard let (width, height, isDeep) = try header() else {
      let said = try ffmpeg.wait().said
      if !said.isEmpty { notices.append(.decoderMessage(path: path, text: said)) }
      return nil
    }
    let frame: Picture
    if isDeep {
      let samples = try Bytes.allocate(width * height * 6, for: "a frame of \(width) x \(height) pixels")
      try fill(UnsafeMutableRawBufferPointer(start: samples.base, count: samples.count))
      frame = try Picture(deep: samples, width: width, height: height)
    } else {
      frame = try Picture(width: width, height: height, format: .rgb8)
      try fill(UnsafeMutableRawBufferPointer(start: frame.mutableView.base, count: frame.storage.count))
      withExtendedLifetime(frame) {}
    }
    count += 1
    return frame
  }

  private func fill(_ bytes: UnsafeMutableRawBufferPointer) throws(LiaeError) {
    guard try ffmpeg.read(into: bytes) == bytes.count else {
      try ffmpeg.wait()
      throw LiaeError(.corruptFile, "\(path): ffmpeg's output ends within frame \(count + 1)")
    }
  }

  /// Width and height from `P6\n640 360\n255\n`, and whether samples have 16 bits; nil at the end of the output.
  private func header() throws(LiaeError) -> (Int, Int, isDeep: Bool)? {
    var fields: [String] = []
    var field: [UInt8] = []
    while fields.count < 4 {
      var byte: UInt8 = 0
      let count = try withUnsafeMutableBytes(of: &byte) { (bytes) throws(LiaeError) in try ffmpeg.read(into: bytes) }
      guard count == 1 else {
        if fields.isEmpty && field.isEmpty { return nil }
        break
      }
      guard byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\n") else {
        field.append(byte)
        if field.count > 16 { break }
        continue
      }
      fields.append(String(decoding: field, as: UTF8.self))
      field = []
    }
    guard fields.count == 4, fields[0] == "P6", ["255", "65535"].contains(fields[3]), let width = Int(fields[1]),
      let height = Int(fields[2]), (1...Picture.Limits.side).contains(width),
      (1...Picture.Limits.side).contains(height), width * height <= Picture.Limits.pixels
    else {
      throw LiaeError(.corruptFile, "\(path): what ffmpeg writes is no PPM picture: \(fields.joined(separator: " "))")
    }
    return (width, height, fields[3] == "65535")
  }
}
