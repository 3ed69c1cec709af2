// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeSystem
import LiaeTestSupport
import LiaeText
import LiaeTrain
import LiaeTrainingSession
import Testing

/// The table of settings: every key, what it takes and what it refuses.
@Suite struct SettingsTests {
  /// A key, a value other than the default that is taken and given back, values that are refused, and what the message
  /// expects. Ranges are those of DeepFaceLab's SAEHD where it has the option.
  struct Row: Sendable {
    let key: String
    let good: String
    let bad: [String]
    let expected: String
    init(_ key: String, _ good: String, bad: [String], _ expected: String) {
      (self.key, self.good, self.bad, self.expected) = (key, good, bad, expected)
    }
    static func whole(_ key: String, _ good: Int, _ low: Int, _ high: Int) -> Row {
      Row(
        key, "\(good)", bad: ["\(low - 1)", "\(high + 1)", "\(low).5", "\"\(good)\"", "true", "[]"], "\(low) to \(high)"
      )
    }
    static func real(_ key: String, _ good: String, _ low: Int, _ high: String) -> Row {
      Row(key, good, bad: ["\(low - 1)", "1\(high)", "\"\(good)\"", "true", "{}"], "\(low) to \(high)")
    }
    static func flag(_ key: String, _ good: Bool) -> Row {
      Row(key, "\(good)", bad: ["0", "1", "\"true\"", "null"], "true or false")
    }
  }

  static let rows: [Row] = [
    Row(
      "arch", "\"df-udt\"", bad: ["\"liae-x\"", "\"amp-u\"", "\"\"", "1", "null"],
      "amp, or liae or df with letters of u, d, t, c"
    ),
    Row("flavour", "\"torch\"", bad: ["\"x\"", "0"], "dfl, torch"),
    .whole("resolution", 224, 32, 1024), .whole("e-dims", 32, 1, 4096), .whole("ae-dims", 128, 1, 4096),
    .whole("d-dims", 48, 1, 4096), .whole("d-mask-dims", 16, 1, 4096),
    .whole("inter-dims", 512, 1, 4096),
    Row(
      "face-type", "\"head\"", bad: ["\"full\"", "\"\"", "3"], "h (half_face), mf (midfull_face), f (full_face), wf"),
    Row("criterion", "\"torch\"", bad: ["\"l1\""], "dfl, torch"),
    Row("optimizer", "\"rmsprop-torch\"", bad: ["\"sgd\"", "1"], "adabelief, rmsprop, adam, rmsprop-torch"),
    .real("learning-rate", "0.001", 0, "1"), .flag("lr-dropout", true),
    Row(
      "learning-rate-from", "\"0:0.01,24000:0.0001\"",
      bad: [
        "\"\"", "\"5\"", "\"5:\"", "\":0.1\"", "\"-1:0.1\"", "\"5:1.5\"", "\"5:nan\"", "\"5:-0.1\"", "\"5:0.1,\"",
        "\"5:0.1,5:0.2\"", "\"6:0.1,5:0.2\"", "\"1000000001:0.1\"", "\"9223372036854775808:0.1\"", "5", "[]",
      ], "ITERATION:RATE"),
    .whole("lr-dropout-from", 7, 0, 1_000_000_000), .flag("clipgrad", true), .flag("random-warp", false),
    .whole("random-warp-until", 7, 0, 1_000_000_000), .flag("masked-training", false), .flag("eyes-mouth-prio", true),
    .whole("eyes-mouth-prio-from", 7, 0, 1_000_000_000),
    .flag("blur-out-mask", true), .real("face-style-power", "12.5", 0, "100"),
    .real("bg-style-power", "0.25", 0, "100"),
    .real("true-face-power", "0.01", 0, "1"),
    Row("morph-factor", "0.35", bad: ["0.09", "0.51", "\"0.3\"", "true", "null"], "0.1 to 0.5"),
    .real("gan-power", "0.1", 0, "5"), .whole("gan-patch-size", 28, 3, 640),
    .whole("gan-dims", 8, 4, 512), .whole("gan-from", 7, 0, 1_000_000_000), .flag("pretrain", true),
    .whole("batch-size", 8, 1, 1024), .flag("random-src-flip", true), .flag("random-dst-flip", false),
    .real("random-hsv-power", "0.3", 0, "0.3"), .flag("uniform-yaw", true),
    Row("ct-mode", "\"sot\"", bad: ["\"rgb\"", "0"], "none, rct, lct, mkl, idt, sot"),
    Row(
      "seed", "9223372036854775807", bad: ["-1", "9223372036854775808", "0.5", "\"1\""], "a whole number, 0 or more"),
    .whole("target-iter", 9, 0, 1_000_000_000), .whole("autobackup-hour", 24, 0, 24),
    .flag("write-preview-history", true),
    .whole("threads", 3, 0, 1024), .whole("generator-threads", 3, 1, 1024),
    Row("memory", "\"memory\"", bad: ["\"less\"", "1"], "speed, memory"), .real("save-every", "0.5", 0, "10000"),
    .whole("preview-every", 7, 0, 1_000_000_000), .whole("preview-faces", 9, 1, 64),
    .whole("log-every", 7, 1, 1_000_000),
    .real("status-every", "0.5", 0, "10000"), .whole("backups", 7, 1, 1000),
    .whole("backup-every", 7, 0, 1_000_000_000), .real("spike-factor", "2.5", 0, "1000000"),
  ]

  private func json(_ text: String) throws -> JSON { try JSON(parsing: Array(text.utf8), name: "a value") }

  @Test func theTableHasTheseKeysOnce() {
    #expect(TrainingSettings.table.map(\.key).sorted() == Self.rows.map(\.key).sorted())
  }

  @Test(arguments: rows) func aKeyTakesItsValueAndRefusesOthers(row: Row) throws {
    let setting = try #require(TrainingSettings.table.first { $0.key == row.key })
    var settings = TrainingSettings()
    #expect(setting.get(settings).text() != row.good, "the default")
    try settings.set(row.key, json(row.good), source: "--")
    #expect(setting.get(settings).text() == row.good)
    for other in TrainingSettings.table where other.key != row.key {
      #expect(other.get(settings).text() == other.get(TrainingSettings()).text(), "\(row.key) changes \(other.key)")
    }
    for bad in row.bad {
      expectError(.invalidArgument, "--\(row.key) is", row.expected) {
        try settings.set(row.key, json(bad), source: "--")
      }
    }
    // What is refused changes nothing but, for settings that may be left out, to nothing.
    #expect([row.good, "null"].contains(setting.get(settings).text()))
  }

  @Test func numbersThatAreNone() {
    var settings = TrainingSettings()
    for value in [Double.nan, .infinity, -.infinity, -0.001, 1.0001] {
      expectError(.invalidArgument, "--learning-rate is \(value)", "0 to 1") {
        try settings.set("learning-rate", .number(value), source: "--")
      }
    }
  }

  @Test func settingsThatMayBeLeftOutTakeNull() throws {
    var settings = TrainingSettings()
    for key in [
      "d-mask-dims", "inter-dims", "gan-patch-size", "random-warp-until", "lr-dropout-from", "gan-from",
      "eyes-mouth-prio-from",
    ] {
      try settings.set(key, .integer(10), source: "")
      try settings.set(key, .null, source: "a file: ")
      #expect(TrainingSettings.table.first { $0.key == key }?.get(settings).isNull == true)
      expectError(.invalidArgument, "a file: \(key) is -1", "or null") {
        try settings.set(key, .integer(-1), source: "a file: ")
      }
    }
  }

  @Test func deepFaceLabsWords() throws {
    var settings = TrainingSettings()
    for (key, value) in [
      ("archi", "\"liae-tdu\""), ("e_dims", "32"), ("adabelief", "false"), ("lr_dropout", "\"cpu\""),
      ("face_type", "\"mf\""), ("random_warp", "false"), ("gan_patch_size", "28"),
    ] { try settings.set(key, json(value), source: "") }
    // Letters in one order, so that names can be compared.
    #expect(settings.archi == "liae-udt" && settings.eDims == 32 && settings.options.optimizer == .rmsprop)
    #expect(settings.options.learningRateDropout && settings.faceType == .midFull && !settings.options.randomWarp)
    #expect(settings.ganPatchSize == 28)
    try settings.set("lr_dropout", .string("n"), source: "")
    #expect(!settings.options.learningRateDropout)
    expectError(.invalidArgument, "batchsize", "the nearest is \"batch-size\"") {
      try settings.set("batchsize", .integer(1), source: "--")
    }
  }

  /// What is kept with a model is the same settings when it is read, and none of those of one run of the program.
  @Test func whatIsKeptComesBack() throws {
    var settings = TrainingSettings()
    for row in Self.rows { try settings.set(row.key, json(row.good), source: "") }
    guard case .object(let members) = settings.stored else {
      Issue.record("no object")
      return
    }
    let session = [
      "threads", "generator-threads", "memory", "save-every", "preview-every", "preview-faces", "log-every",
      "status-every",
      "backups", "backup-every", "spike-factor",
    ]
    #expect(members.map(\.0).sorted() == Self.rows.map(\.key).filter { !session.contains($0) }.sorted())
    var back = TrainingSettings()
    for (key, value) in members { try back.set(key, value, source: "") }
    #expect(back.stored.line == settings.stored.line)
    #expect(TrainingSettings.differences(TrainingSettings().stored, settings.stored).count == members.count)
  }

  // MARK: - Together

  private func settings(_ given: (String, String)...) throws -> TrainingSettings {
    var settings = TrainingSettings()
    for (key, value) in given { try settings.set(key, json(value), source: "--") }
    return settings
  }

  @Test func settingsThatContradictEachOther() throws {
    expectError(.invalidArgument, "multiple of 32") { try settings(("resolution", "80")).check() }
    expectError(.invalidArgument, "true face is for df only") { try settings(("true-face-power", "0.1")).check() }
    try settings(("true-face-power", "0.1"), ("arch", "\"df-u\"")).check()
    expectError(.invalidArgument, "weights eyes and mouth always") {
      try settings(("arch", "\"amp\""), ("eyes-mouth-prio-from", "9")).check()
    }
    expectError(.invalidArgument, "--gan-from is 5", "--gan-power is 0") { try settings(("gan-from", "5")).check() }
    expectError(.invalidArgument, "gan_patch_size 640 needs") {
      try settings(("resolution", "96"), ("gan-power", "1"), ("gan-patch-size", "640")).check()
    }
    expectError(.invalidArgument, "off from the start") {
      try settings(("random-warp", "false"), ("random-warp-until", "9")).check()
    }
    for (key, value) in [
      ("random-warp-until", "9"), ("lr-dropout-from", "9"), ("eyes-mouth-prio-from", "9"),
      ("learning-rate-from", "\"9:0.1\""),
    ] {
      expectError(.invalidArgument, "--pretrain has no phases") {
        try settings(("pretrain", "true"), (key, value)).check()
      }
    }
  }

  @Test func dimsThatFollowFromOthers() throws {
    // A third, even, as DeepFaceLab has it.
    for (dims, mask) in [(64, 22), (48, 16), (1, 2), (4096, 1366)] {
      #expect(TrainingSettings.usualMaskDims(dims) == mask)
    }
    #expect(try settings(("d-dims", "48")).architecture().dMaskDims == 16)
    #expect(try settings(("resolution", "224")).patchSize == 28 && settings(("resolution", "32")).patchSize == 4)
  }

  // MARK: - Phases

  @Test func phasesByIteration() throws {
    let settings = try settings(
      ("random-warp-until", "100"), ("lr-dropout-from", "150"), ("gan-from", "200"), ("gan-power", "0.1"))
    for (iteration, warp, dropout, gan) in [
      (0, true, false, Float(0)), (99, true, false, 0), (100, false, false, 0), (149, false, false, 0),
      (150, false, true, 0), (199, false, true, 0), (200, false, true, 0.1), (1_000_000_000, false, true, 0.1),
    ] {
      let phase = settings.phase(at: iteration, attempt: 0)
      #expect(
        phase.options.randomWarp == warp && phase.source.randomWarp == warp && phase.destination.randomWarp == warp)
      #expect(phase.options.learningRateDropout == dropout && phase.options.ganPower == gan, "\(iteration)")
      #expect(phase.options.ganPatchSize == 16)
    }
  }

  @Test func learningRateAndEyesByIteration() throws {
    let settings = try settings(
      ("learning-rate", "0.5"), ("learning-rate-from", "\"100:0.25, 200:1e-3\""), ("eyes-mouth-prio-from", "150"))
    for (iteration, rate, eyes) in [
      (0, Float(0.5), false), (99, 0.5, false), (100, 0.25, false), (149, 0.25, false), (150, 0.25, true),
      (199, 0.25, true), (200, 0.001, true), (1_000_000_000, 0.001, true),
    ] {
      let options = settings.phase(at: iteration, attempt: 0).options
      #expect(options.learningRate == rate && options.eyesMouthPriority == eyes, "\(iteration)")
    }
  }

  @Test func withoutPhasesAllIterationsAreAlike() throws {
    let settings = try settings(("lr-dropout", "true"), ("gan-power", "1"))
    #expect(settings.phase(at: 0, attempt: 0) == settings.phase(at: 999_999, attempt: 0))
    #expect(settings.phase(at: 0, attempt: 0).options.learningRateDropout)
  }

  @Test func theSidesDifferAndAttemptsDrawOtherFaces() throws {
    let settings = try settings(
      ("seed", "9223372036854775807"), ("ct-mode", "\"rct\""), ("random-src-flip", "true"),
      ("random-dst-flip", "false"))
    let phase = settings.phase(at: 0, attempt: 0)
    #expect(phase.source.seed == UInt64(Int.max) && phase.destination.seed == ~UInt64(Int.max))
    #expect(phase.source.colorTransfer == .rct && phase.destination.colorTransfer == .none)
    #expect(phase.source.randomFlip && !phase.destination.randomFlip)
    let seeds = (0..<100).flatMap { attempt in
      [settings.phase(at: 0, attempt: attempt)].flatMap { [$0.source.seed, $0.destination.seed] }
    }
    #expect(Set(seeds).count == 200)
    // Whatever a file says.
    _ = settings.phase(at: .max, attempt: .min)
  }

  @Test func pretrainingForcesWhatDeepFaceLabForces() throws {
    let settings = try settings(
      ("arch", "\"df\""), ("pretrain", "true"), ("gan-power", "1"), ("true-face-power", "0.5"),
      ("face-style-power", "5"), ("bg-style-power", "5"), ("lr-dropout", "true"), ("random-hsv-power", "0.2"),
      ("ct-mode", "\"rct\""), ("random-dst-flip", "false"))
    let phase = settings.phase(at: 0, attempt: 0)
    let options = phase.options
    #expect(options.pretrain && !options.randomWarp && !options.learningRateDropout)
    #expect(
      [options.ganPower, options.trueFacePower, options.faceStylePower, options.backgroundStylePower] == [0, 0, 0, 0])
    for samples in [phase.source, phase.destination] {
      #expect(!samples.randomWarp && samples.randomFlip && samples.uniformYaw)
      #expect(samples.randomHSVPower == 0 && samples.colorTransfer == .none)
    }
    let preview = settings.previewSamples(phase.source)
    #expect(!preview.randomFlip && !preview.uniformYaw && preview.seed == phase.source.seed)
  }
}
