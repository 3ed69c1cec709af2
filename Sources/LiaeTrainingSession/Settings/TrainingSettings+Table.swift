// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeGraph
import LiaeText
import LiaeTrain

extension TrainingSettings {
  nonisolated(unsafe) package static let table: [Setting<TrainingSettings>] =
    networkTable + lossTable + sampleTable + sessionTable()

  /// Settings of the network, which cannot change once a model is made.
  nonisolated(unsafe) package static let networkTable: [Setting<TrainingSettings>] = [
    Setting(
      key: "arch", expected: "amp, or liae or df with letters of u, d, t, c, as in liae-udt",
      get: { .string($0.archi) },
      set: { settings, value in
        guard let text = value.text, let (family, letters) = try? Architecture.parse(text) else { return false }
        // Letters in one order, so that names can be compared.
        settings.archi =
          Architecture(
            family: family, options: letters, resolution: 64, eDims: 2, aeDims: 2, dDims: 2, dMaskDims: 2
          ).name
        return true
      }),
    .named("flavour", \.flavour),
    .whole("resolution", Architecture.resolutionRange, \.resolution),
    .whole("e-dims", Architecture.dimsRange, \.eDims),
    .whole("ae-dims", Architecture.dimsRange, \.aeDims),
    .whole("d-dims", Architecture.dimsRange, \.dDims),
    .whole("d-mask-dims", Architecture.dimsRange, \.dMaskDims),
    .whole("inter-dims", Architecture.dimsRange, \.interDims),
    faceTypeSetting(\.faceType),
  ]

  /// Settings of what an iteration computes.
  nonisolated(unsafe) private static let lossTable: [Setting<TrainingSettings>] = [
    .named("criterion", \.options.criterion),
    .named("optimizer", \.options.optimizer),
    .real("learning-rate", 0...1, \.options.learningRate),
    Setting(
      key: "learning-rate-from", expected: "ITERATION:RATE with rising iterations, as in 24000:1e-4,30000:5e-5",
      takesNull: true, get: { $0.learningRateFrom.map { .string($0.text) } ?? .null },
      set: { settings, value in
        settings.learningRateFrom = value.text.flatMap { LearningRateSchedule($0, iterations: iterations) }
        return value.isNull || settings.learningRateFrom != nil
      }),
    .boolean("lr-dropout", \.options.learningRateDropout),
    .whole("lr-dropout-from", iterations, \.learningRateDropoutFrom),
    .boolean("clipgrad", \.options.clipGradient),
    .boolean("random-warp", \.options.randomWarp),
    .whole("random-warp-until", iterations, \.randomWarpUntil),
    .boolean("masked-training", \.options.maskedTraining),
    .boolean("eyes-mouth-prio", \.options.eyesMouthPriority),
    .whole("eyes-mouth-prio-from", iterations, \.eyesMouthPriorityFrom),
    .boolean("blur-out-mask", \.options.blurOutMask),
    .real("face-style-power", 0...100, \.options.faceStylePower),
    .real("bg-style-power", 0...100, \.options.backgroundStylePower),
    .real("true-face-power", 0...1, \.options.trueFacePower),
    .real("morph-factor", 0.1...0.5, \.options.morphFactor),
    .real("gan-power", 0...5, \.options.ganPower),
    .whole("gan-patch-size", 3...640, \.ganPatchSize),
    .whole("gan-dims", 4...512, \.options.ganDims),
    .whole("gan-from", iterations, \.ganFrom),
    .boolean("pretrain", \.options.pretrain),
  ]

  /// Settings of the samples.
  nonisolated(unsafe) private static let sampleTable: [Setting<TrainingSettings>] = [
    .whole("batch-size", 1...1024, \.batchSize),
    .boolean("random-src-flip", \.randomSourceFlip),
    .boolean("random-dst-flip", \.randomDestinationFlip),
    .real("random-hsv-power", 0...0.3, \.randomHSVPower),
    .boolean("uniform-yaw", \.uniformYaw),
    .named("ct-mode", \.colorTransfer),
    .whole("seed", 0...Int.max, \.seed),
  ]

  /// Translates DeepFaceLab's own words for some keys: `random_warp`, `archi`, `adabelief`.
  package static func translated(_ key: String, _ value: JSON) -> (key: String, value: JSON) {
    let key = key.replacing("_", with: "-")
    switch key {
    case "archi": return ("arch", value)
    case "adabelief":
      guard case .boolean(let isOn) = value else { return (key, value) }
      return ("optimizer", .string(isOn ? "adabelief" : "rmsprop"))
    case "lr-dropout":
      // The place where DeepFaceLab keeps the state makes no difference here.
      guard let text = value.text, ["n", "y", "cpu"].contains(text) else { return (key, value) }
      return (key, .boolean(text != "n"))
    default: return (key, value)
    }
  }
}
