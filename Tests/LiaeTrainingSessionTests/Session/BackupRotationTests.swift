// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeTestSupport
import LiaeText
import LiaeTrainingSession
import Testing

/// Tests which backups are made, and which are kept, under which names.
@Suite struct BackupRotationTests {
  let temporary: TemporaryFolder
  let folder: ModelFolder

  init() throws {
    temporary = try TemporaryFolder()
    folder = try ModelFolder(temporary.path, name: "me")
  }

  private func rotation(
    _ name: String? = nil, keep count: Int = 2, every: Int = 0, hours: Int = 0, at iteration: Int = 0, now: Int = 0
  ) throws -> BackupRotation {
    var settings = TrainingSettings()
    (settings.session.backups, settings.session.backupEvery, settings.autobackupHours) = (count, every, hours)
    let place = try ModelFolder(temporary.path, name: name ?? folder.name)
    return BackupRotation(folder: place, settings: settings, iteration: iteration, now: now)
  }

  private func take(_ rotation: inout BackupRotation, _ iteration: Int, _ name: String? = nil) throws {
    let place = try ModelFolder(temporary.path, name: name ?? folder.name)
    try File.writeAtomically(place.state, replacing: true, text: "state of \(iteration)")
    try rotation.take(at: iteration, now: 0)
  }

  private var kept: [String] { get throws { try File.list(folder.backups) } }

  @Test func theNewestAreKept() throws {
    var rotation = try rotation()
    for iteration in [5, 10, 999, 1000] { try take(&rotation, iteration) }
    #expect(try kept == ["me_000000999.safetensors", "me_000001000.safetensors"])
    #expect(
      try contents("\(folder.backups)/me_000000999.safetensors") == Array("state of 999".utf8))
  }

  @Test func aBackupStaysWhenTheStateIsReplaced() throws {
    var rotation = try rotation()
    try take(&rotation, 1)
    try File.writeAtomically(folder.state, replacing: true, text: "a later state")
    #expect(try contents("\(folder.backups)/me_000000001.safetensors") == Array("state of 1".utf8))
    // The same iteration again, after a rollback: the later one counts.
    try File.writeAtomically(folder.state, replacing: true, text: "another of 1")
    try rotation.take(at: 1)
    #expect(
      try contents("\(folder.backups)/me_000000001.safetensors") == Array("another of 1".utf8))
  }

  /// The count goes by numbers, not by letters.
  @Test func moreThanNineDigits() throws {
    var rotation = try rotation()
    for iteration in [999_999_999, 1_000_000_000, 1_000_000_001] { try take(&rotation, iteration) }
    #expect(try kept == ["me_1000000000.safetensors", "me_1000000001.safetensors"])
  }

  /// Where iterations begin again at 0, as when pretraining ends, the backups of before are the older ones.
  @Test func theBackupsOfAnEarlierTrainingGoFirst() throws {
    var rotation = try rotation(keep: 3)
    for iteration in [1000, 2000, 3000] { try take(&rotation, iteration) }
    try take(&rotation, 10)
    #expect(try kept == ["me_000000010.safetensors", "me_000002000.safetensors", "me_000003000.safetensors"])
    try take(&rotation, 20)
    #expect(try kept == ["me_000000010.safetensors", "me_000000020.safetensors", "me_000003000.safetensors"])
  }

  /// Other models of the folder, and what people put there, are left alone.
  @Test func onlyItsOwnFilesGo() throws {
    var others = try rotation("me_b")
    for iteration in [1, 2] { try take(&others, iteration, "me_b") }
    let strangers = [
      "me_.safetensors", "me_12.safetensors", "me_best_000000001.safetensors", "me_000000001.txt",
      "me_0000000001.safetensors", "me_000000001.safetensors.bak", "me_+00000001.safetensors", "me_000000001",
      "ME_000000001.safetensors", "me_00000000\u{661}.safetensors", "me_000000001\u{301}.safetensors",
    ]
    for name in strangers { try File.writeAtomically("\(folder.backups)/\(name)", replacing: false, text: "") }
    var rotation = try rotation(keep: 1)
    for iteration in [7, 8, 9] { try take(&rotation, iteration) }
    #expect(
      try Set(kept)
        == Set(strangers + ["me_000000009.safetensors", "me_b_000000001.safetensors", "me_b_000000002.safetensors"]))
  }

  /// Where the new backup cannot be made, the old one of its iteration stays.
  @Test func aBackupThatFailsTakesNothingAway() throws {
    var rotation = try rotation()
    try take(&rotation, 1)
    try File.remove(folder.state)
    expectError(.fileNotFound) { try rotation.take(at: 1) }
    #expect(try contents("\(folder.backups)/me_000000001.safetensors") == Array("state of 1".utf8))
    #expect(try kept == ["me_000000001.safetensors"])
  }

  @Test func aStateThatIsItsBackupAlready() throws {
    var rotation = try rotation()
    try take(&rotation, 1)
    try rotation.take(at: 1)
    #expect(try kept == ["me_000000001.safetensors"])
  }

  @Test func aFileWhereTheBackupsWouldBe() throws {
    try File.writeAtomically(folder.backups, replacing: false, text: "mine")
    var rotation = try rotation()
    expectError(.inputOutput, folder.backups) { try take(&rotation, 1) }
    #expect(try contents(folder.backups) == Array("mine".utf8))
  }

  @Test func dueByIterations() throws {
    var rotation = try rotation(every: 100, at: 250)
    #expect(!rotation.isDue(at: 349) && rotation.isDue(at: 350) && rotation.isDue(at: 1000))
    try take(&rotation, 360)
    #expect(!rotation.isDue(at: 459) && rotation.isDue(at: 460))
  }

  @Test func dueByHours() throws {
    let hour = 3_600_000_000_000
    var rotation = try rotation(hours: 2, now: 5)
    #expect(!rotation.isDue(at: 1, now: 2 * hour + 4) && rotation.isDue(at: 1, now: 2 * hour + 5))
    try File.writeAtomically(folder.state, replacing: true, text: "")
    try rotation.take(at: 1, now: 3 * hour)
    #expect(!rotation.isDue(at: 2, now: 5 * hour - 1) && rotation.isDue(at: 2, now: 5 * hour))
  }

  @Test func neverDueWithoutAnInterval() throws {
    #expect(try !rotation().isDue(at: 1_000_000_000, now: .max))
  }

  @Test func withoutAStateThereIsNothingToKeep() throws {
    var rotation = try rotation()
    expectError(.fileNotFound, folder.state) { try rotation.take(at: 1) }
  }
}
