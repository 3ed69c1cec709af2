// SPDX-License-Identifier: Apache-2.0
import Foundation
import LiaeFormats
import LiaeFrame
import LiaeImageIO
import LiaeRuntime
import LiaeSequence
import LiaeSystem
import LiaeTensor
import LiaeTestSupport
import Testing

/// Masks of aligned faces against DeepFaceLab's `xseg apply`, `remove` and `fetch`.
@Suite(.golden("faces_xseg/faces_xseg.json")) struct MaskJobGoldenTests {
  private static let set = GoldenSet.chosen

  private func segmentation(_ run: String) throws -> FaceSegmentation {
    let plan = try Plan(model: GoldenNetwork("xseg-b4", in: Self.set).model())
    return try FaceSegmentation(try Context(plan: plan), type: nil, followsFaces: run == "apply_same")
  }

  static func copies(_ folder: String, of names: [String], into temporary: TemporaryFolder) throws {
    for name in names { try FileManager.default.copyItem(atPath: "\(folder)/\(name)", toPath: temporary(name)) }
  }

  /// The mask, 0 or 255, that a face's file holds; nil: none.
  private func mask(_ path: String) throws -> [UInt8]? {
    guard let stored = try FaceImage.readMetadata(try Bytes.read(path: path), name: path)?.xsegMask else { return nil }
    let picture = try Picture.decode(stored, name: path)
    #expect(picture.width == 256 && picture.height == 256 && picture.format == .gray8)
    return Array(picture.storage.raw)
  }

  @Test(arguments: ["apply_wf", "apply_same"]) func whatTheNetworkSees(run: String) throws {
    let segmentation = try segmentation(run)
    let arrays = try Self.set.arrays("faces_xseg/\(run)")
    for file in Self.set.files("faces_xseg/\(run)", suffix: ".jpg") {
      let path = Self.set.path("faces_xseg/before/\(file)"), bytes = try Bytes.read(path: path)
      let metadata = try #require(try FaceImage.readMetadata(bytes, name: path))
      let picture = try Picture.decode(bytes, name: path)
      let image = try ColorCanvas(reading: picture.view)
      let map = try segmentation.map(metadata, width: image.width, height: image.height)
      let input = try segmentation.input(image, map)
      let values = (0..<input.count).flatMap {
        let p = input.pixels[$0]; return [p.x, p.y, p.z]
      }
      let stored = try #require(arrays["\(file.prefix(5))_net_input_u16"]).values.map { $0 / 40000 - 0.25 }
      let found = GoldenXSeg.strided(values, side: 256, channels: 3, stride: 4)
      let distances = zip(found, stored).map { Double(abs($0 - $1)) }
      let mean = distances.reduce(0, +) / Double(distances.count), worst = distances.max() ?? 1
      #expect(mean <= 5e-5 && worst <= 0.02, "\(run) \(file): mean \(mean), worst \(worst)")
      withExtendedLifetime(picture) {}
    }
  }

  @Test(arguments: ["apply_wf", "apply_same"]) func masksAreThoseOfDeepFaceLab(run: String) throws {
    let temporary = try TemporaryFolder()
    let files = Self.set.files("faces_xseg/\(run)", suffix: ".jpg")
    try Self.copies(Self.set.path("faces_xseg/before"), of: files, into: temporary)
    var job = MaskJob(
      .apply(try segmentation(run), model: "m"), faces: temporary.path, sheet: MaskSheet(), observer: SequenceObserver()
    )
    let (report, sheet) = try job.run()
    let names = try File.list(temporary.path)
    #expect(report == MaskJob.Report(written: files.count) && names == files)
    #expect(try #require(try sheet?.picture()).width > 128)
    for file in files {
      let expected = try #require(try mask(Self.set.path("faces_xseg/\(run)/\(file)")))
      let found = try #require(try mask(temporary(file)))
      let differing = zip(found, expected).filter { $0 != $1 }.count
      #expect(differing <= 65536 / 200, "\(run) \(file): \(differing) pixels")
      #expect(Set(found) == [0, 255])
      expectSameButMask(temporary(file), Self.set.path("faces_xseg/\(run)/\(file)"))
    }
  }

  @Test func removingLeavesAllElse() throws {
    let temporary = try TemporaryFolder()
    let files = Self.set.files("faces_xseg/removed", suffix: ".jpg")
    try Self.copies(Self.set.path("faces_xseg/before"), of: files, into: temporary)
    var job = MaskJob(.remove, faces: temporary.path, observer: SequenceObserver())
    #expect(try job.run().0 == MaskJob.Report(written: files.count))
    for file in files {
      #expect(try mask(temporary(file)) == nil)
      expectSameButMask(temporary(file), Self.set.path("faces_xseg/removed/\(file)"))
    }
    // Without a mask a face is not written again.
    var again = MaskJob(.remove, faces: temporary.path, observer: SequenceObserver())
    #expect(try again.run().0 == MaskJob.Report(unchanged: files.count))
  }

  /// All of a JPEG but its metadata, byte by byte; and of these all but the mask.
  private func expectSameButMask(_ a: String, _ b: String) {
    do {
      let (x, y) = (try split(a), try split(b))
      #expect(x.rest == y.rest, "\(a): bytes beside the metadata")
      var (m, n) = (x.metadata, y.metadata)
      (m.xsegMask, n.xsegMask) = (nil, nil)
      #expect("\(m)" == "\(n)")
    } catch { Issue.record(error) }
  }

  private func split(_ path: String) throws -> (metadata: FaceMetadata, rest: [UInt8]) {
    let file = try Bytes.read(path: path), bytes = Array(file.raw)
    var (position, rest) = (2, Array(bytes[..<2]))
    while bytes[position + 1] != 0xda {
      let end = position + 2 + Int(bytes[position + 2]) << 8 + Int(bytes[position + 3])
      if bytes[position + 1] != 0xef { rest += bytes[position..<end] }
      position = end
    }
    return (try #require(try FaceImage.readMetadata(file, name: path)), rest + bytes[position...])
  }
}

/// Jobs that stop, fail or find other files.
@Suite struct MaskJobTests {
  private static let faces = GoldenFaces.aligned

  private func segmentation() throws -> FaceSegmentation {
    try FaceSegmentation(try Context(plan: Plan.golden("xseg-b4")), type: nil)
  }

  private func folder() throws -> TemporaryFolder {
    let temporary = try TemporaryFolder()
    try MaskJobGoldenTests.copies(
      Self.faces, of: ["00001_0.jpg", "00002_0.jpg", "00003_0.jpg", "00004_0.jpg"], into: temporary)
    return temporary
  }

  /// A job that is stopped resumes after what it has done, one of another model from the beginning.
  @Test func aJobThatWasStoppedGoesOn() throws {
    let temporary = try folder(), segmentation = try segmentation()
    var done = 0
    func run(_ model: String, stopAt: Int?) throws -> MaskJob.Report {
      done = 0
      var job = MaskJob(
        .apply(segmentation, model: model), faces: temporary.path,
        observer: SequenceObserver(
          progress: { done = $0.finished }, isCancelled: { stopAt.map { done >= $0 } ?? false }))
      return try job.run().0
    }
    #expect(failure { _ = try run("a", stopAt: 2) }?.status == .cancelled)
    #expect(try File.list(temporary.path).contains("liae-xseg.txt"))
    #expect(try run("a", stopAt: nil) == MaskJob.Report(written: 2, earlier: 2))
    #expect(try File.list(temporary.path).count == 4)
    #expect(failure { _ = try run("a", stopAt: 3) }?.status == .cancelled)
    #expect(try run("b", stopAt: nil) == MaskJob.Report(written: 4))
  }

  /// Files that cannot be done stay as they are, to the byte, and the others are done.
  @Test func whatFailsStaysAsItWas() throws {
    let temporary = try folder(), broken = GoldenSet.repository.path("faces/broken")
    let bad = [
      "no_dfl_metadata.jpg", "truncated_in_metadata.jpg", "truncated_in_scan.jpg", "evil_pickle_os_system.jpg",
    ]
    try MaskJobGoldenTests.copies(broken, of: bad, into: temporary)
    let before = try bad.map { try Data(contentsOf: URL(fileURLWithPath: temporary($0))) }
    var notices: [SequenceNotice] = []
    var job = MaskJob(
      .apply(try segmentation(), model: "m"), faces: temporary.path,
      observer: SequenceObserver(notice: { notices.append($0) }))
    let report = try job.run().0
    #expect(report == MaskJob.Report(written: 4, failures: 4) && notices.count == 4, "\(notices.map(\.message))")
    #expect(try bad.map { try Data(contentsOf: URL(fileURLWithPath: temporary($0))) } == before)
    // Only what failed is tried again.
    var again = MaskJob(.apply(try segmentation(), model: "m"), faces: temporary.path, observer: SequenceObserver())
    #expect(try again.run().0 == MaskJob.Report(earlier: 4, failures: 4))
  }

  /// A faceset gets the masks in both places where it keeps them.
  @Test func facesets() throws {
    let temporary = try TemporaryFolder()
    try MaskJobGoldenTests.copies(GoldenSet.repository.path("faces"), of: ["faceset.pak"], into: temporary)
    let path = temporary("faceset.pak")
    let before = try Faceset.read(path: path).faces
    var job = MaskJob(.apply(try segmentation(), model: "m"), faces: temporary.path, observer: SequenceObserver())
    #expect(try job.run().0.written == before.count)
    let after = try Faceset.read(path: path).faces
    #expect(after.map(\.filename) == before.map(\.filename) && after.map(\.polygons) == before.map(\.polygons))
    for face in after {
      let stored = try #require(face.xsegMask)
      let inside = try #require(try FaceImage.readMetadata(try face.jpeg.read(), name: face.filename)?.xsegMask)
      #expect(stored.raw.elementsEqual(inside.raw))
    }
    var removal = MaskJob(.remove, faces: path, observer: SequenceObserver())
    #expect(try removal.run().0.written == before.count)
    #expect(try Faceset.read(path: path).faces.allSatisfy { $0.xsegMask == nil })
  }

  @Test func foldersWithoutFaces() throws {
    let temporary = try TemporaryFolder()
    for path in [temporary.path, temporary("none")] {
      var job = MaskJob(.remove, faces: path, observer: SequenceObserver())
      #expect(failure { _ = try job.run() }?.status == .fileNotFound)
    }
    #expect(failure { _ = try FaceSegmentation(try Context(plan: Plan.golden()), type: nil) }?.status == .unsupported)
  }

  /// Those that DeepFaceLab copies: faces with polygons.
  @Test(arguments: [false, true]) func labelledFaces(moving: Bool) throws {
    let (temporary, target) = (try TemporaryFolder(), try TemporaryFolder())
    let all = GoldenFaces.stems.map { "\($0)_0.jpg" }
    try MaskJobGoldenTests.copies(Self.faces, of: all, into: temporary)
    let faces = LabelledFaces(in: temporary.path, observer: SequenceObserver())
    let result = try faces.fetch(into: target("x"), moving: moving, replacing: false)
    #expect(result.copied == 2 && result.failures == 0)
    let labelled = ["00002_0.jpg", "00004_0.jpg"]
    #expect(try File.list(target("x")) == labelled)
    #expect(try File.list(temporary.path) == (moving ? all.filter { !labelled.contains($0) } : all))
    if !moving {
      #expect(failure { _ = try faces.fetch(into: target("x"), moving: true, replacing: false) }?.status == .fileExists)
      #expect(try File.list(temporary.path) == all)
    }
  }
}
