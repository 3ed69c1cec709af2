// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeGraph
import LiaeText
import LiaeTrain

extension TrainingSettings {
  nonisolated(unsafe) package static let table: [Setting<TrainingSettings>] =
    networkTable + lossTable + sampleTable + sessionTable

  private static let iterations = 0...1_000_000_000

  /// Settings of the network, which cannot change once a model is made.
  nonisolated(unsafe) static let networkTable: [Setting<TrainingSettings>] = [
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
    Setting(
      key: "face-type", expected: faceTypes.map { "\($0.letters) (\($0.type.rawValue))" }.joined(separator: ", "),
      get: { .string($0.faceType.rawValue) },
      set: { settings, value in
        guard let text = value.text,
          let found = faceTypes.first(where: { $0.letters == text || $0.type.rawValue == text })
        else { return false }
        settings.faceType = found.type
        return true
      }),
  ]

  /// DeepFaceLab's letters of the face types that a model can have.
  static let faceTypes: [(letters: String, type: FaceType)] = [
    ("h", .half), ("mf", .midFull), ("f", .full), ("wf", .whole), ("head", .head),
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

  /// Settings of length, backups and progress.
  nonisolated(unsafe) private static let sessionTable: [Setting<TrainingSettings>] = [
    .whole("target-iter", iterations, \.targetIteration),
    .whole("autobackup-hour", 0...24, \.autobackupHours),
    .boolean("write-preview-history", \.writesPreviewHistory),
    .whole("threads", 0...1024, \.session.threads),
    .whole("generator-threads", 1...1024, \.session.generatorThreads),
    .named("memory", \.session.memory),
    .real("save-every", 0...10_000, \.session.saveEvery),
    .whole("preview-every", iterations, \.session.previewEvery),
    .whole("preview-faces", 1...64, \.session.previewFaces),
    .whole("log-every", 1...1_000_000, \.session.logEvery),
    .real("status-every", 0...10_000, \.session.statusEvery),
    .whole("backups", 1...1000, \.session.backups),
    .whole("backup-every", iterations, \.session.backupEvery),
    .real("spike-factor", 0...1_000_000, \.session.spikeFactor),
  ]

  /// Keys of settings of one run of the program, which are not kept with the model.
  private static let sessionKeys: Set<String> = [
    "threads", "generator-threads", "memory", "save-every", "preview-every", "preview-faces", "log-every",
    "status-every",
    "backups", "backup-every", "spike-factor",
  ]

  /// The settings that are kept with the model, in the order of the table.
  package var stored: JSON {
    .object(Self.table.filter { !Self.sessionKeys.contains($0.key) }.map { ($0.key, $0.get(self)) })
  }

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
