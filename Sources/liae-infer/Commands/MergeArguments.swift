// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import LiaeCommandLine
import LiaeFrame
import LiaeSequence
import LiaeSystem
import LiaeTensor
import LiaeText

/// The options for setting faces into frames. Names, defaults and ranges are DeepFaceLab's.
struct MergeArguments: ParsableArguments {
  @Option(
    help: .init(
      "Blending: \(MergeSettings.modes.joined(separator: ", ")) (the face alone; merge alone). (default: overlay)",
      valueName: "name"))
  var mode: String?

  @Option(
    help: .init(
      """
      What of the face is set in, by name or DeepFaceLab's number:
      0 full: the whole square
      1 dst: the hull of the landmarks
      2 learned-prd: the model's mask of the swapped face
      3 learned-dst: the model's mask of the frame's face
      4 learned-prd*learned-dst: where both are
      5 learned-prd+learned-dst: where one of them is
      6 xseg-prd: what --xseg finds uncovered of the swapped face
      7 xseg-dst: what it finds uncovered of the frame's face; without --xseg the mask that an aligned face has
      8 xseg-prd*xseg-dst: where both are
      9 learned-prd*learned-dst*xseg-prd*xseg-dst: where all are
      given: from --masks (merge alone) (default: learned-prd*learned-dst)
      """, valueName: "name"))
  var maskMode: String?

  @Option(
    parsing: .unconditional,
    help: .init(
      "Makes the mask smaller by so many pixels, below 0 larger, where the face has 4 times the model's resolution. "
        + "-400 to 400. (default: 0)",
      valueName: "n"))
  var erode: Int?

  @Option(help: .init("Width of the mask's blur in the same pixels. 0 to 400. (default: 0)", valueName: "n"))
  var blur: Int?

  @Option(
    parsing: .unconditional,
    help: .init("Enlargement of the face, per cent. -50 to 50. (default: 0)", valueName: "n"))
  var faceScale: Int?

  @Option(
    help: .init(
      "Gives the face the colours of the frame: \(MergeSettings.colorTransfers.joined(separator: ", ")). (default: rct)",
      valueName: "name"))
  var colorTransfer: String?

  @Option(
    help: .init(
      "Threshold of hist-match and seamless-hist-match; lower is darker. 0 to 255. (default: 238)", valueName: "n"))
  var histMatchThreshold: Int?

  @Flag(help: "hist-match looks at the whole square of the face, not at the mask alone.")
  var noMaskedHistMatch = false

  @Option(
    help: .init("Sharpening: \(MergeSettings.sharpenings.joined(separator: ", ")). (default: none)", valueName: "name"))
  var sharpen: String?

  @Option(
    parsing: .unconditional,
    help: .init(
      "Strength of --sharpen; below 0 blurs, whatever --sharpen is. -100 to 100. (default: 0)", valueName: "n"))
  var sharpenAmount: Int?

  @Option(help: .init("Motion blur of the face, by how it moves. 0 to 100. (default: 0)", valueName: "n"))
  var motionBlur: Int?

  @Option(help: .init("Median filtering of the frame. 0 to 500. (default: 0)", valueName: "n"))
  var denoise: Int?

  @Option(help: .init("Loss of detail of the frame. 0 to 100. (default: 0)", valueName: "n"))
  var bicubicDegrade: Int?

  @Option(help: .init("Loss of colours of the frame. 0 to 100. (default: 0)", valueName: "n"))
  var colorDegrade: Int?

  @Option(help: .init("Seed of the random colour transfers idt, idt-m, sot-m and mix-m. (default: 0)", valueName: "n"))
  var seed: Int?

  @Option(
    help: .init(
      "Merge a face between the frame's own (0) and the swapped one (1), DeepFaceLab's morph factor. LIAE and AMP. "
        + "(default: the swap)", valueName: "t"))
  var morph: Double?

  @Option(
    help: .init(
      "Face type of the model: \(FaceType.allCases.map(\.rawValue).joined(separator: ", ")), or DeepFaceLab's letters. "
        + "Overrides the model; needed if the model does not contain it.", valueName: "name"))
  var faceType: String?

  @Option(
    help: .init(
      "Smooth landmarks with a one-euro filter: on, or CUTOFF,BETA in Hz. A lower cutoff reduces trembling, a higher beta "
        + "follows fast faces better. on is 1,1.", valueName: "how"))
  var smoothLandmarks: String?

  @Option(
    help: .init(
      "Average masks over frames: weight of the newest, above 0 and up to 1. A lower rate flickers less and lags more.",
      valueName: "rate"))
  var smoothMask: Double?

  @Option(
    help: .init(
      "Average the statistics of --color-transfer rct, lct, mkl or mkl-m over frames, as --smooth-mask does.",
      valueName: "rate"))
  var smoothColor: Double?

  @Option(
    help: .init(
      "Settings: a JSON object whose keys are the names of the options from mode to smooth-color, and masked-hist-match: "
        + "true or false. The command line overrules it.",
      valueName: "file"))
  var config: String?

  @Option(help: .init("Write all settings that are in effect into such a file, then merge.", valueName: "file"))
  var writeConfig: String?

  @Flag(help: "Do not mark the output as made with a trained model (DigitalSourceType).")
  var noProvenance = false

  /// - Throws: `LiaeError` naming the setting that is not possible.
  func settings() throws(LiaeError) -> MergeSettings {
    var given: [(String, JSON)] = []
    func add(_ key: String, _ value: JSON?) {
      if let value { given.append((key, value)) }
    }
    add("mode", mode.map(JSON.string))
    add("mask-mode", maskMode.map(JSON.string))
    add("erode", erode.map(JSON.integer))
    add("blur", blur.map(JSON.integer))
    add("face-scale", faceScale.map(JSON.integer))
    add("color-transfer", colorTransfer.map(JSON.string))
    add("hist-match-threshold", histMatchThreshold.map(JSON.integer))
    if noMaskedHistMatch { add("masked-hist-match", .boolean(false)) }
    add("sharpen", sharpen.map(JSON.string))
    add("sharpen-amount", sharpenAmount.map(JSON.integer))
    add("motion-blur", motionBlur.map(JSON.integer))
    add("denoise", denoise.map(JSON.integer))
    add("bicubic-degrade", bicubicDegrade.map(JSON.integer))
    add("color-degrade", colorDegrade.map(JSON.integer))
    add("seed", seed.map(JSON.integer))
    add("morph", morph.map(JSON.number))
    add("face-type", faceType.map(JSON.string))
    add("smooth-landmarks", smoothLandmarks.map(JSON.string))
    add("smooth-mask", smoothMask.map(JSON.number))
    add("smooth-color", smoothColor.map(JSON.number))
    return try MergeSettings(file: config, given: given)
  }

  /// Settings that the command line alone can tell to be wrong are found before anything is opened.
  func validate() throws {
    guard config == nil else { return }
    do throws(LiaeError) { _ = try settings() } catch { throw ValidationError(error.message) }
  }

  /// The note for what is written, or nil, which is said.
  func provenance(_ settings: MergeSettings) -> Provenance? {
    if noProvenance {
      Console.complain("--no-provenance: the output is not marked as made with a trained model")
      return nil
    }
    return settings.options.blend == .rawPredict ? .rawFace : .composite
  }
}

extension Shard {
  static func parse(_ argument: String) throws -> Shard {
    if let shard = Shard(argument) { return shard }
    throw ValidationError("expected I/N, as 1/4 to 4/4")
  }
}

/// The options for spreading work over the processors.
extension Parallelism: ExpressibleByArgument {}
extension MergeOutput.Format: ExpressibleByArgument {}
extension FaceExport.Format: ExpressibleByArgument {}
