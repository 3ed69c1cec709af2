// SPDX-License-Identifier: Apache-2.0
import Foundation
import LiaeGraph
import LiaeOpening
import LiaePack
import LiaeRuntime
import LiaeSystem
import LiaeTensor
import LiaeTestSupport
import Synchronization
import Testing

/// Packed weights beside their checkpoint.
@Suite struct PackCacheTests {
  private let folder: TemporaryFolder
  private let path: String
  private let model: Model

  init() throws {
    folder = try TemporaryFolder()
    path = folder("model.liaepack")
    model = try Model.random(architectures[0], seed: 2)
  }

  /// Opens the model, and returns what was said meanwhile, and the plan.
  private func open(
    _ model: Model, _ convolution: PlanOptions.Convolution = .automatic, at path: String, verifying: Bool = false
  ) throws -> (plan: Plan, remarks: [ModelOpening.Remark]) {
    let remarks = Mutex<[ModelOpening.Remark]>([])
    var opening = ModelOpening()
    (opening.plan.convolution, opening.packedPath, opening.verifiesPacked) = (convolution, path, verifying)
    opening.report = { remark in remarks.withLock { $0.append(remark) } }
    let plan = try opening.open(model)
    let fresh = try Plan(model: model, options: PlanOptions(convolution))
    #expect(isBitEqual(try outputs(plan), try outputs(fresh)))
    return (plan, remarks.withLock { $0 })
  }

  /// The weights of this opening were written, for a reason with these words.
  private func expectWritten(_ remarks: [ModelOpening.Remark], _ words: String) {
    #expect(remarks.count == 1 && remarks.allSatisfy { !$0.isWarning && $0.text.contains(words) }, "\(remarks)")
  }

  @Test func weightsAreWrittenOnceAndUsedAgain() throws {
    expectWritten(try open(model, at: path).remarks, "not there yet")
    let first = try fileBytes(path)
    let (plan, remarks) = try open(model, at: path, verifying: true)
    #expect(remarks.isEmpty)
    #expect(try fileBytes(path) == first && File.list(folder.path) == ["model.liaepack"])
    // Another checkpoint, of which one weight differs. Who has the old file goes on with it.
    let before = try outputs(plan)
    expectWritten(try open(model.changed(), at: path).remarks, "another checkpoint")
    #expect(try fileBytes(path) != first && isBitEqual(try outputs(plan), before))
    #expect(try open(model.changed(), at: path).remarks.isEmpty)
  }

  @Test func whatDoesNotFitIsWrittenAnew() throws {
    _ = try open(model, at: path)
    expectWritten(try open(model, .direct, at: path).remarks, "convolution automatic")
    expectWritten(try open(model, .automatic, at: path).remarks, "convolution direct")
    var info = model.info
    info.colorOrder = .rgb
    let other = try Model(architecture: model.architecture, info: info, tensors: model.tensors)
    expectWritten(try open(other, at: path).remarks, "something else of itself")
    expectWritten(try open(Model.random(architectures[2], seed: 2), at: path).remarks, "another checkpoint")
    expectWritten(try open(model, at: path).remarks, "another checkpoint")

    var bytes = try fileBytes(path)
    bytes[100] ^= 1
    try write(bytes, to: path)
    expectWritten(try open(model, at: path).remarks, "damaged")
    try write(Array(bytes[..<5000]), to: path)
    expectWritten(try open(model, at: path).remarks, "truncated")
    try write([], to: path)
    expectWritten(try open(model, at: path).remarks, "empty")
    bytes = try fileBytes(path)
    bytes[bytes.count - 100] ^= 1
    try write(bytes, to: path)
    expectWritten(try open(model, at: path, verifying: true).remarks, "is damaged")
    #expect(try open(model, at: path, verifying: true).remarks.isEmpty)
  }

  /// What an earlier planner has chosen runs alone, and gives way to today's beside the checkpoint.
  @Test func choicesAreThoseOfToday() throws {
    let direct = try Plan(model: model, options: PlanOptions(.direct))
    let parts = direct.parts
    let store = WeightStore { (name, _) throws(LiaeError) in
      guard let part = parts.first(where: { $0.name == name }) else { throw LiaeError(.internalError, name) }
      return part.bytes
    }
    let old = try Plan(
      architecture: model.architecture, info: model.info, fingerprint: direct.fingerprint, options: PlanOptions(),
      choices: direct.choices, areCurrent: false, store: store)
    try PackFile.write(old, to: path, replacing: false)
    #expect(isBitEqual(try outputs(ModelOpening().open(path)), try outputs(direct)))
    expectWritten(try open(model, at: path).remarks, "is planned now")
  }

  @Test func theModelOpensWithoutAPlaceForThem() throws {
    try write(Array("not ours".utf8), to: folder("file"))
    #expect(mkfifo(folder("pipe"), 0o600) == 0)
    for path in [
      folder("file"), folder("pipe"), folder.path, folder("no/such/folder/x.liaepack"), folder("file/x.liaepack"),
      "/proc/x.liaepack",
    ] {
      let remarks = try open(model, at: path).remarks
      #expect(remarks.count == 1 && remarks.allSatisfy { $0.isWarning && $0.text.hasPrefix(path) }, "\(remarks)")
    }
    #expect(try fileBytes(folder("file")) == Array("not ours".utf8))
    #expect(try File.list(folder.path) == ["file", "pipe"])
  }

  /// Threads that open the same model at the same time do not write into each other's file.
  @Test func severalThreadsMayWrite() async throws {
    let (model, path) = (model, path)
    let expected = try outputs(Plan(model: model))
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for _ in 0..<8 {
        group.addTask {
          var opening = ModelOpening()
          (opening.packedPath, opening.verifiesPacked) = (path, true)
          return isBitEqual(try outputs(opening.open(model)), expected)
        }
      }
      for try await isEqual in group { #expect(isEqual) }
    }
    try PackFile(path: path).verify()
    #expect(try File.list(folder.path) == ["model.liaepack"])
  }
}
