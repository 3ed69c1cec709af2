// SPDX-License-Identifier: Apache-2.0
import LiaeImageIO
import LiaeSystem
import LiaeTensor

/// Joins encoded segments into one video, without encoding them again, and adds what lies beside the picture of the source.
struct VideoJoin {
  /// Names of the segments in their folder, and the decoded frame with which each begins.
  var segments: [(name: String, first: Int)]
  var folder: String
  /// The decoded frame that would come next, at which the last segment ends.
  var end: Int
  var times: OutputTimes
  /// The video whose sound, subtitles and metadata the result gets; nil: none.
  var source: VideoInfo?
  var audioEncoder: String
  var provenance: Provenance?

  /// Writes the video: whole at `path`, or not at all.
  ///
  /// - Throws: `inputOutput` where ffmpeg fails, or the result does not have all frames.
  func write(to path: String) throws(LiaeError) {
    let container = try VideoContainer.output(path)
    try Self.sweep(path)
    let temporary = try File.temporaryPlace(path)
    let list = File.temporaryPath("\(folder)/list")
    try File.writeAtomically(list, replacing: true, text: self.list)
    do throws(LiaeError) {
      try Subprocess.ffmpeg(arguments(list, container) + ["-f", container, VideoInfo.file(temporary)]).wait()
      try requireAllFrames(temporary, path)
      if let provenance, VideoContainer.isMovie(container) { try Self.append(provenance.xmp, to: temporary) }
      try File.place(temporary, at: path)
    } catch {
      // What failed is worth more than what cannot be removed.
      for file in [temporary, list] { try? File.remove(file) }
      throw error
    }
    try File.remove(list)
  }

  /// Takes away what processes that were killed have left unfinished of the video.
  private static func sweep(_ path: String) throws(LiaeError) {
    guard let name = path.split(separator: "/").last.map(String.init) else { return }
    let folder = File.folder(path)
    for other in try File.list(folder) where File.isAbandonedTemporary(other, of: name) {
      try File.remove("\(folder)/\(other)")
    }
  }

  /// The list of ffmpeg's concat demuxer. Each segment lasts until the next one begins, in microseconds from the first
  /// frame, so that roundings do not add up.
  private var list: String {
    var lines = ["ffconcat version 1.0"]
    for (number, segment) in segments.enumerated() {
      lines.append("file \(segment.name)")
      guard number + 1 < segments.count else { break }
      let length = times.microseconds(segments[number + 1].first) - times.microseconds(segment.first)
      let digits = String(length % 1_000_000)
      lines.append("duration \(length / 1_000_000).\(String(repeating: "0", count: 6 - digits.count))\(digits)")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private func arguments(_ list: String, _ container: String) -> [String] {
    var arguments = ["ffmpeg", "-v", "error", "-y", "-nostdin"]
    if times.start != 0 { arguments += ["-itsoffset", "\(times.start)"] }
    arguments += VideoContainer.joined(list)
    if let source { arguments += VideoContainer.input(source.path) }
    arguments += ["-map", "0:v:0", "-c:v", "copy"]
    if let source { arguments += source.beside.options(for: container, audioEncoder: audioEncoder) }
    if times.isConstant { arguments += ["-r", "\(times.rate)"] }
    if VideoContainer.isMovie(container) {
      if !times.isConstant { arguments += ["-video_track_timescale", "\(times.clock)"] }
      arguments += ["-movflags", "+faststart"]
    }
    if let provenance { arguments += ["-metadata", "comment=\(provenance.comment)"] }
    return arguments
  }

  /// - Throws: `inputOutput` where the file has another number of frames than were encoded: some formats do not read back
  ///   what ffmpeg has written in them (MXF with H.264).
  private func requireAllFrames(_ file: String, _ path: String) throws(LiaeError) {
    let probe = try Subprocess.ffmpeg(
      [
        "ffprobe", "-v", "error", "-select_streams", "V:0", "-count_packets", "-show_entries", "stream=nb_read_packets",
        "-of", "default=nokey=1:noprint_wrappers=1",
      ] + VideoContainer.input(file), reading: true)
    let output = try probe.readAll()
    try probe.wait()
    let found = Int(String(decoding: output, as: UTF8.self).prefix(while: \.isNumber)) ?? 0
    guard found != times.place(end) else { return }
    throw LiaeError(
      .inputOutput,
      "\(path): \(found) of \(times.place(end)) frames can be read back from this format; choose another container or "
        + "encoder")
  }

  /// Adds the box in which ISO media files hold an XMP packet. Source: XMP Specification Part 3, 2.1.1 (MPEG-4).
  private static func append(_ xmp: String, to file: String) throws(LiaeError) {
    let packet = Array(xmp.utf8)
    let id: [UInt8] = [
      0xbe, 0x7a, 0xcf, 0xcb, 0x97, 0xa9, 0x42, 0xe8, 0x9c, 0x71, 0x99, 0x94, 0x91, 0xe3, 0xaf, 0xac,
    ]
    let size = UInt32(8 + id.count + packet.count)
    let box = withUnsafeBytes(of: size.bigEndian) { Array($0) } + Array("uuid".utf8) + id + packet
    let file = try AppendedFile(file)
    try box.withUnsafeBufferPointer { (box) throws(LiaeError) in try file.append(UnsafeRawBufferPointer(box)) }
  }
}

extension Provenance {
  /// One line for containers that have no place for XMP.
  package var comment: String {
    "\(creatorTool); DigitalSourceType \(sourceType.uri)"
  }
}
