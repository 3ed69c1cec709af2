// SPDX-License-Identifier: Apache-2.0
import LiaeCommandLine
import LiaeFrame
import LiaeSystem

/// One setting: its key, what values it takes, and how they go in and out.
struct Setting {
  let key: String
  let expected: String
  /// Whether null, which only a file can say, stands for what it is without the setting.
  var takesNull = false
  let get: (MergeSettings) -> JSON
  /// False for a value that is not possible.
  let set: (inout MergeSettings, JSON) -> Bool
}

extension MergeSettings {
  /// DeepFaceLab's names of merge modes and mask modes, in the order of its numbers.
  static let modes = [
    "original", "overlay", "hist-match", "seamless", "seamless-hist-match", "raw-rgb", "raw-predict",
  ]
  static let maskModes = [
    "full", "dst", "learned-prd", "learned-dst", "learned-prd*learned-dst", "learned-prd+learned-dst", "xseg-prd",
    "xseg-dst", "xseg-prd*xseg-dst", "learned-prd*learned-dst*xseg-prd*xseg-dst", "given",
  ]
  static let colorTransfers = ["none", "rct", "lct", "mkl", "mkl-m", "idt", "idt-m", "sot-m", "mix-m"]
  static let sharpenings = ["none", "box", "gaussian"]

  nonisolated(unsafe) static let table: [Setting] = [
    choice("mode", modes, \.options.blend),
    choice("mask-mode", maskModes, \.options.maskMode),
    whole("erode", CompositeOptions.Limits.erode, \.options.erode),
    whole("blur", CompositeOptions.Limits.blur, \.options.blur),
    whole("face-scale", CompositeOptions.Limits.faceScale, \.options.faceScale),
    choice("color-transfer", colorTransfers, \.options.colorTransfer),
    whole("hist-match-threshold", CompositeOptions.Limits.histogramThreshold, \.options.histogramThreshold),
    Setting(
      key: "masked-hist-match", expected: "true or false", get: { .boolean($0.options.masksHistogramMatch) },
      set: { settings, value in
        guard case .boolean(let isOn) = value else { return false }
        settings.options.masksHistogramMatch = isOn
        return true
      }),
    choice("sharpen", sharpenings, \.options.sharpening),
    whole("sharpen-amount", CompositeOptions.Limits.sharpenAmount, \.options.sharpenAmount),
    whole("motion-blur", CompositeOptions.Limits.share, \.options.motionBlur),
    whole("denoise", CompositeOptions.Limits.denoise, \.options.denoise),
    whole("bicubic-degrade", CompositeOptions.Limits.share, \.options.bicubicDegrade),
    whole("color-degrade", CompositeOptions.Limits.share, \.options.colorDegrade),
    Setting(
      key: "seed", expected: "a whole number, 0 or more", get: { .integer(Int(clamping: $0.options.seed)) },
      set: { settings, value in
        guard let seed = value.whole, seed >= 0 else { return false }
        settings.options.seed = UInt64(seed)
        return true
      }),
    Setting(
      key: "face-type", expected: FaceType.allCases.map(\.rawValue).joined(separator: ", "), takesNull: true,
      get: { $0.faceType.map { .string($0.rawValue) } ?? .null },
      set: { settings, value in
        guard let text = value.text else {
          settings.faceType = nil
          return value.isNull
        }
        settings.faceType = FaceType(rawValue: text)
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

  private static func whole(
    _ key: String, _ range: ClosedRange<Int>, _ path: WritableKeyPath<MergeSettings, Int>
  ) -> Setting {
    Setting(
      key: key, expected: "\(range.lowerBound) to \(range.upperBound)", get: { .integer($0[keyPath: path]) },
      set: { settings, value in
        guard let number = value.whole, range.contains(number) else { return false }
        settings[keyPath: path] = number
        return true
      })
  }

  /// A value by its name or by DeepFaceLab's number, which is its raw value.
  private static func choice<Choice: RawRepresentable>(
    _ key: String, _ names: [String], _ path: WritableKeyPath<MergeSettings, Choice>
  ) -> Setting where Choice.RawValue == Int32 {
    Setting(
      key: key, expected: names.joined(separator: ", "),
      get: { settings in
        let number = Int(settings[keyPath: path].rawValue)
        return names.indices.contains(number) ? .string(names[number]) : .integer(number)
      },
      set: { settings, value in
        let name = value.text?.lowercased()
        guard let number = name.flatMap({ names.firstIndex(of: $0) ?? Int($0) }) ?? value.whole,
          names.indices.contains(number), let choice = Choice(rawValue: Int32(number))
        else { return false }
        settings[keyPath: path] = choice
        return true
      })
  }

  private static func rate(_ key: String, _ path: WritableKeyPath<MergeSettings, Double?>) -> Setting {
    Setting(
      key: key, expected: "a number above 0 and up to 1", takesNull: true,
      get: { $0[keyPath: path].map(JSON.number) ?? .null },
      set: { settings, value in
        settings[keyPath: path] = value.real
        return value.isNull || value.real.map { $0 > 0 && $0 <= 1 } == true
      })
  }
}
