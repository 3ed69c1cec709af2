// SPDX-License-Identifier: Apache-2.0
import LiaeImageIO
import LiaeSystem

/// The frames of a video, upright, each once, through ffmpeg's pipe.
///
/// They come as PPM, whose header tells the size of each, so that rotation needs no arithmetic of ours.
package final class VideoReader {
  private let ffmpeg: Subprocess
  private let path: String
  /// The number of frames that were returned.
  package private(set) var count = 0
  /// The frames that are returned, ascending.
  private let ranges: [Range<Int>]
  /// True if ffmpeg writes those frames alone; else all of them come, and the others are passed over here.
  private let isSelected: Bool
  /// The number of the next frame that ffmpeg writes.
  private var number = 0
  /// Remarks on what ffmpeg did that its user should know of, after the last frame.
  package private(set) var notices: [SequenceNotice] = []

  /// Starts to decode.
  ///
  /// - Parameters:
  ///   - isDeep: whether frames come as float values, of 16 bits; else as 8-bit RGB.
  ///   - deinterlaces: whether each frame is made of its first field.
  ///   - ranges: the frames that are wanted, by their places among the decoded ones, ascending and apart from each other.
  ///   - isUniform: whether all frames have one size and format; ffmpeg counts frames anew where these change.
  /// - Throws: as `Subprocess.init`.
  package init(
    _ info: VideoInfo, isDeep: Bool = false, deinterlaces: Bool = false, ranges: [Range<Int>] = [0..<Int.max],
    isUniform: Bool = true
  ) throws(LiaeError) {
    (path, self.ranges) = (info.path, ranges)
    isSelected = isUniform
    // Frames that the stream calls interlaced are converted field by field.
    let scale =
      "scale=\(info.color.scaler("in")):out_range=pc:interl=-1:flags=bicubic+accurate_rnd+full_chroma_int,"
      + "format=\(isDeep ? "rgb48be" : "rgb24")"
    var filters = deinterlaces ? ["bwdif=mode=send_frame"] : []
    if isUniform, ranges != [0..<Int.max] {
      let wanted = ranges.map {
        $0.upperBound == .max ? "gte(n,\($0.lowerBound))" : "between(n,\($0.lowerBound),\($0.upperBound - 1))"
      }
      filters.append("select='\(wanted.joined(separator: "+"))'")
    }
    filters.append(scale)
    ffmpeg = try Subprocess.ffmpeg(
      ["ffmpeg", "-v", "error", "-nostdin"] + VideoContainer.input(info.path) + [
        "-map", "0:V:0", "-vf", filters.joined(separator: ","),
        // -fps_mode is not known before ffmpeg 5.1.
        "-vsync", "passthrough", "-c:v", "ppm", "-f", "image2pipe", "pipe:1",
      ], reading: true)
  }

  /// Returns the next wanted frame, or nil after the last.
  ///
  /// - Throws: `inputOutput` where ffmpeg fails, `corruptFile` where its output ends within a frame, `outOfMemory`.
  package func next() throws(LiaeError) -> (number: Int, picture: Picture)? {
    while let last = ranges.last, number < last.upperBound {
      if isSelected, !ranges.contains(where: { $0.contains(number) }) {
        number = ranges.first { $0.lowerBound > number }?.lowerBound ?? .max
        continue
      }
      guard let frame = try read() else { return nil }
      defer { number += 1 }
      guard ranges.contains(where: { $0.contains(number) }) else { continue }
      count += 1
      return (number, frame)
    }
    // What is left of the video is not wanted.
    ffmpeg.stop()
    return nil
  }

  private func read() throws(LiaeError) -> Picture? {
    guard let (width, height, isDeep) = try header() else {
      let said = try ffmpeg.wait()
      if !said.isEmpty { notices.append(.decoderMessage(path: path, text: said)) }
      return nil
    }
    if isDeep {
      let samples = try Bytes.allocateUnfilled(width * height * 6, for: "a frame of \(width) x \(height) pixels")
      try fill(UnsafeMutableRawBufferPointer(start: samples.base, count: samples.count))
      return try Picture(deep: samples, width: width, height: height)
    }
    let frame = try Picture(unfilledWidth: width, height: height, format: .rgb8)
    try fill(UnsafeMutableRawBufferPointer(start: frame.mutableView.base, count: frame.storage.count))
    withExtendedLifetime(frame) {}
    return frame
  }

  private func fill(_ bytes: UnsafeMutableRawBufferPointer) throws(LiaeError) {
    guard try ffmpeg.read(into: bytes) == bytes.count else {
      try ffmpeg.wait()
      throw LiaeError(.corruptFile, "\(path): ffmpeg's output ends within frame \(number + 1)")
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
