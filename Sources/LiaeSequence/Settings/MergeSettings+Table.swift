// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeSystem
import LiaeText

extension MergeSettings {
  /// DeepFaceLab's names of merge modes and mask modes, in the order of its numbers.
  package static let modes = [
    "original", "overlay", "hist-match", "seamless", "seamless-hist-match", "raw-rgb", "raw-predict",
  ]
  package static let maskModes = [
    "full", "dst", "learned-prd", "learned-dst", "learned-prd*learned-dst", "learned-prd+learned-dst", "xseg-prd",
    "xseg-dst", "xseg-prd*xseg-dst", "learned-prd*learned-dst*xseg-prd*xseg-dst", "given",
  ]
  package static let colorTransfers = ["none", "rct", "lct", "mkl", "mkl-m", "idt", "idt-m", "sot-m", "mix-m"]
  package static let sharpenings = ["none", "box", "gaussian"]

  nonisolated(unsafe) package static let table: [Setting<MergeSettings>] = [
    .choice("mode", modes, \.options.blend),
    .choice("mask-mode", maskModes, \.options.maskMode),
    .whole("erode", CompositeOptions.Limits.erode, \.options.erode),
    .whole("blur", CompositeOptions.Limits.blur, \.options.blur),
    .whole("face-scale", CompositeOptions.Limits.faceScale, \.options.faceScale),
    .choice("color-transfer", colorTransfers, \.options.colorTransfer),
    .whole("hist-match-threshold", CompositeOptions.Limits.histogramThreshold, \.options.histogramThreshold),
    .boolean("masked-hist-match", \.options.masksHistogramMatch),
    .choice("sharpen", sharpenings, \.options.sharpening),
    .whole("sharpen-amount", CompositeOptions.Limits.sharpenAmount, \.options.sharpenAmount),
    .whole("motion-blur", CompositeOptions.Limits.share, \.options.motionBlur),
    .whole("denoise", CompositeOptions.Limits.denoise, \.options.denoise),
    .whole("bicubic-degrade", CompositeOptions.Limits.share, \.options.bicubicDegrade),
    .whole("color-degrade", CompositeOptions.Limits.share, \.options.colorDegrade),
    Setting(
      key: "seed", expected: "a whole number, 0 or more", get: { .integer(Int(clamping: $0.options.seed)) },
      set: { settings, value in
        guard let seed = value.whole, seed >= 0 else { return false }
        settings.options.seed = UInt64(seed)
        return true
      }),
    .real("morph", 0...1, \.morph),
    Setting(
      key: "face-type", expected: FaceType.allCases.map(\.rawValue).joined(separator: ", "), takesNull: true,
      get: { $0.faceType.map { .string($0.rawValue) } ?? .null },
      set: { settings, value in
        guard let text = value.text else {
          settings.faceType = nil
          return value.isNull
        }
        settings.faceType = FaceType(text)
        return settings.faceType != nil
      }),
    Setting(
      key: "smooth-landmarks", expected: LandmarkSmoothing.expected, takesNull: true,
      get: { $0.landmarkSmoothing.map { .array([.number($0.cutoff), .number($0.slope)]) } ?? .null },
      set: { settings, value in
        settings.landmarkSmoothing = LandmarkSmoothing(value)
        return settings.landmarkSmoothing != nil || value.isNull
      }),
    rate("smooth-mask", \.maskSmoothing),
    rate("smooth-color", \.colorSmoothing),
  ]

  private static func rate(_ key: String, _ path: WritableKeyPath<MergeSettings, Double?>) -> Setting<MergeSettings> {
    Setting(
      key: key, expected: "a number above 0 and up to 1", takesNull: true,
      get: { $0[keyPath: path].map(JSON.number) ?? .null },
      set: { settings, value in
        settings[keyPath: path] = value.real
        return value.isNull || value.real.map { $0 > 0 && $0 <= 1 } == true
      })
  }
}
