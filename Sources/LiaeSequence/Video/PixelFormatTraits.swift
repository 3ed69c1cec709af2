// SPDX-License-Identifier: Apache-2.0

/// The properties that ffmpeg's name of a pixel format implies.
package struct PixelFormatTraits: Sendable, Equatable {
  package let name: String
  package let bits: Int
  package let hasAlpha: Bool
  package var isRGB: Bool {
    ["rgb", "bgr", "gbr", "argb", "abgr", "0rgb", "0bgr", "pal8"].contains { name.hasPrefix($0) }
  }
  /// The resolution of colour; nil: gray, palettes, and formats with fewer samples.
  package let chroma: Chroma?

  /// Samples of colour to those of brightness, by the usual names, fewer first.
  package enum Chroma: String, Sendable, Comparable {
    case quarter = "4:2:0"
    case half = "4:2:2"
    case full = "4:4:4"

    package static func < (a: Chroma, b: Chroma) -> Bool { a.rawValue < b.rawValue }
  }

  /// - Parameter bits: of a sample, where the stream tells them.
  package init(_ name: String, bits: Int?) {
    self.name = name
    let inName = ["16", "14", "12", "10", "9"].first { depth in
      name.contains("p\(depth)le") || name.contains("p\(depth)be") || name.contains("gray\(depth)")
        || name.hasPrefix("p0\(depth)")
    }
    let isDeep = ["rgb48", "bgr48", "rgba64", "bgra64", "ya16", "xyz12"].contains { name.hasPrefix($0) }
    // Codecs of which no bits are told have 8: what a decoder makes of them is told by the name.
    let named = inName.flatMap { Int($0) } ?? (name.contains("f32") || isDeep ? 16 : 8)
    self.bits = named > 8 ? min(named, max(bits ?? named, 9)) : 8
    hasAlpha = ["yuva", "rgba", "bgra", "argb", "abgr", "gbrap", "ya8", "ya16", "pal8"].contains { name.hasPrefix($0) }
    if name.contains("420") || name.hasPrefix("nv12") || name.hasPrefix("nv21") || name.hasPrefix("p01") {
      chroma = .quarter
    } else if name.contains("422") || name.hasPrefix("nv16") || name.hasPrefix("p21") {
      chroma = .half
    } else {
      chroma =
        ["gray", "ya", "pal8", "mono", "yuv41", "yuva41"].contains { name.hasPrefix($0) } || name.isEmpty ? nil : .full
    }
  }

  package static func == (a: PixelFormatTraits, b: PixelFormatTraits) -> Bool { a.name == b.name && a.bits == b.bits }
}
