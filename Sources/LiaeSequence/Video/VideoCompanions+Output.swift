// SPDX-License-Identifier: Apache-2.0

extension VideoCompanions {
  private static let text: Set = ["subrip", "srt", "ass", "ssa", "mov_text", "webvtt", "text"]

  /// Returns the encoder for a stream of subtitles, `copy` for none; nil where the container has no subtitles of the
  /// kind.
  private static func encoder(ofSubtitles codec: String, for container: String) -> String? {
    switch container {
    case "mp4", "mov": return codec == "mov_text" ? "copy" : text.contains(codec) ? "mov_text" : nil
    case "webm": return codec == "webvtt" ? "copy" : text.contains(codec) ? "webvtt" : nil
    case "matroska":
      if codec == "mov_text" || codec == "text" { return "srt" }
      let known = ["dvd_subtitle", "dvb_subtitle", "hdmv_pgs_subtitle"]
      return text.contains(codec) || known.contains(codec) ? "copy" : nil
    case "mpegts": return ["dvb_subtitle", "dvb_teletext"].contains(codec) ? "copy" : nil
    default: return nil
    }
  }

  /// Options that take over, from the second input, what the container can hold.
  func options(for container: String, audioEncoder: String) -> [String] {
    var options = ["-map", "1:a?", "-c:a", audioEncoder, "-map_metadata", "1", "-map_chapters", "1"]
    var taken = 0
    for (number, codec) in subtitles.enumerated() {
      guard let encoder = Self.encoder(ofSubtitles: codec, for: container) else { continue }
      options += ["-map", "1:s:\(number)", "-c:s:\(taken)", encoder]
      taken += 1
    }
    if container == "matroska", attachments > 0 { options += ["-map", "1:t", "-c:t", "copy"] }
    for (key, value) in tags { options += ["-metadata:s:v:0", "\(key)=\(value)"] }
    if let timecode {
      options += ["-metadata:s:v:0", "timecode=\(timecode)"]
      if VideoContainer.isMovie(container) { options += ["-write_tmcd", "1"] }
      if container == "mxf" { options += ["-timecode", timecode] }
    }
    return options
  }
}

extension VideoInfo {
  /// Returns what this video had that a video made of it has not, in words.
  ///
  /// - Parameter fields: of the frames that were encoded; nil: progressive.
  func losses(in result: VideoInfo, fields: FieldOrder?) -> [String] {
    var losses = beside.others
    if let fields, result.fields != fields {
      losses.append(
        "interlacing (\(fields == .top ? "top" : "bottom") field first): the frames are encoded as progressive; "
          + "--deinterlace makes them so, and libx264, mpeg2video, prores_ks and ffv1 keep fields")
    }
    func compare(_ what: String, _ before: String?, _ after: String?) {
      if let before, before != after { losses.append("\(what) (\(before))") }
    }
    compare("colour range", color.range, color.range == "tv" ? result.color.range ?? "tv" : result.color.range)
    compare("colour matrix", color.matrix, result.color.matrix)
    compare("colour primaries", color.primaries, result.color.primaries)
    compare("transfer function", color.transfer, result.color.transfer)
    compare("shape of pixels", pixelAspect?.reduced.description, result.pixelAspect?.reduced.description)
    compare("timecode", beside.timecode, result.beside.timecode)
    compare("chapters", count(beside.chapters), count(result.beside.chapters))
    compare("audio streams", count(beside.audio.count), count(result.beside.audio.count))
    if result.beside.subtitles.count < beside.subtitles.count {
      losses.append("subtitles (\(beside.subtitles.joined(separator: ", ")))")
    }
    if result.beside.attachments < beside.attachments { losses.append("attached files (\(beside.attachments))") }
    if result.pixelFormat.bits < pixelFormat.bits {
      losses.append("\(pixelFormat.bits) bits of a sample, now \(result.pixelFormat.bits)")
    }
    if pixelFormat.hasAlpha, !result.pixelFormat.hasAlpha { losses.append("the alpha channel (\(pixelFormat.name))") }
    if let hdr {
      if hdr.isStatic, result.hdr?.isStatic != true {
        losses.append("mastering display and light levels of HDR10: --encoder libx265 keeps them")
      }
      losses += hdr.dynamic
    }
    if let chroma = pixelFormat.chroma, let now = result.pixelFormat.chroma, now < chroma {
      losses.append("\(chroma.rawValue) colour, now \(now.rawValue): --pixel-format chooses another")
    }
    return losses
  }

  private func count(_ number: Int) -> String? { number == 0 ? nil : "\(number)" }
}
