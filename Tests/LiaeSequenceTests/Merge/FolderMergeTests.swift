// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeImageIO
import LiaeSequence
import LiaeSystem
import LiaeTensor
import LiaeTestSupport
import Testing

@Suite struct FolderMergeTests {
  /// Files hold what `FrameSwapper` makes of each frame, whichever way frames are spread over workers.
  @Test(arguments: [Parallelism.frame, .frames, .auto], [1, 3])
  func filesHoldTheSwappedFrames(parallelism: Parallelism, threads: Int) throws {
    var merge = try GoldenMerge(TemporaryFolder())
    (merge.parallelism, merge.threads) = (parallelism, threads)
    let log = Log()
    let report = try merge.run(log)
    #expect((report.swapped, report.unchanged, report.failures) == (7, 0, 0))
    #expect(log.notices.isEmpty)
    #expect(log.progress == (0...7).map { SequenceProgress(finished: $0, total: 7) })
    #expect(try File.list(merge.output.folder) == GoldenFaces.stems.map { "\($0).png" } + [MergeSession.manifest])
    #expect(try File.list(merge.output.maskFolder) == GoldenFaces.stems.map { "\($0).png" })
    for (place, stem) in GoldenFaces.stems.enumerated() {
      let (frame, mask) = try merge.swapped(place, merge.settings.options)
      #expect(try pixels(merge.output.frame(stem)) == pixels(frame), "\(stem)")
      #expect(try pixels(merge.output.mask(stem)) == pixels(mask), "\(stem)")
      #expect(try pixels(merge.output.frame(stem)) != pixels("\(GoldenFaces.frames)/\(stem).png"))
    }
  }

  /// Frames that are worked on when the call is cancelled are given up. None is said to have failed, and what is written is
  /// whole.
  @Test(arguments: [1, 3]) func cancellationGivesFramesUp(threads: Int) throws {
    var merge = try GoldenMerge(TemporaryFolder())
    (merge.parallelism, merge.threads) = (.frames, threads)
    let flag = CancelFlag(), log = Log(cancelledAfter: 2, by: flag)
    let error = failure {
      _ = try CallScope.with(cancelFlag: flag.address) { () throws(LiaeError) in Result { try merge.run(log) } }.get()
    }
    #expect(error?.status == .cancelled && log.notices.isEmpty)
    let written = try File.list(merge.output.folder).filter { $0 != MergeSession.manifest }
    #expect((2..<7).contains(written.count) && written.allSatisfy { $0.hasSuffix(".png") })
    for name in written { #expect(try !pixels("\(merge.output.folder)/\(name)").isEmpty) }
    #expect(try merge.run().failures == 0)
  }

  /// The morph of the settings is the one that the model runs, of both families that can.
  @Test(arguments: ["liae-udt", "amp-64"]) func morphs(network: String) throws {
    var frames: [Double: [UInt8]] = [:]
    for morph in [0, 0.25, 0.75, 1] {
      var merge = try GoldenMerge(TemporaryFolder())
      (merge.plan, merge.settings.morph) = (try .golden(network), morph)
      #expect(try merge.run().swapped == 7)
      let found = try pixels(merge.output.frame("00001"))
      #expect(try found == pixels(merge.swapped(0, merge.settings.options).frame))
      #expect(!frames.values.contains(found), "\(morph)")
      frames[morph] = found
    }
    var swap = try GoldenMerge(TemporaryFolder())
    swap.plan = try .golden(network)
    #expect(try swap.run().swapped == 7)
    if network == "amp-64" { #expect(try frames[1] == pixels(swap.output.frame("00001"))) }
    swap.settings.morph = 0.5
    swap.plan = try .golden("df-ud")
    #expect(failure { _ = try swap.run() }?.message == "--morph: a df-ud model has one code only and cannot morph")
  }

  /// Frame D of the golden merges, with its two faces.
  @Test func twoFacesOfAFrame() throws {
    let folder = try TemporaryFolder()
    let frame = "\(GoldenSet.repository.root)/merge/frame_D.png"
    try File.makeFolder(folder("frames"))
    try File.writeAtomically(folder("frames/D.png"), replacing: false, Bytes.read(path: frame))
    let arrays = try NPZ.read("\(GoldenSet.repository.root)/merge/landmarks.npz")
    var merge = try GoldenMerge(folder, frames: folder("frames"))
    merge.faces = [
      0: try ["D0", "D1"].map { name in
        let values = try #require(arrays[name]).values
        return DetectedFace(
          points: (0..<68).map { Point(Double(values[2 * $0]), Double(values[2 * $0 + 1])) }, origin: name)
      }
    ]
    let export = FaceExport(folder: folder("faces"), format: .npy, provenance: nil)
    #expect(try merge.run(export: export).swapped == 1)
    let (expected, mask) = try merge.swapped(0, merge.settings.options)
    #expect(try pixels(merge.output.frame("D")) == pixels(expected))
    #expect(try pixels(merge.output.mask("D")) == pixels(mask))
    let kinds = ["dst_mask.npy", "face.npy", "json", "swap_mask.npy"]
    #expect(try File.list(folder("faces")) == [0, 1].flatMap { face in kinds.map { "D_\(face).\($0)" } })
  }

  @Test func framesWithoutFacesStayTheFilesTheyAre() throws {
    var merge = try GoldenMerge(TemporaryFolder())
    (merge.faces[1], merge.faces[6]) = (nil, [])
    merge.provenance = .composite
    let report = try merge.run()
    #expect((report.swapped, report.unchanged, report.failures) == (5, 2, 0))
    let files = try contents(merge.files)
    for stem in ["00002", "00007"] {
      let original = try contents(["frame": Bytes.read(path: "\(GoldenFaces.frames)/\(stem).png")])
      #expect(files["out/\(stem).png"] == original["frame"])
      #expect(try pixels(merge.output.mask(stem)).allSatisfy { $0 == 0 })
    }
  }

  @Test func whatFailsIsLeftOutAndTheOthersGoOn() throws {
    let folder = try TemporaryFolder()
    try File.makeFolder(folder("frames"))
    for stem in GoldenFaces.stems {
      let file = try Bytes.read(path: "\(GoldenFaces.frames)/\(stem).png")
      try File.writeAtomically(folder("frames/\(stem).png"), replacing: false, file)
    }
    try File.writeAtomically(folder("frames/00002.png"), replacing: true, text: "noise")
    var merge = try GoldenMerge(folder, frames: folder("frames"))
    (merge.parallelism, merge.threads) = (.frames, 3)
    // On a line, outside the frame, and no number of points that a face has.
    merge.faces[3] = [DetectedFace(points: (0..<68).map { Point(Double($0), Double($0)) }, origin: "a line")]
    merge.faces[4] = [DetectedFace(points: try GoldenFaces.face("00005").points.map { $0 + 4000 }, origin: "far away")]
    merge.faces[5] = [DetectedFace(points: [Point(1, 1)], origin: "a point")]
    let log = Log()
    let report = try merge.run(log)
    #expect((report.swapped, report.unchanged, report.failures) == (3, 0, 4))
    #expect(log.messages.count == 4)
    for (message, (stem, text)) in zip(
      log.messages,
      [("00002", "neither a PNG nor a JPEG"), ("00004", "a line: "), ("00005", "far away: "), ("00006", "a point: ")])
    {
      #expect(message.hasPrefix("\(folder("frames"))/\(stem).png: ") && message.contains(text), "\(message)")
    }
    #expect(
      try merge.files.keys.sorted() == ["00001", "00003", "00007"].map { "out/\($0).png" } + ["out/liae-merge.json"]
        + ["00001", "00003", "00007"].map { "out_mask/\($0).png" })
  }

  // MARK: - Modes

  @Test func theFacesAlone() throws {
    var merge = try GoldenMerge(TemporaryFolder())
    merge.settings.options.blend = .rawPredict
    let first = try #require(merge.faces[0])
    merge.faces[0] = first + first
    merge.faces[1] = nil
    let report = try merge.run()
    #expect((report.swapped, report.unchanged) == (6, 1))
    let picture = try Picture.read(path: merge.output.frame("00001"))
    #expect(picture.width == 64 && picture.height == 64)
    #expect(try pixels(merge.output.frame("00001_1")) == pixels(merge.output.frame("00001")))
    #expect(try pixels(merge.output.frame("00002")) == Array(repeating: 0, count: 64 * 64 * 3))
    // A face alone is not in the place that it has in its frame: its pixels are not compared with the frame's.
    #expect(report.flicker?.pixels == nil && report.flicker?.landmarks.found != nil)
  }

  @Test func masksOfOnesOwn() throws {
    let folder = try TemporaryFolder()
    try File.makeFolder(folder("masks"))
    let size = try Picture.read(path: "\(GoldenFaces.frames)/00001.png")
    try writeGray(0, width: size.width, height: size.height, to: folder("masks/00001.png"))
    try writeGray(255, width: size.width, height: size.height, to: folder("masks/00002.png"))
    var merge = try GoldenMerge(folder)
    (merge.settings.options.maskMode, merge.masks) = (.given, folder("masks"))
    let log = Log()
    let report = try merge.run(log)
    #expect((report.swapped, report.failures) == (2, 5))
    #expect(log.messages.allSatisfy { $0.contains("masks/0000") && $0.contains("no such file") })
    #expect(try pixels(merge.output.frame("00001")) == pixels("\(GoldenFaces.frames)/00001.png"))
    #expect(try pixels(merge.output.frame("00002")) != pixels("\(GoldenFaces.frames)/00002.png"))
  }

  /// Averages over frames need one frame after the other, and change all but the first frame of a face.
  @Test func masksAndColoursAreAveraged() throws {
    var merge = try GoldenMerge(TemporaryFolder())
    for place in 0..<7 { merge.faces[place] = merge.faces[0] }
    var steady = GoldenMerge(copying: merge, into: try TemporaryFolder())
    (steady.settings.maskSmoothing, steady.settings.colorSmoothing) = (0.3, 0.3)
    #expect(try merge.run().swapped == 7)
    #expect(try steady.run().swapped == 7)
    #expect(try pixels(steady.output.frame("00001")) == pixels(merge.output.frame("00001")))
    for stem in GoldenFaces.stems.dropFirst() {
      #expect(try pixels(steady.output.frame(stem)) != pixels(merge.output.frame(stem)), "\(stem)")
    }
    steady.parallelism = .frames
    let error = failure { _ = try steady.run(replacing: true) }
    #expect(error?.status == .invalidArgument && error?.message.contains("one frame after the other") == true)
  }

  @Test func aModelThatDoesNotSayItsFaceType() throws {
    var merge = try GoldenMerge(TemporaryFolder())
    merge.plan = try .golden("torch-ud")
    merge.settings.faceType = nil
    let error = failure { _ = try merge.run() }
    #expect(error?.status == .invalidArgument && error?.message.contains("face type") == true)
    #expect(File.kind(merge.output.folder) == nil)
  }

  // MARK: - Flicker

  /// Gray frames of 100, 110, 100 and 100 levels: a - 2b + c is 20 and then 10. `original` leaves them as they are.
  @Test func flickerIsThatOfTheFrames() throws {
    let folder = try TemporaryFolder()
    try File.makeFolder(folder("frames"))
    let levels: [UInt8] = [100, 110, 100, 100]
    for (i, level) in levels.enumerated() {
      try writeGray(level, width: 320, height: 240, to: folder("frames/\(i).png"))
    }
    var merge = try GoldenMerge(folder, frames: folder("frames"))
    let points = try GoldenFaces.face("00001").points
    merge.faces = [:]
    for place in 0..<4 { merge.faces[place] = [DetectedFace(points: points, origin: "")] }
    merge.settings.options.blend = .original
    let report = try merge.run()
    let flicker = try #require(report.flicker)
    let found = try #require(flicker.pixels)
    #expect(found.original == 15 && found.swapped == 15)
    #expect(flicker.landmarks.found == 0 && flicker.landmarks.used == 0)
    merge.faces[1] = nil
    #expect(try merge.run(replacing: true).flicker == nil)
    // Only three frames that follow each other count: here those of 100 levels.
    try writeGray(100, width: 320, height: 240, to: folder("frames/4.png"))
    merge = GoldenMerge(copying: merge, into: folder, frames: try FrameFolder(folder("frames")))
    merge.faces = [0: merge.faces[0] ?? [], 2: merge.faces[2] ?? [], 3: merge.faces[3] ?? [], 4: merge.faces[3] ?? []]
    try writeGray(90, width: 320, height: 240, to: folder("frames/0.png"))
    #expect(try merge.run(replacing: true).flicker?.pixels?.original == 0)
  }
}

extension GoldenMerge {
  /// The same merge in another folder.
  init(copying merge: GoldenMerge, into folder: TemporaryFolder, frames: FrameFolder? = nil) {
    (self.folder, self.frames) = (folder, frames ?? merge.frames)
    (settings, plan) = (merge.settings, merge.plan)
    (faces, masks, parallelism, threads) = (merge.faces, merge.masks, merge.parallelism, merge.threads)
    (format, provenance) = (merge.format, merge.provenance)
  }
}
