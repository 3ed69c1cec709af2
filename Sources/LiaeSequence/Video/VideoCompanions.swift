// SPDX-License-Identifier: Apache-2.0
import LiaeText

/// The contents of a file beside the pictures of its video, as far as they are taken over into the result.
package struct VideoCompanions: Sendable {
  /// Codecs of the streams, by ffmpeg's names.
  package var audio: [String] = []
  package var subtitles: [String] = []
  /// Streams that are taken over nowhere: further videos, cover pictures, data.
  package var others: [String] = []
  package var attachments = 0
  package var chapters = 0
  /// The timecode of the first frame, as `01:00:00:00`.
  package var timecode: String?
  /// Tags of the video stream, such as its language.
  package var tags: [(key: String, value: String)] = []

  init() {}

  init(_ document: JSON, of video: JSON) {
    chapters = document["chapters"]?.elements?.count ?? 0
    let streams = document["streams"]?.elements ?? []
    func timecode(_ tags: JSON?) -> String? { tags?["timecode"]?.text ?? tags?["TIMECODE"]?.text }
    self.timecode = timecode(video["tags"]) ?? timecode(document["format"]?["tags"])
    for stream in streams where stream["index"]?.whole != video["index"]?.whole {
      let codec = stream["codec_name"]?.text ?? stream["codec_tag_string"]?.text ?? "unknown"
      switch stream["codec_type"]?.text {
      case "audio": audio.append(codec)
      case "subtitle": subtitles.append(codec)
      case "attachment": attachments += 1
      case "data" where stream["codec_tag_string"]?.text == "tmcd":
        self.timecode = self.timecode ?? timecode(stream["tags"])
      case "video": others.append(Self.isVideo(stream) ? "another video (\(codec))" : "a cover picture")
      case "data" where codec == "bin_data" && stream["codec_tag_string"]?.text == "text":
        // The track in which QuickTime keeps chapters' names.
        break
      default: others.append("a stream of data (\(codec))")
      }
    }
    guard case .object(let members) = video["tags"] else { return }
    tags = members.compactMap { key, value in
      guard let text = value.text, !Self.isOfEncoding(key.lowercased()) else { return nil }
      return (key, text)
    }
  }

  static func isVideo(_ stream: JSON) -> Bool {
    stream["codec_type"]?.text == "video" && stream["disposition"]?["attached_pic"]?.whole != 1
  }

  /// Tags that tell how the old stream was encoded or turned, which is no longer true of the new one.
  private static func isOfEncoding(_ key: String) -> Bool {
    ["rotate", "encoder", "vendor_id", "duration", "bps", "number_of_frames", "number_of_bytes", "timecode"].contains {
      key == $0 || key.hasPrefix("\($0)-")
    } || key.hasPrefix("_statistics")
  }
}
