// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

extension Subprocess {
  /// Starts one of ffmpeg's programs, the first of `arguments`.
  ///
  /// - Throws: `fileNotFound` saying where it comes from; else as `init`.
  static func ffmpeg(_ arguments: [String], writing: Bool = false, reading: Bool = false) throws(LiaeError)
    -> Subprocess
  {
    do throws(LiaeError) { return try Subprocess(arguments, writing: writing, reading: reading) } catch {
      guard error.status == .fileNotFound else { throw error }
      throw LiaeError(
        .fileNotFound, "\(error.message); it comes with ffmpeg (Debian: apt-get install ffmpeg)")
    }
  }
}

/// Containers that ffmpeg may read and write: formats whose file holds the pictures itself. Playlists, lists of files,
/// numbered pictures, descriptions of streams and devices are none: they lead to other files or to the network.
package enum VideoContainer {
  /// The formats that may be read, by ffmpeg's names.
  private static let readable = [
    "mov", "matroska", "avi", "mpegts", "mpeg", "mpegvideo", "m4v", "flv", "live_flv", "asf", "ogg", "mxf", "nut",
    "wtv",
    "dv", "gxf", "rm", "ivf", "obu", "av1", "h264", "hevc", "vc1", "h263", "h261", "mjpeg", "yuv4mpegpipe", "gif",
    "apng",
    "dnxhd", "cavsvideo", "dirac", "avs2", "avs3", "vvc", "evc",
  ]

  /// Options before an input: that file alone, of those formats. A QuickTime file that names others for its tracks does
  /// not have them opened either (ffmpeg's `enable_drefs`, off unless it is asked for, and said here).
  static func input(_ path: String) -> [String] {
    ["-protocol_whitelist", "file", "-format_whitelist", readable.joined(separator: ","), "-i", VideoInfo.file(path)]
  }

  /// Options before a list of files of our own, in the folder of the list, which are read as one.
  static func joined(_ list: String) -> [String] {
    [
      "-protocol_whitelist", "file", "-format_whitelist", (["concat"] + readable).joined(separator: ","), "-f",
      "concat",
      "-safe", "1", "-i", VideoInfo.file(list),
    ]
  }

  /// The formats by the endings of files, in small letters, under ffmpeg's names.
  private static let writable = [
    ".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska", ".webm": "webm", ".avi": "avi", ".ts": "mpegts",
    ".m2ts": "mpegts", ".mts": "mpegts", ".mpg": "mpeg", ".mpeg": "mpeg", ".vob": "vob", ".flv": "flv", ".wmv": "asf",
    ".asf": "asf", ".ogv": "ogg", ".ogg": "ogg", ".mxf": "mxf", ".nut": "nut", ".3gp": "3gp", ".gif": "gif",
  ]

  /// Tells whether a format, by ffmpeg's name, is an ISO media file (ISO/IEC 14496-12).
  static func isMovie(_ format: String) -> Bool { format == "mp4" || format == "mov" }

  /// Tells whether a format, by ffmpeg's name, tells of each frame when it is shown. The others have one rate.
  static func hasTimeStamps(_ format: String) -> Bool {
    ["mp4", "mov", "3gp", "matroska", "webm", "mpegts", "flv", "asf", "nut"].contains(format)
  }

  /// Ticks a second to which a format, by ffmpeg's name, rounds time stamps; nil: as the encoder counts them.
  static func clock(_ format: String) -> Int? {
    switch format {
    case "matroska", "webm", "flv", "asf": return 1000
    case "mpegts": return 90_000
    default: return nil
    }
  }

  /// A file's ending as it is written, with its dot; empty where it has none.
  static func ending(_ path: String) -> String {
    let name = path.split(separator: "/").last.map(String.init) ?? path
    return name.lastIndex(of: ".").map { String(name[$0...]) } ?? ""
  }

  /// The format to be written.
  ///
  /// - Throws: `unknownFormat` for an ending that stands for none, or for one of many files.
  package static func output(_ path: String) throws(LiaeError) -> String {
    if let format = writable[ending(path).lowercased()] { return format }
    throw LiaeError(
      .unknownFormat,
      "\(path): its ending names no container of video for ffmpeg; expected "
        + writable.keys.sorted().joined(separator: " "))
  }

  /// An error of a program that was given an input, where it refused the format.
  static func refusal(_ error: LiaeError, _ path: String) -> LiaeError {
    guard error.message.contains("not on whitelist") else {
      return error.within("\(path): cannot be read as a video")
    }
    return LiaeError(
      .unknownFormat,
      "\(path): no container of video: a playlist, a list of files, pictures, or a description of streams; those lead to "
        + "other files, which are not read")
  }
}
