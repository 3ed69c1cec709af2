// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeSequence
import LiaeSystem
import LiaeTensor
import LiaeTestSupport
import LiaeText
import Testing

@Suite struct MergeSessionTests {
  /// A merge that is cancelled and goes on makes the files that one without a break makes.
  @Test(arguments: [Parallelism.frame, .frames]) func aCancelledMergeGoesOn(parallelism: Parallelism) throws {
    let whole = try GoldenMerge(TemporaryFolder())
    #expect(try whole.run().swapped == 7)
    var merge = try GoldenMerge(TemporaryFolder())
    merge.parallelism = parallelism
    var breaks = 0
    while breaks < 10 {
      let log = Log(cancelledAfter: 2)
      let error = failure { _ = try merge.run(log) }
      if error == nil { break }
      #expect(error == LiaeError(.cancelled, "interrupted"))
      breaks += 1
    }
    #expect((1...3).contains(breaks))
    #expect(try contents(merge.files) == contents(whole.files))
    let again = Log()
    let nothing = try merge.run(again)
    #expect((nothing.swapped, nothing.unchanged, nothing.failures) == (0, 0, 0) && nothing.flicker == nil)
    #expect(again.notices == [.resumed(folder: merge.output.folder, finished: 7, total: 7)])
  }

  /// Averages over frames, too: what the frames before leave behind is computed once more, and not written.
  @Test(arguments: [CompositeOptions.Blend.overlay, .rawPredict]) func averagesGoOn(blend: CompositeOptions.Blend)
    throws
  {
    var whole = try GoldenMerge(TemporaryFolder())
    whole.settings.options.blend = blend
    (whole.settings.maskSmoothing, whole.settings.colorSmoothing) = (0.3, 0.3)
    // Two runs of frames with faces, which move.
    let points = try GoldenFaces.face("00001").points
    for place in 0..<7 {
      let moved = points.map { $0 + Point(Double(3 * place), Double(place)) }
      whole.faces[place] = place == 3 ? nil : [DetectedFace(points: moved, origin: "")]
    }
    let merge = GoldenMerge(copying: whole, into: try TemporaryFolder())
    _ = try whole.run()
    let expected = try contents(whole.files)
    _ = try merge.run()
    #expect(try contents(merge.files) == expected)
    for stem in ["00002", "00007"] { try File.remove(merge.output.frame(stem)) }
    try File.writeAtomically(merge.output.frame("00001"), replacing: true, text: "done")
    let log = Log()
    let report = try merge.run(log)
    #expect((report.swapped, report.unchanged, report.failures) == (2, 0, 0))
    // The first, the fifth and the sixth come before them.
    #expect(log.progress.last == SequenceProgress(finished: 5, total: 5))
    #expect(log.notices == [.resumed(folder: merge.output.folder, finished: 5, total: 7)])
    var found = try contents(merge.files)
    #expect(found["out/00001.png"] == Array("done".utf8))
    found["out/00001.png"] = expected["out/00001.png"]
    #expect(found == expected)
  }

  /// As a kill within a write leaves it: the mask is there before its frame is, and half a file beside.
  @Test func aKilledMergeGoesOn() throws {
    var whole = try GoldenMerge(TemporaryFolder())
    whole.format = .jpeg
    _ = try whole.run()
    var merge = try GoldenMerge(TemporaryFolder())
    merge.format = .jpeg
    _ = try merge.run()
    try File.remove(merge.output.frame("00002"))
    try File.remove(merge.output.mask("00005"))
    let leftOvers = [
      "out/00002.jpg.tmp4711", "out/00003.jpg.tmp4711-1", "out/00007_3.jpg.tmp1", "out_mask/00005.png.tmp12",
      "out/liae-merge.json.tmp9",
    ]
    let others = ["out/00009.jpg.tmp4711", "out/00002.jpg.tmpx", "out/notes.tmp1"]
    for name in leftOvers + others { try File.writeAtomically(merge.folder(name), replacing: false, text: "half") }
    // What is done is not done again.
    try File.writeAtomically(merge.output.frame("00001"), replacing: true, text: "done")
    let log = Log()
    let report = try merge.run(log)
    #expect((report.swapped, report.failures) == (2, 0))
    #expect(log.notices == [.resumed(folder: merge.output.folder, finished: 5, total: 7)])
    var expected = try contents(whole.files)
    expected["out/00001.jpg"] = Array("done".utf8)
    for name in others { expected[name] = Array("half".utf8) }
    #expect(try contents(merge.files) == expected)
  }

  @Test func otherSettingsAreNoticed() throws {
    let merge = try GoldenMerge(TemporaryFolder())
    _ = try merge.run()
    let before = try contents(merge.files)
    func message(_ change: (inout GoldenMerge) throws -> Void) throws -> String {
      var other = merge
      try change(&other)
      let error = failure { _ = try other.run() }
      #expect(error?.status == .fileExists, "\(error as Any)")
      #expect(try contents(merge.files) == before)
      return error?.message ?? ""
    }
    let settings = try message { ($0.settings.options.erode, $0.settings.options.blend) = (7, .seamless) }
    #expect(settings.contains("mode (\"overlay\" -> \"seamless\"), erode (0 -> 7)."), "\(settings)")
    #expect(try message { $0.settings.faceType = .full }.contains("face-type (\"whole_face\" -> \"full_face\")"))
    #expect(try message { $0.settings.morph = 0.5 }.contains("morph (null -> 0.5)."))
    #expect(
      try message { $0.settings.landmarkSmoothing = LandmarkSmoothing(.string("on")) }.contains("smooth-landmarks"))
    #expect(try message { $0.faces[3] = nil }.contains("finished here: faces."))
    #expect(try message { $0.faces[3]?[0].points[67].x += 1e-9 }.contains("finished here: faces."))
    #expect(try message { $0.plan = try .golden("liae-ud") }.contains("finished here: model."))
    #expect(try message { $0.provenance = .composite }.contains("finished here: format."))
    // Threads make no difference to a result.
    var same = merge
    (same.threads, same.parallelism) = (3, .frames)
    #expect(try same.session().isResumed)
  }

  @Test func aMergeThatIsReplacedBeginsAnew() throws {
    let merge = try GoldenMerge(TemporaryFolder())
    _ = try merge.run()
    var other = merge
    other.settings.options.erode = 50
    #expect(try other.run(replacing: true).swapped == 7)
    #expect(try other.session().isResumed)
    let fresh = GoldenMerge(copying: other, into: try TemporaryFolder())
    _ = try fresh.run()
    #expect(try contents(other.files) == contents(fresh.files))
  }

  @Test func framesOfNobodyKnowsWhat() throws {
    let merge = try GoldenMerge(TemporaryFolder())
    try File.makeFolder(merge.output.folder)
    try File.writeAtomically(merge.output.frame("00004"), replacing: false, text: "mine")
    let error = failure { _ = try merge.run() }
    #expect(error?.status == .fileExists && error?.message.hasPrefix(merge.output.frame("00004")) == true)
    #expect(try contents(merge.files) == ["out/00004.png": Array("mine".utf8)])
  }

  @Test(arguments: ["{", "[]", "{\"settings\": {}}"]) func aManifestThatIsNone(text: String) throws {
    let merge = try GoldenMerge(TemporaryFolder())
    try File.makeFolder(merge.output.folder)
    let path = "\(merge.output.folder)/\(MergeSession.manifest)"
    try File.writeAtomically(path, replacing: false, text: text)
    let error = failure { _ = try merge.session() }
    #expect(error?.status == (text == "{" ? .corruptFile : .fileExists) && error?.message.hasPrefix(path) == true)
    #expect(error?.message.contains("--force starts from the beginning") == true)
    #expect(try !merge.session(replacing: true).isResumed)
  }

  // MARK: - Where nothing can be written

  @Test func outputsThatAreInputsOrFiles() throws {
    let folder = try TemporaryFolder()
    let merge = try GoldenMerge(folder)
    func error(_ output: String, _ masks: String, given: String? = nil) -> LiaeError? {
      failure {
        try MergeOutput(folder: output, maskFolder: masks, provenance: nil).check(merge.frames, masks: given)
      }
    }
    #expect(error(folder("a"), folder("b")) == nil)
    #expect(error(GoldenFaces.frames, folder("b"))?.status == .invalidArgument)
    #expect(error(folder("a"), "\(GoldenFaces.frames)/../frames")?.message.contains("would replace the input") == true)
    #expect(error(folder("a"), folder("a"))?.message.contains("same names") == true)
    try File.makeFolder(folder("masks"))
    #expect(error(folder("a"), folder("masks"), given: folder("masks"))?.status == .invalidArgument)
    try File.writeAtomically(folder("file"), replacing: false, text: "")
    #expect(error(folder("file"), folder("b"))?.status == .inputOutput)
    // Below a file there can be no folder.
    try File.writeAtomically(folder("out"), replacing: false, text: "")
    #expect(failure { _ = try merge.run() }?.status == .inputOutput)
  }

  /// A folder stands where a frame is to go: that frame fails and the others are written.
  @Test func aFrameThatCannotBeWritten() throws {
    let merge = try GoldenMerge(TemporaryFolder())
    let session = try merge.session()
    try session.begin(export: nil)
    try File.makeFolder(merge.output.frame("00003"))
    let pool = try FrameWorkerPool(
      merge.plan, settings: merge.settings, threads: 2, parallelism: .frames, frames: 7)
    let log = Log()
    let report = try FolderMerge(
      frames: merge.frames, timeline: merge.timeline, pool: pool, output: merge.output
    ).run(resumes: true, observer: log.observer)
    #expect((report.swapped, report.failures) == (6, 1))
    #expect(log.messages.count == 1 && log.messages[0].contains("out/00003.png: cannot be written"), "\(log.messages)")
    #expect(File.kind(merge.output.frame("00004")) == .file)
  }
}
