// SPDX-License-Identifier: Apache-2.0
import LiaeImageIO
import LiaeSystem

/// The frames of a video, upright and at a constant rate, through ffmpeg's pipe.
///
/// They come as PPM, whose header tells the size of each, so that rotation needs no arithmetic of ours.
package final class VideoReader {
  private let ffmpeg: Subprocess
  private let path: String
  private let rate: Fraction
  package private(set) var count = 0
  /// What ffmpeg did that its user should know of, after the last frame.
  package private(set) var notices: [SequenceNotice] = []

  /// Starts to decode.
  ///
  /// - Throws: as `Subprocess.init`.
  package init(_ info: VideoInfo) throws(LiaeError) {
    (path, rate) = (info.path, info.rate)
    ffmpeg = try Subprocess.ffmpeg(
      [
        // What it has done is told at the end only.
        "ffmpeg", "-v", "error", "-progress", "pipe:2", "-stats_period", "100000", "-nostdin",
      ] + VideoContainer.input(info.path) + [
        "-map", "0:V:0",
        "-vf", "scale=\(info.color.scaler("in")):out_range=pc:flags=bicubic+accurate_rnd+full_chroma_int,format=rgb24",
        "-r", "\(info.rate)", "-c:v", "ppm", "-f", "image2pipe", "pipe:1",
      ], reading: true)
  }

  /// The next frame as 8-bit RGB, or nil after the last.
  ///
  /// - Throws: `inputOutput` where ffmpeg fails, `corruptFile` where its output ends within a frame, `outOfMemory`.
  package func next() throws(LiaeError) -> Picture? {
    guard let (width, height) = try header() else {
      let (said, facts) = try ffmpeg.wait()
      if !said.isEmpty { notices.append(.decoderMessage(path: path, text: said)) }
      let (repeated, dropped) = (facts["dup_frames"] ?? "0", facts["drop_frames"] ?? "0")
      if repeated != "0" || dropped != "0" {
        notices.append(.retimed(path: path, repeated: repeated, dropped: dropped, rate: rate.value))
      }
      return nil
    }
    let frame = try Picture(width: width, height: height, format: .rgb8)
    defer { withExtendedLifetime(frame) {} }
    let bytes = UnsafeMutableRawBufferPointer(start: frame.mutableView.base, count: frame.storage.count)
    guard try ffmpeg.read(into: bytes) == bytes.count else {
      try ffmpeg.wait()
      throw LiaeError(.corruptFile, "\(path): ffmpeg's output ends within frame \(count + 1)")
    }
    count += 1
    return frame
  }

  /// Width and height from `P6\n640 360\n255\n`, or nil at the end of the output.
  private func header() throws(LiaeError) -> (Int, Int)? {
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
    guard fields.count == 4, fields[0] == "P6", fields[3] == "255", let width = Int(fields[1]),
      let height = Int(fields[2]), width > 0, height > 0
    else {
      throw LiaeError(.corruptFile, "\(path): what ffmpeg writes is no PPM picture: \(fields.joined(separator: " "))")
    }
    return (width, height)
  }
}
