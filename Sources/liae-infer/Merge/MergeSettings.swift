// SPDX-License-Identifier: Apache-2.0
import LiaeCommandLine
import LiaeFormats
import LiaeFrame
import LiaeSystem

/// How faces are put into frames: what the options of `merge` and `video` and a settings file say.
struct MergeSettings: SettingsTable {
  var options = CompositeOptions()
  /// Nil: the model's own.
  var faceType: FaceType?
  var landmarkSmoothing: LandmarkSmoothing?
  /// Weight of the newest frame in an exponential average, above 0 and up to 1; nil: none.
  var maskSmoothing: Double?
  var colorSmoothing: Double?

  /// Whether a frame needs what was kept of the one before.
  var isSequential: Bool { maskSmoothing != nil || colorSmoothing != nil }

  /// - Parameters:
  ///   - file: a settings file, or nil.
  ///   - given: what the command line says; it overrules the file.
  /// - Throws: `ValidationError`-like `Failure` of status `usage` naming the key.
  init(file: String?, given: [(String, JSON)]) throws {
    if let file { try read(file) }
    for (key, value) in given { try set(key, value, source: "--") }
    try check()
  }

  /// - Throws: `Failure` of status `usage` for settings that are possible by themselves and not together, or not here.
  private func check() throws {
    if options.sharpening == .none, options.sharpenAmount > 0 {
      throw Failure(
        .usage, "--sharpen-amount is \(options.sharpenAmount), and --sharpen is none; expected box or gaussian")
    }
    if options.maskMode.needsXSegSwap {
      throw Failure(
        .usage,
        "--mask-mode \(Self.maskModes[Int(options.maskMode.rawValue)]): it takes the XSeg network on the swapped face, "
          + "which this program has not; xseg-dst takes the masks that DeepFaceLab's `xseg apply` has left in the aligned "
          + "faces")
    }
    if colorSmoothing != nil, !options.colorTransfer.hasStatistics {
      func name(_ transfer: ColorTransfer) -> String { Self.colorTransfers[Int(transfer.rawValue)] }
      let able = ColorTransfer.allCases.filter(\.hasStatistics).map(name).joined(separator: ", ")
      throw Failure(
        .usage,
        "--smooth-color: --color-transfer \(name(options.colorTransfer)) has no statistics to average; expected \(able)"
      )
    }
  }
}

/// Strength of the one-euro filter of landmarks.
struct LandmarkSmoothing {
  /// Hz.
  var cutoff = 1.0
  /// Hz for a speed of one face width a second.
  var slope = 1.0

  static let expected = "on, or CUTOFF,BETA in Hz; on is 1,1"

  /// From `on`, `CUTOFF,BETA` or an array of the two.
  init?(_ value: JSON) {
    if value.text == "on" { return }
    let numbers =
      value.elements?.map(\.real)
      ?? value.text?.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) }
    guard let numbers, numbers.count == 2, let cutoff = numbers[0], let slope = numbers[1],
      cutoff > 0, cutoff <= 1000, slope >= 0, slope <= 1000
    else { return nil }
    (self.cutoff, self.slope) = (cutoff, slope)
  }
}
