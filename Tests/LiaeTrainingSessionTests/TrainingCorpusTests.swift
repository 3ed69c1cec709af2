// SPDX-License-Identifier: Apache-2.0
import LiaeConvert
import LiaeFormats
import LiaeFrame
import LiaeSamples
import LiaeSystem
import LiaeTestSupport
import LiaeText
import LiaeTrain
import LiaeTrainingSession
import Testing

/// The kept inputs of the fuzz targets of a training, without the engine: each is read or refused by name.
@Suite struct TrainingCorpusTests {
  private func replay(_ target: String, _ read: (Bytes) throws(LiaeError) -> Void) throws {
    let tests = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(2).joined(separator: "/")
    let folder = "\(tests)/fuzz/corpus/\(target)"
    let files = try File.list(folder)
    #expect(!files.isEmpty)
    for file in files {
      do throws(LiaeError) { try read(try Bytes.read(path: "\(folder)/\(file)")) } catch {
        #expect(error.message.hasPrefix("input"), "\(target)/\(file): \(error)")
      }
    }
  }

  @Test func states() throws {
    try replay("TrainingState") { (bytes) throws(LiaeError) in
      let state = try TrainingState(SafetensorsFile.parse(bytes, name: "input"), name: "input")
      _ = (try state.deepFaceLabTraining(), try state.model())
    }
  }

  @Test func statesOfXSeg() throws {
    let place = try TemporaryFolder()
    let folder = try ModelFolder(place.path, name: SegmentationStart.usualName)
    try replay("TrainingXSeg") { (bytes) throws(LiaeError) in
      try File.writeAtomically(folder.state, replacing: true, bytes)
      do throws(LiaeError) {
        let start = try SegmentationStart(in: folder, weights: nil, config: nil, given: [])
        guard start.settings.resolution == 64 else { return }
        let resumed = try start.resumed(on: Engine(workers: 1))
        #expect(resumed.history.last == resumed.trainer.iteration)
      } catch {
        #expect(error.message.hasPrefix(folder.state))
      }
    }
  }

  @Test func faces() throws {
    let folder = try TemporaryFolder()
    try replay("TrainingFaces") { (bytes) throws(LiaeError) in
      try File.writeAtomically(folder("input.jpg"), replacing: true, bytes)
      for face in try FacesetSource(path: folder.path).faces {
        let labelled = try face.labelled(side: 64, type: .whole)
        #expect(labelled.mask.isFinite)
        #expect(try face.prepared(side: 64, type: .full).mask.isFinite)
      }
    }
  }

  @Test func dataFiles() throws {
    try replay("TrainingData") { (bytes) throws(LiaeError) in
      var training = DeepFaceLabTraining()
      try training.readData(bytes, name: "input")
      var settings = TrainingSettings()
      _ = settings.adopt(training.options)
      _ = settings.phase(at: training.iteration, attempt: 0)
    }
  }

  @Test func settingsFilesOfXSeg() throws {
    try replay("Settings") { (bytes) throws(LiaeError) in
      var settings = SegmentationSettings(), again = settings
      try settings.read(text: Array(bytes.raw), name: "input")
      try again.read(text: Array(settings.json.line.utf8), name: "input")
      #expect(again.json.line == settings.json.line)
    }
  }

  @Test func settingsFiles() throws {
    try replay("Settings") { (bytes) throws(LiaeError) in
      var settings = TrainingSettings()
      try settings.read(text: Array(bytes.raw), name: "input")
      var again = TrainingSettings()
      try again.read(text: Array(settings.json.line.utf8), name: "input")
      #expect(again.json.line == settings.json.line)
    }
  }

  @Test func logs() throws {
    let folder = try TemporaryFolder()
    try replay("TrainingLog") { (bytes) throws(LiaeError) in
      let path = folder("log")
      try File.writeAtomically(path, replacing: true) { (writer) throws(LiaeError) in
        try writer.write(Array(bytes.raw.dropFirst()))
      }
      let iteration = Int(bytes.raw.first ?? 0)
      let log = TrainingLog(path, at: iteration, every: 1) { Issue.record("\($0)") }
      log.event("start", at: iteration)
      let written = try Bytes.read(path: path)
      let lines = withExtendedLifetime(written) { Array(written.raw) }.split(separator: UInt8(ascii: "\n"))
      #expect(try JSON(parsing: Array(lines.last ?? []), name: "input")["event"]?.text == "start")
    }
  }

  @Test func plots() throws {
    try replay("LossPlot") { (bytes) throws(LiaeError) in
      let floats = stride(from: 8, through: bytes.count - 4, by: 4).map {
        bytes.raw.loadUnaligned(fromByteOffset: $0, as: Float.self)
      }
      let iteration = bytes.raw.loadUnaligned(as: Int.self)
      let history = LossHistory(source: floats, destination: floats.reversed(), upTo: iteration)
      #expect(try LossPlot(title: "input", history: history).picture().width == 1200)
    }
  }
}
