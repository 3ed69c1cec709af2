// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeGraph
import LiaeRuntime
import LiaeSequence
import LiaeSynth
import LiaeSystem
import LiaeTestSupport
import LiaeText
import LiaeTrainingSession
import Synchronization
import Testing

/// Swaps of rendered faces, and the facesets that they are learnt from.
@Suite struct EvaluationTests {
  private func evaluation(_ change: (inout ModelInfo) -> Void = { _ in }, workers: Int = 2) throws -> SwapEvaluation {
    let architecture = Architecture(
      family: .liae, options: "ud", resolution: 64, eDims: 4, aeDims: 8, dDims: 4, dMaskDims: 2)
    let random = try Model.random(architecture, seed: 3)
    var info = random.info
    change(&info)
    let model = try Model(architecture: architecture, info: info, tensors: random.tensors)
    return try SwapEvaluation(
      Plan(model: model, options: PlanOptions()), source: .a, destination: .b, seed: 1, workers: workers)
  }

  @Test func randomWeightsAreWorseThanNoSwapAtAll() throws {
    let seen = Mutex<[Int]>([])
    let observer = SequenceObserver(progress: { progress in seen.withLock { $0.append(progress.finished) } })
    let report = try evaluation().run(count: 3, sheetRows: 2, observer: observer)
    #expect(seen.withLock { $0 } == [1, 2, 3])
    #expect(report.sheet.rows.count == 2 && report.sheet.rows.allSatisfy { $0.count == 5 })
    #expect(report.summary(.swap).psnr < report.summary(.unchanged).psnr - 3)
    #expect(report.summary(.mean).psnr > report.summary(.swap).psnr)
    for answer in EvaluationReport.Answer.allCases {
      let summary = report.summary(answer)
      #expect(summary.worst <= summary.psnr && (-1...1).contains(summary.ssim) && summary.psnr.isFinite)
    }
    // Neither threads nor a second run change a number.
    let again = try evaluation(workers: 1).run(count: 3, sheetRows: 0)
    #expect(again.json.line == report.json.line && again.table == report.table && again.sheet.rows.isEmpty)
  }

  @Test func theReportIsATableAndJSON() throws {
    let report = try evaluation().run(count: 1, sheetRows: 0)
    let lines = report.table.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines[0] == "1 frames of b that no training set has, 64 x 64 pixels" && lines.count == 10)
    #expect(lines[3].hasPrefix("the model's swap            true swap "))
    #expect(report.json["resolution"]?.whole == 64 && report.json["frames"]?.whole == 1)
    let swap = try #require(report.json["swap"])
    #expect(swap["psnr"]?.real == report.summary(.swap).psnr && swap["worst_psnr"]?.real == swap["psnr"]?.real)
  }

  @Test func modelsThatCannotBeEvaluated() {
    expectError(.unsupported, "mouth") { _ = try evaluation { $0.faceType = "mouth" } }
    expectError(.unsupported, "reconstruct") { _ = try evaluation { $0.lacksDestinationPicture = true } }
  }

  @Test func aCancelledEvaluationEnds() throws {
    expectError(.cancelled) {
      _ = try evaluation().run(count: 3, sheetRows: 0, observer: SequenceObserver(isCancelled: { true }))
    }
  }

  // MARK: - Facesets

  private func faceset(_ folder: String, count: Int = 3) -> SyntheticFaceset {
    var faceset = SyntheticFaceset(of: .a, in: folder, count: count, seed: 4)
    (faceset.frame, faceset.side) = ((96, 80), 64)
    return faceset
  }

  @Test func filesDoNotDependOnTheNumberOfWorkers() throws {
    let folder = try TemporaryFolder()
    for (name, workers) in [("one", 1), ("three", 3)] { try faceset(folder(name)).write(workers: workers) }
    let expected = [
      ("", ["aligned", "frames", "landmarks.jsonl", "masks"]),
      ("aligned", ["00001_0.jpg", "00002_0.jpg", "00003_0.jpg"]), ("frames", ["00001.png", "00002.png", "00003.png"]),
      ("masks", ["00001.png", "00002.png", "00003.png"]),
    ]
    for (part, names) in expected {
      #expect(try File.list(folder("one/\(part)")) == names && File.list(folder("three/\(part)")) == names)
      for name in names where File.kind(folder("one/\(part)/\(name)")) == .file {
        let (one, three) = (try contents(folder("one/\(part)/\(name)")), try contents(folder("three/\(part)/\(name)")))
        #expect(one == three, "\(part)/\(name)")
      }
    }
  }

  @Test func aPackedFacesetIsOneFile() throws {
    let folder = try TemporaryFolder()
    var faceset = faceset(folder("set"), count: 2)
    (faceset.isPacked, faceset.writesFrames) = (true, false)
    try faceset.write(workers: 2)
    #expect(try File.list(folder("set")) == ["aligned", "landmarks.jsonl"])
    #expect(try File.list(faceset.aligned) == ["faceset.pak"])
    let read = try Faceset.read(Bytes.read(path: "\(faceset.aligned)/faceset.pak"), name: "faceset.pak")
    #expect(read.faces.map(\.filename) == ["00001_0.jpg", "00002_0.jpg"])
  }

  @Test func whatIsThereIsNotReplaced() throws {
    let folder = try TemporaryFolder()
    var faceset = faceset(folder("set"), count: 1)
    try faceset.checkOutputs(video: folder("video.mp4"))
    #expect(File.kind(folder("set")) == nil)
    try faceset.write(workers: 1)
    expectError(.fileExists, "landmarks.jsonl", "--force") { try faceset.checkOutputs(video: nil) }
    try File.remove(folder("set/landmarks.jsonl"))
    expectError(.fileExists, "aligned/00001_0.jpg") { try faceset.checkOutputs(video: nil) }
    faceset.replacing = true
    try faceset.checkOutputs(video: nil)
    try File.writeAtomically(folder("video.mp4"), replacing: false, text: "")
    expectError(.fileExists, "video.mp4") { try self.faceset(folder("other")).checkOutputs(video: folder("video.mp4")) }
  }

  @Test func aCancelledFacesetKeepsWhatIsDone() throws {
    let folder = try TemporaryFolder()
    let done = Mutex(0)
    let observer = SequenceObserver(
      progress: { progress in done.withLock { $0 = progress.finished } }, isCancelled: { done.withLock { $0 } >= 2 })
    expectError(.cancelled) { try faceset(folder("set"), count: 50).write(workers: 1, observer: observer) }
    #expect(try File.list(folder("set/aligned")) == ["00001_0.jpg", "00002_0.jpg"])
    #expect(File.kind(folder("set/landmarks.jsonl")) == nil)
  }

  // MARK: - Times

  @Test func iterationsOfFreshWeights() throws {
    var settings = TrainingSettings()
    for (key, value) in Training.network { try settings.set(key, value, source: "") }
    let benchmark = try IterationBenchmark(settings, threads: 2)
    #expect(try benchmark.iterate() > 0 && benchmark.bytes > 0 && benchmark.threads == 2)
    #expect(benchmark.architecture.name == "liae-ud")
    settings.resolution = 80
    expectError(.invalidArgument, "multiple of 32") { _ = try IterationBenchmark(settings, threads: 1) }
  }
}
