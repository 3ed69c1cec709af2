// SPDX-License-Identifier: Apache-2.0
import Foundation
import LiaeSystem
import LiaeTestSupport
import LiaeTrainingSession
import Testing

/// The files of a model: names, the lock, and what is cleared away.
@Suite struct ModelFolderTests {
  let temporary: TemporaryFolder

  init() throws { temporary = try TemporaryFolder() }

  private func touch(_ names: String...) throws {
    for name in names { try File.writeAtomically(temporary(name), replacing: true, text: "") }
  }

  @Test func namesOfTheFiles() throws {
    let folder = try ModelFolder("some/where", name: "me")
    #expect(folder.state == "some/where/me_liae-train.safetensors" && folder.log == "some/where/me_log.jsonl")
    #expect(folder.samples == "some/where/me_samples.png" && folder.losses == "some/where/me_losses.png")
    #expect(folder.history == "some/where/me_history" && folder.backups == "some/where/backups")
    #expect(folder.lockFile == "some/where/me_liae-train.lock" && !folder.hasState)
  }

  @Test func theFolderTellsTheName() throws {
    #expect(try ModelFolder(temporary("new"), name: nil).name == "model")
    #expect(try ModelFolder(temporary.path, name: nil).name == "model")
    #expect(try ModelFolder.state(in: temporary.path) == nil)
    try touch("you_SAEHD_encoder.npy")
    #expect(try ModelFolder(temporary.path, name: nil).name == "you")
    #expect(try ModelFolder.state(in: temporary.path) == nil)
    // A model of its own counts before one of DeepFaceLab.
    try touch("me_liae-train.safetensors")
    #expect(try ModelFolder(temporary.path, name: nil).name == "me")
    #expect(try ModelFolder.state(in: temporary.path) == temporary("me_liae-train.safetensors"))
    try touch("it_liae-train.safetensors")
    expectError(.invalidArgument, "2 models", "it, me") { _ = try ModelFolder(temporary.path, name: nil) }
    #expect(try ModelFolder(temporary.path, name: "it").hasState)
  }

  @Test func twoModelsOfDeepFaceLab() throws {
    try touch("you_SAEHD_encoder.npy", "them_SAEHD_encoder.npy")
    expectError(.invalidArgument, "2 models", "them, you") { _ = try ModelFolder(temporary.path, name: nil) }
  }

  @Test(arguments: ["", "a/b", ".hidden", "..", "/"]) func namesThatAreNoFileNames(name: String) throws {
    expectError(.invalidArgument, "--name is \"\(name)\"") { _ = try ModelFolder(temporary.path, name: name) }
  }

  @Test func aFileIsNoFolder() throws {
    try touch("file")
    expectError(.inputOutput, "is a file") { _ = try ModelFolder(temporary("file"), name: nil) }
    #expect(try ModelFolder.state(in: temporary("file")) == nil)
  }

  @Test func oneProcessTrainsAModel() throws {
    let folder = try ModelFolder(temporary("deep/er"), name: "me")
    var lock: FileLock? = try folder.lock()
    expectError(.busy, folder.state, "another liae-train is training this model") { _ = try folder.lock() }
    // Another model of the folder is another's.
    _ = try ModelFolder(temporary("deep/er"), name: "me_b").lock()
    withExtendedLifetime(lock) {}
    lock = nil
    _ = try folder.lock()
  }

  @Test func whatAnEarlierProcessLeftHalfWrittenGoes() throws {
    let living = getppid()
    let left = [
      "me_liae-train.safetensors.tmp\(ended)", "me_samples.png.tmp\(ended)-3", "me_losses.png.tmp\(ended)",
      "backups/me_000000012.safetensors.tmp\(ended)", "me_history/000000012.png.tmp\(ended)",
    ]
    let strangers = [
      "me_notes.tmpl.txt", "me_b_liae-train.safetensors.tmp\(ended)", "me_liae-train.safetensors.tmp\(ended)x",
      "me_log.jsonl", "me_liae-train.safetensors", "me.tmp\(ended)", "me_tmp.tmp\(ended)",
      // Of a process that lives.
      "me_liae-train.safetensors.tmp\(living)", "me_samples.png.tmp\(living)-1",
      "backups/me_000000012.safetensors.tmp\(living)",
      "backups/me_b_000000012.safetensors.tmp\(ended)", "backups/me_12.safetensors.tmp\(ended)",
      "backups/me_000000012.txt.tmp\(ended)", "backups/me_000000012.safetensors", "me_history/12.png.tmp\(ended)",
      "me_history/000000012.png", "me_history/x.tmp\(ended)", "me_b_history/000000012.png.tmp\(ended)",
    ]
    for folder in ["backups", "me_history", "me_b_history"] { try File.makeFolder(temporary(folder)) }
    for name in left + strangers { try touch(name) }
    _ = try ModelFolder(temporary.path, name: "me").lock()
    let stayed = try ["", "backups/", "me_history/", "me_b_history/"].flatMap { folder in
      try File.list(temporary(folder)).map { folder + $0 }.filter { File.kind(temporary($0)) == .file }
    }
    #expect(Set(stayed) == Set(strangers + ["me_liae-train.lock"]))
  }

  /// Past the greatest number of a process on Linux.
  private var ended: Int { 4_194_400 }

  /// Names with letters that mean something elsewhere: dots, those of patterns, two ways to write one letter.
  @Test(arguments: ["m.o", "m*", "m[o]", "m?", "m\u{e9}", " m", "-m", "m.safetensors", "m_000000001"])
  func namesMeanThemselves(name: String) throws {
    let others = ["m", "mo", "m_o", "me\u{301}", "m.o_", "m_"].filter { $0 != name }
    for other in others + [name] { try touch("\(other)_liae-train.safetensors.tmp\(ended)") }
    _ = try ModelFolder(temporary.path, name: name).lock()
    #expect(
      try Set(File.list(temporary.path))
        == Set(others.map { "\($0)_liae-train.safetensors.tmp\(ended)" } + ["\(name)_liae-train.lock"]))
  }

  @Test func aFileWhereAFolderOfTheModelWouldBe() throws {
    try touch("backups", "me_history")
    _ = try ModelFolder(temporary.path, name: "me").lock()
    #expect(try File.list(temporary.path) == ["backups", "me_history", "me_liae-train.lock"])
  }
}
