// SPDX-License-Identifier: Apache-2.0

/// The settings with which a video is encoded.
package struct VideoEncoding: Sendable {
  package var encoder: String
  /// Quality of encoders that know it; nil: the encoder's own.
  package var crf: Int?
  /// ffmpeg's name; nil: as the video's own, as far as players and the encoder know it.
  package var pixelFormat: String?
  package var audioEncoder: String
  /// True if frames are repeated and left out until the rate is constant; they always are where the container has no
  /// other rates.
  package var isConstantRate: Bool

  package init(
    encoder: String = "libx264", crf: Int? = nil, pixelFormat: String? = nil, audioEncoder: String = "copy",
    isConstantRate: Bool = false
  ) {
    (self.encoder, self.crf, self.pixelFormat, self.audioEncoder) = (encoder, crf, pixelFormat, audioEncoder)
    self.isConstantRate = isConstantRate
  }

  private static let usualQuality = ["libx264": 18, "libx265": 20, "libvpx-vp9": 20]

  var qualityOptions: [String] {
    guard let crf = crf ?? Self.usualQuality[encoder] else { return [] }
    // VP9 keeps below a small bit rate unless it is told that there is none.
    return ["-crf", "\(crf)"] + (encoder == "libvpx-vp9" ? ["-b:v", "0"] : [])
  }

  /// The pixel format for frames of a size: 4:2:0, which halves both sides, unless one of them is odd. 10 bits stay 10 where
  /// the encoder has them.
  func pixels(of frames: VideoWriter.Frames) -> String {
    if let pixelFormat { return pixelFormat }
    if frames.channels == .rgba { return alphaPixels[frames.isDeep ? 1 : 0] }
    let isEven = frames.width % 2 == 0 && frames.height % 2 == 0
    guard frames.isDeep else { return isEven ? "yuv420p" : "yuv444p" }
    switch encoder {
    case "prores", "prores_aw", "prores_ks": return "yuv422p10le"
    case "ffv1": return frames.bits > 10 ? "gbrp16le" : "yuv444p10le"
    default: return isEven ? "yuv420p10le" : "yuv444p10le"
    }
  }

  /// The encoder of faces alone that a container has by ffmpeg's name of it; nil: it has none with alpha.
  package static func alphaEncoder(_ container: String) -> String? {
    switch container {
    case "mov": return "prores_ks"
    case "matroska", "nut", "avi": return "ffv1"
    case "webm": return "libvpx-vp9"
    default: return nil
    }
  }

  /// The pixel formats with alpha, of 8 bits and of more.
  private var alphaPixels: [String] {
    switch encoder {
    case "prores_ks", "prores_aw", "prores": return ["yuva444p10le", "yuva444p10le"]
    case "ffv1": return ["bgra", "gbrap16le"]
    case "libvpx-vp9", "libvpx": return ["yuva420p", "yuva420p"]
    default: return ["rgba", "rgba64le"]
    }
  }

  /// Returns the options that an encoder takes to keep alpha.
  func alphaOptions(_ frames: VideoWriter.Frames) -> [String] {
    guard frames.channels == .rgba, encoder == "prores_ks" else { return [] }
    return ["-profile:v", "4444", "-alpha_bits", "16"]
  }

  /// True if the encoder knows nothing but a few rates of frames.
  var hasRatesOnly: Bool { ["mpeg1video", "mpeg2video", "dvvideo"].contains(encoder) }

  /// Encoders that keep the fields of interlaced frames apart.
  private static let interlacing = [
    "libx264", "libx264rgb", "mpeg2video", "mpeg4", "libxvid", "prores", "prores_aw", "prores_ks", "dnxhd", "ffv1",
    "h264_nvenc",
  ]

  /// Tells whether the result can be interlaced. Fields of 4:2:0 have half of the lines of colour each.
  func keepsFields(height: Int, pixels: String) -> Bool {
    Self.interlacing.contains(encoder)
      && height % (PixelFormatTraits(pixels, bits: nil).chroma == .quarter ? 4 : 2) == 0
  }

  func fieldOptions(_ order: FieldOrder) -> [String] {
    let flags = ["-flags", "+ilme+ildct"]
    return encoder == "libx264" || encoder == "libx264rgb" ? flags + ["-x264-params", "\(order.rawValue)=1"] : flags
  }
}
