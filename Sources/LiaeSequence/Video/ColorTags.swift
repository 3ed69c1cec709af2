// SPDX-License-Identifier: Apache-2.0
import LiaeText

/// The colour tags of a stream, by ffmpeg's names; nil: not told.
package struct ColorTags: Sendable {
  package var range: String?
  package var matrix: String?
  package var primaries: String?
  package var transfer: String?

  package init(range: String? = nil) { self.range = range }

  package init(_ stream: JSON) {
    func tag(_ key: String) -> String? {
      guard let text = stream[key]?.text, !["unknown", "unspecified", "reserved"].contains(text) else { return nil }
      return text
    }
    range = tag("color_range")
    primaries = tag("color_primaries")
    transfer = tag("color_transfer")
    // A stream of RGB has no matrix to go through.
    matrix = tag("color_space").flatMap { $0 == "gbr" ? nil : $0 }
  }

  /// Options of the scaler for one side, `in` or `out`: the same on both, so that what is not told cancels out.
  package func scaler(_ side: String) -> String {
    let known = ["bt709", "fcc", "bt470bg", "smpte170m", "smpte240m", "bt2020nc", "bt2020ncl"]
    let name = matrix.flatMap { known.contains($0) ? $0 : nil } ?? "bt601"
    let scalerName = name == "bt2020nc" || name == "bt2020ncl" ? "bt2020" : name
    return "\(side)_color_matrix=\(scalerName):\(side)_range=\(range == "pc" ? "pc" : "tv")"
  }

  /// A filter that tells encoders which write the tags of frames, not of streams; nil: there are none.
  var filter: String? {
    let tags = [("range", range), ("color_primaries", primaries), ("color_trc", transfer), ("colorspace", matrix)]
      .compactMap { key, value in value.map { "\(key)=\($0)" } }
    return tags.isEmpty ? nil : "setparams=" + tags.joined(separator: ":")
  }

  /// Options of an encoder, so that the new stream says what the old one said.
  package var encoderOptions: [String] {
    var options: [String] = []
    if let range { options += ["-color_range", range] }
    if let matrix { options += ["-colorspace", matrix] }
    if let primaries { options += ["-color_primaries", primaries] }
    if let transfer { options += ["-color_trc", transfer] }
    return options
  }
}
