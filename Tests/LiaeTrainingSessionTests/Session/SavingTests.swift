// SPDX-License-Identifier: Apache-2.0
import Foundation
import LiaeConvert
import LiaeSystem
import LiaeTestSupport
import LiaeText
import LiaeTrainingSession
import Testing

/// Saves that fail: at the start, on the way and at the end of a training.
@Suite struct SavingTests {
  @Test func aSaveThatFailsAtTheStartEndsTheRun() throws {
    let training = try Training()
    try File.makeFolder(training.folder("model/model_liae-train.safetensors/x"))
    expectError(.inputOutput, training.state) { try training.begin(1) }
  }

  /// Takes the state away while a folder stands in its place, whatever the user of the tests may write.
  private func block(_ training: Training) throws {
    try? File.remove(training.state)
    try File.makeFolder(training.folder("model/model_liae-train.safetensors/x"))
  }

  @Test func theLastSaveIsTriedUntilItWorks() throws {
    let training = try Training()
    var waits: [Int] = []
    let fallback = SaveFallback { seconds in
      waits.append(seconds)
      if waits.count == 6 {
        try? FileManager.default.removeItem(atPath: training.state)
      }
      return nil
    }
    let run = try training.run(
      Training.network + [("target-iter", .integer(3))], fallback: fallback,
      watch: { if case .iteration(2, _, _, _) = $0 { try? self.block(training) } })
    #expect(run.outcome == .finished && run.stateElsewhere == nil && waits == [1, 2, 5, 10, 10, 10])
    #expect(try TrainingState(path: training.state).iteration == 3)
    let failures = run.events.filter { if case .lastSaveFailed = $0 { true } else { false } }
    #expect(failures.count == 1)
  }

  @Test func aFolderThatIsNamedTakesTheLastSave() throws {
    let training = try Training()
    let other = training.folder("other/disk")
    for named in [false, true] {
      let fallback = SaveFallback(folder: named ? nil : other) { _ in named ? other : nil }
      let run = try training.run(
        Training.network + [("target-iter", .integer(3))], fallback: fallback,
        watch: { if case .iteration(2, _, _, _) = $0 { try? self.block(training) } })
      #expect(run.outcome == .finished && run.stateElsewhere == "\(other)/model_liae-train.safetensors")
      #expect(try TrainingState(path: "\(other)/model_liae-train.safetensors").iteration == 3)
      for folder in ["model", "other"] { try FileManager.default.removeItem(atPath: training.folder(folder)) }
    }
  }

  /// The other folder may hold a model of the same name, which is somebody's.
  @Test func theStateOfAnotherTrainingStays() throws {
    let training = try Training()
    let theirs = training.folder("other/model_liae-train.safetensors")
    try File.makeFolder(training.folder("other"))
    try File.writeAtomically(theirs, replacing: false, text: "theirs")
    var isTired = false
    let fallback = SaveFallback(folder: training.folder("other")) { _ in
      isTired = true
      return nil
    }
    expectError(.inputOutput, training.state, theirs, "exists already", "given up at iteration 3", "iteration 0") {
      try training.run(
        Training.network + [("target-iter", .integer(3))], fallback: fallback,
        watch: { if case .iteration(2, _, _, _) = $0 { try? self.block(training) } }, isStopRequested: { _ in isTired })
    }
    #expect(try contents(theirs) == Array("theirs".utf8))
    let folder = try ModelFolder(training.model, name: nil)
    expectError(.invalidArgument, "own folder") { _ = try fallback.path(in: training.model, of: folder) }
    expectError(.invalidArgument, "own folder") { _ = try fallback.path(in: training.model + "/.", of: folder) }
  }

  /// On the way, the other folder has the newest state until the model's own can be written to again.
  @Test func aSaveThatFailsOnTheWay() throws {
    let training = try Training()
    let other = training.folder("other")
    let run = try training.run(
      Training.network + [("target-iter", .integer(4)), ("save-every", .number(1e-9))],
      fallback: SaveFallback(folder: other) { _ in nil },
      watch: { event in
        if case .iteration(2, _, _, _) = event { try? self.block(training) }
        if case .iteration(4, _, _, _) = event { try? FileManager.default.removeItem(atPath: training.state) }
      })
    let places = run.events.compactMap { event -> String? in
      if case .saveFailed(let error, let elsewhere?) = event, error.message.contains(training.state) {
        elsewhere
      } else {
        nil
      }
    }
    #expect(places == ["\(other)/model_liae-train.safetensors"] && run.stateElsewhere == nil)
    #expect(try TrainingState(path: training.state).iteration == 4)
    #expect(try TrainingState(path: places[0]).iteration == 2)
  }
}
