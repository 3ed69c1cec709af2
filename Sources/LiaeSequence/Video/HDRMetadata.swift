// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeText

/// The mastering display and light levels of a video with a high dynamic range (SMPTE ST 2086 and
/// CTA-861.3), and which metadata of single scenes it has, which are not taken over.
package struct HDRMetadata: Sendable, Equatable {
  /// CIE 1931 coordinates.
  private var red = (x: 0.0, y: 0.0)
  private var green = (x: 0.0, y: 0.0)
  private var blue = (x: 0.0, y: 0.0)
  private var white = (x: 0.0, y: 0.0)
  /// Candela per square metre; nil: not told.
  private var luminance: (least: Double, most: Double)?
  /// The light level of the brightest pixel and of the brightest frame on average; nil: not told.
  private var light: (most: Int, average: Int)?
  /// Dolby Vision and HDR10+, by ffmpeg's names.
  private(set) var dynamic: [String] = []

  package static func == (a: HDRMetadata, b: HDRMetadata) -> Bool { a.x265Parameters == b.x265Parameters }

  /// - Parameter sideData: of the stream and of its first frame. Nil where none of it is about the dynamic range.
  init?(_ sideData: [JSON]) {
    for data in sideData {
      switch data["side_data_type"]?.text {
      case "Mastering display metadata":
        func number(_ key: String) -> Double { Self.number(data[key]) }
        red = (number("red_x"), number("red_y"))
        green = (number("green_x"), number("green_y"))
        blue = (number("blue_x"), number("blue_y"))
        white = (number("white_point_x"), number("white_point_y"))
        luminance = (number("min_luminance"), number("max_luminance"))
      case "Content light level metadata":
        func level(_ key: String) -> Int { min(max(data[key]?.whole ?? 0, 0), 65535) }
        light = (level("max_content"), level("max_average"))
      case let name?
      where name.contains("Dolby Vision") || name.hasPrefix("DOVI") || name.contains("HDR Dynamic")
        || name.contains("HDR10+"):
        if !dynamic.contains(name) { dynamic.append(name) }
      default: break
      }
    }
    if luminance == nil, light == nil, dynamic.isEmpty { return nil }
  }

  /// Reads the values of the stream, and of its first frame, as some codecs have them in their own stream.
  static func read(_ path: String, stream: JSON) throws(LiaeError) -> HDRMetadata? {
    let probe = try Subprocess.ffmpeg(
      ["ffprobe", "-v", "error", "-select_streams", "V:0", "-show_frames", "-read_intervals", "%+#8", "-of", "json"]
        + VideoContainer.input(path), reading: true)
    let output = try probe.readAll()
    try probe.wait()
    let document = try JSON(parsing: output, name: "what ffprobe says of \(path)")
    let frames = (document["packets_and_frames"] ?? document["frames"])?.elements ?? []
    let first = frames.first { $0["side_data_list"] != nil && $0["type"]?.text != "packet" }
    return HDRMetadata((stream["side_data_list"]?.elements ?? []) + (first?["side_data_list"]?.elements ?? []))
  }

  private static func number(_ value: JSON?) -> Double {
    let number = Fraction(value?.text)?.value ?? value?.real ?? 0
    return number.isFinite ? min(max(number, 0), 1e6) : 0
  }

  /// True if there is what is taken over.
  var isStatic: Bool { luminance != nil || light != nil }

  /// Settings of x265, which writes both into the stream itself.
  var x265Parameters: String {
    var parameters = ["hdr10=1", "repeat-headers=1"]
    func point(_ name: String, _ at: (x: Double, y: Double)) -> String {
      "\(name)(\(Int((at.x * 50_000).rounded())),\(Int((at.y * 50_000).rounded())))"
    }
    if let luminance {
      let (most, least) = (Int((luminance.most * 10_000).rounded()), Int((luminance.least * 10_000).rounded()))
      parameters.append(
        "master-display=" + point("G", green) + point("B", blue) + point("R", red) + point("WP", white)
          + "L(\(most),\(least))")
    }
    if let light { parameters.append("max-cll=\(light.most),\(light.average)") }
    return parameters.joined(separator: ":")
  }

  /// Elements of Matroska's description of colours.
  var matroskaElements: [UInt8] {
    var elements: [UInt8] = []
    if let light {
      elements += MatroskaStream.number(0x55bc, light.most) + MatroskaStream.number(0x55bd, light.average)
    }
    if let luminance {
      let values = [red.x, red.y, green.x, green.y, blue.x, blue.y, white.x, white.y, luminance.most, luminance.least]
      let content = zip(0x55d1..., values).flatMap { MatroskaStream.real($0, $1) }
      elements += MatroskaStream.element(0x55d0, content)
    }
    return elements
  }
}
