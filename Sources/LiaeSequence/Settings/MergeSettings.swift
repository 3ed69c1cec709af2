// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeGraph
import LiaeRuntime
import LiaeSystem
import LiaeText

/// Settings of the merge: the options of `merge` and `video` and the keys of a settings file.
package struct MergeSettings: SettingsTable {
  package var options = CompositeOptions()
  /// The factor between the destination face reconstructed (0) and the swap (1); nil: the swap.
  package var morph: Double?
  /// The part of the head that faces show; nil: the model's own.
  package var faceType: FaceType?
  package var landmarkSmoothing: LandmarkSmoothing?
  /// Weight of the newest frame in an exponential average, above 0 and up to 1; nil: none.
  package var maskSmoothing: Double?
  package var colorSmoothing: Double?

  /// The output requested from the model.
  package var runMode: RunMode { morph.map { .morph(Float($0)) } ?? .swap }

  /// True if a frame needs what was kept of the one before.
  package var isSequential: Bool { maskSmoothing != nil || colorSmoothing != nil }

  /// DeepFaceLab's defaults.
  package init() {}

  /// - Parameters:
  ///   - file: a settings file, or nil.
  ///   - given: what the command line says; it overrules the file.
  /// - Throws: `invalidArgument` naming the key; what the error is of a file that cannot be read.
  package init(file: String?, given: [(String, JSON)]) throws(LiaeError) {
    if let file { try read(file) }
    for (key, value) in given { try set(key, value, source: "--") }
    try check()
  }

  /// - Throws: `invalidArgument` for settings that are possible by themselves and not together, or not here.
  func check() throws(LiaeError) {
    if options.sharpening == .none, options.sharpenAmount > 0 {
      throw LiaeError(
        .invalidArgument,
        "--sharpen-amount is \(options.sharpenAmount), and --sharpen is none; expected box or gaussian")
    }
    if colorSmoothing != nil, !options.colorTransfer.hasStatistics {
      func name(_ transfer: ColorTransfer) -> String { Self.colorTransfers[Int(transfer.rawValue)] }
      let able = ColorTransfer.allCases.filter(\.hasStatistics).map(name).joined(separator: ", ")
      throw LiaeError(
        .invalidArgument,
        "--smooth-color: --color-transfer \(name(options.colorTransfer)) has no statistics to average; expected \(able)"
      )
    }
  }
}

extension MergeSettings {
  /// Checks that there is an XSeg model where the mask mode cannot do without.
  ///
  /// - Throws: `invalidArgument`.
  package func check(hasXSeg: Bool) throws(LiaeError) {
    guard options.maskMode.needsXSegSwap, !hasXSeg else { return }
    throw LiaeError(
      .invalidArgument,
      "--mask-mode \(Self.maskModes[Int(options.maskMode.rawValue)]): it takes an XSeg model on the swapped face, which "
        + "--xseg names; xseg-dst does without where aligned faces have masks")
  }
}

extension FaceType {
  /// Creates a face type from its name, or from DeepFaceLab's letters where it has some, as `wf`.
  package init?(_ text: String) { self.init(rawValue: ModelInfo.faceType(text) ?? text) }
}

/// Strength of the one-euro filter of landmarks.
package struct LandmarkSmoothing: Sendable {
  /// Hz.
  package var cutoff = 1.0
  /// Hz for a speed of one face width a second.
  package var slope = 1.0

  static let expected = "on, or CUTOFF,BETA in Hz; on is 1,1"

  /// Reads `on`, `CUTOFF,BETA` or an array of the two numbers.
  package init?(_ value: JSON) {
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
