// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeImageIO
import LiaeSequence
import LiaeSystem
import LiaeTensor
import LiaeTestSupport
import LiaeText
import Testing

/// True if ffmpeg's programs are there; the program says where to get them.
private let hasFFmpeg = (try? Subprocess(["ffmpeg", "-version"]).wait()) != nil

@Suite struct VideoTests {
  @Test func fractions() throws {
    #expect(try #require(Fraction("30000/1001")).value == 30000.0 / 1001)
    #expect(Fraction("4:3")?.description == "4/3")
    for text in ["0/0", "25", "25/0", "-1/2", "a/b", "1/2/3", "99999999999999999999/1"] {
      #expect(Fraction(text) == nil, "\(text)")
    }
  }

  /// What ffprobe says of colours goes to the scaler on the way in and to the encoder on the way out.
  @Test func colourTags() {
    func tags(_ members: (String, String)...) -> ColorTags {
      ColorTags(.object(members.map { ($0.0, .string($0.1)) }))
    }
    let told = tags(("color_range", "pc"), ("color_space", "bt2020nc"), ("color_transfer", "smpte2084"))
    #expect(told.scaler("in") == "in_color_matrix=bt2020:in_range=pc")
    #expect(told.encoderOptions == ["-color_range", "pc", "-colorspace", "bt2020nc", "-color_trc", "smpte2084"])
    let untold = tags(("color_range", "unknown"), ("color_space", "gbr"))
    #expect(untold.scaler("out") == "out_color_matrix=bt601:out_range=tv" && untold.encoderOptions.isEmpty)
  }

  /// Pixel formats are understood by ffmpeg's names.
  @Test func pixelFormats() {
    let known: [(String, Int?, Int, Bool, PixelFormatTraits.Chroma?)] = [
      ("yuv420p", 8, 8, false, .quarter), ("yuvj422p", nil, 8, false, .half), ("yuv422p10le", nil, 10, false, .half),
      ("p010le", nil, 10, false, .quarter), ("yuva444p12le", 12, 12, true, .full), ("gbrp16le", 12, 12, false, .full),
      ("rgb48be", nil, 16, false, .full), ("rgba64le", nil, 16, true, .full), ("gray10le", nil, 10, false, nil),
      ("gray", nil, 8, false, nil), ("pal8", nil, 8, true, nil), ("nv12", nil, 8, false, .quarter),
      ("bgr0", nil, 8, false, .full), ("gbrapf32le", nil, 16, true, .full), ("yuv420p", 16, 8, false, .quarter),
    ]
    for (name, told, bits, hasAlpha, chroma) in known {
      let traits = PixelFormatTraits(name, bits: told)
      #expect(traits.bits == bits && traits.hasAlpha == hasAlpha && traits.chroma == chroma, "\(name): \(traits)")
    }
  }

  /// DeepFaceLab numbers the frames of a video from 1, a landmarks file from 0.
  @Test func placesInAVideo() {
    var numbering = FrameNumbering(count: 40)
    #expect(numbering.place(.name("00001.png")) == 0 && numbering.place(.name("37.jpg")) == 36)
    #expect(numbering.place(.index(0)) == 0 && numbering.place(.index(36)) == 36)
    #expect(numbering.place(.name("00000.png")) == nil && numbering.place(.name("frame1.png")) == nil)
    #expect(numbering.place(.name("99999999999.png")) == nil && numbering.place(.name("41.png")) == nil)
    #expect(numbering.place(.index(.max)) == nil && numbering.place(.index(-1)) == nil)
    // Frame 1 is shown thrice, frame 2 never; pictures that repeat have places past the end.
    (numbering.extracted, numbering.names) = ([0, 1, 1, 1, 3], .extracted)
    let places = (1...6).map { numbering.place(.name("0000\($0).png")) }
    #expect(places == [0, 1, 42, 43, 3, nil])
    #expect(numbering.place(.index(2)) == 2)
  }

  /// Time stamps of a constant rate are recognised through the rounding to ticks; others stay as they are.
  @Test func timesOfFrames() throws {
    func times(_ stamps: [Int?], _ base: String, _ rates: String..., start: Double = 0) throws -> FrameTimes {
      FrameTimes(
        stamps, timeBase: try #require(Fraction(base)), fileStart: start, rates: rates.compactMap { Fraction($0) },
        interlaced: 0, topFirst: 0)
    }
    // 24000/1001 in whole milliseconds, as Matroska rounds it.
    let film = try times((0..<100).map { Int((Double($0) * 1001 / 24).rounded()) }, "1/1000", "24000/1001")
    #expect(film.isConstant && film.rate == Fraction("24000/1001") && film.nanoseconds(24) == 1_001_000_000)
    let phone = try times([0, 3234, 6996, 9755], "1/90000", "90000/1", "540000/18797")
    #expect(!phone.isConstant && phone.clock == 90_000 && phone.nanoseconds(3) == 108_388_889)
    #expect(phone.rate == Fraction("54000/1951"))
    // Past the last frame they go on at the mean rate.
    #expect(phone.nanoseconds(4) == 108_388_889 + 36_129_630)
    let late = try times([45_000, 48_600], "1/90000", "25/1", start: 0.1)
    #expect(late.isConstant && abs(late.start - 0.4) < 1e-9 && late.nanoseconds(1) == 40_000_000)
    // Stamps that are missing, or do not go forward, follow at the usual spacing.
    let gaps = try times([0, nil, 10, 5, 40], "1/1000", "100/1")
    #expect((0..<5).map(gaps.nanoseconds) == [0, 10, 20, 30, 40].map { $0 * 1_000_000 })
    let untold = try times([nil, nil, nil], "1/1200000", "30000/1001")
    #expect(untold.isConstant && untold.count == 3 && untold.rate == Fraction("30000/1001"))
    let one = try times([7], "1/1000", "25/1")
    #expect(one.isConstant && one.count == 1 && one.nanoseconds(0) == 0)
    let huge = try times([0, 1 << 52, 1 << 53], "1000000/1", "25/1")
    #expect(huge.nanoseconds(2) == .max)
  }

  /// The golden frames as a lossless video.
  private func clip(_ folder: TemporaryFolder) throws -> VideoInfo {
    let path = folder("clip.mkv")
    let rate = try #require(Fraction("25/1"))
    let encoding = VideoEncoding(encoder: "ffv1", pixelFormat: "gbrp")
    let writer = try VideoWriter(
      to: path, like: VideoInfo(path: path, rate: rate),
      times: OutputTimes(FrameTimes(rate: rate), rate: rate, container: "matroska", encoding: encoding),
      frames: .init(width: 320, height: 240), encoding: encoding)
    for (number, stem) in GoldenFaces.stems.enumerated() {
      try writer.write(Picture.read(path: "\(GoldenFaces.frames)/\(stem).png"), number)
    }
    #expect(File.kind(path) == nil)
    try writer.finish()
    return try VideoInfo(probing: path)
  }

  private func frames(_ path: String) throws -> [[UInt8]] {
    let reader = try VideoReader(VideoInfo(probing: path))
    var result: [[UInt8]] = []
    while let frame = try reader.next() { result.append(pixels(frame.picture)) }
    #expect(reader.count == result.count && reader.notices.isEmpty)
    return result
  }

  @Test(.enabled(if: hasFFmpeg)) func whatIsWrittenIsRead() throws {
    let folder = try TemporaryFolder()
    let info = try clip(folder)
    #expect(info.rate == Fraction("25/1") && info.codec == "ffv1" && info.beside.audio.isEmpty && info.rotation == 0)
    let expected = try GoldenFaces.stems.map {
      pixels(try Picture.read(path: "\(GoldenFaces.frames)/\($0).png").converted(to: .rgb8))
    }
    #expect(try frames(info.path) == expected)
    #expect(try File.list(folder.path) == ["clip.mkv"])
  }

  /// A video through a model holds the frames that a folder through the model holds.
  @Test(.enabled(if: hasFFmpeg), arguments: [Parallelism.frame, .frames])
  func aVideoIsItsFrames(parallelism: Parallelism) throws {
    let folder = try TemporaryFolder()
    let info = try clip(folder)
    var merge = try GoldenMerge(folder)
    merge.faces[4] = nil
    _ = try merge.run()
    let times = try FrameTimes(scanning: info, observer: SequenceObserver())
    let pool = try FrameWorkerPool(
      merge.plan, settings: merge.settings, threads: 2, parallelism: parallelism, frames: nil)
    let log = Log()
    let video = try VideoMerge(
      info: info, times: times, timeline: merge.timeline, pool: pool,
      output: .init(
        path: folder("out.mkv"), maskPath: folder("mask.mkv"),
        encoding: VideoEncoding(encoder: "ffv1", pixelFormat: "gbrp")))
    let report = try video.run(observer: log.observer)
    #expect((report.swapped, report.unchanged, report.failures) == (6, 1, 0))
    #expect(log.notices.isEmpty && log.progress.last?.finished == 7)
    #expect(
      try frames(folder("out.mkv")) == GoldenFaces.stems.map { try pixels(merge.output.frame($0)) })
    #expect(File.kind(folder("mask.mkv")) == .file)
  }

  @Test(.enabled(if: hasFFmpeg)) func aFrameThatFailsStaysAndACancelledVideoIsNotThere() throws {
    let folder = try TemporaryFolder()
    let info = try clip(folder)
    var merge = try GoldenMerge(folder)
    for place in 0..<7 { merge.faces[place]?[0].points = [] }
    let times = try FrameTimes(scanning: info, observer: SequenceObserver())
    let pool = try FrameWorkerPool(merge.plan, settings: merge.settings, threads: 1, parallelism: .frame, frames: 7)
    let encoding = VideoEncoding(encoder: "ffv1", pixelFormat: "gbrp")
    func run(_ log: Log) throws -> MergeReport {
      try VideoMerge(
        info: info, times: times, timeline: merge.timeline, pool: pool,
        output: .init(path: folder("out.mkv"), encoding: encoding)
      ).run(observer: log.observer)
    }
    #expect(failure { _ = try run(Log(cancelledAfter: 3)) }?.status == .cancelled)
    #expect(try File.list(folder.path) == ["clip.mkv"])
    let log = Log()
    #expect(try run(log).failures == 7)
    #expect(log.messages.count == 7 && log.messages[2].hasPrefix("\(info.path), frame 3: "))
    #expect(try frames(folder("out.mkv")) == frames(info.path))
  }

  @Test(.enabled(if: hasFFmpeg)) func whatCannotBe() throws {
    let folder = try TemporaryFolder()
    try File.writeAtomically(folder("noise.mp4"), replacing: false, text: String(repeating: "noise", count: 1000))
    #expect(failure { _ = try VideoInfo(probing: folder("absent.mp4")) }?.status == .fileNotFound)
    let noise = failure { _ = try VideoInfo(probing: folder("noise.mp4")) }
    #expect(noise?.status == .inputOutput && noise?.message.contains("cannot be read as a video: ffprobe") == true)
    let rate = try #require(Fraction("25/1"))
    let info = VideoInfo(path: "none", rate: rate)
    func writer(_ path: String, _ encoder: String) throws -> VideoWriter {
      let encoding = VideoEncoding(encoder: encoder)
      return try VideoWriter(
        to: folder(path), like: info,
        times: OutputTimes(FrameTimes(rate: rate), rate: rate, container: "matroska", encoding: encoding),
        frames: .init(width: 64, height: 48), encoding: encoding)
    }
    let unknown = failure {
      let encoder = try writer("a.mp4", "libnothing")
      try encoder.write(Picture(width: 64, height: 48, format: .rgb8), 0)
      try encoder.finish()
    }
    #expect(unknown?.status == .inputOutput && unknown?.message.contains("libnothing") == true)
    let sizes = try writer("b.mkv", "ffv1")
    let error = failure { try sizes.write(Picture(width: 64, height: 50, format: .rgb8), 0) }
    #expect(error?.message.contains("64 x 50 pixels in a video of 64 x 48") == true)
    #expect(failure { try writer("absent/c.mkv", "ffv1").finish() }?.status == .inputOutput)
    try File.writeAtomically(folder("d.mkv"), replacing: false, text: "")
    func check(_ path: String, _ mask: String?, replacing: Bool) -> Status? {
      failure {
        try VideoMerge.checkOutputs(
          folder(path), maskPath: mask.map { folder($0) }, source: folder("noise.mp4"), replacing: replacing)
      }?.status
    }
    #expect(check("e.mkv", "f.mkv", replacing: false) == nil && check("d.mkv", nil, replacing: true) == nil)
    #expect(check("d.mkv", nil, replacing: false) == .fileExists)
    #expect(check("noise.mp4", nil, replacing: true) == .invalidArgument)
    #expect(check("e.mkv", "noise.mp4", replacing: true) == .invalidArgument)
    #expect(check("e.mkv", "e.mkv", replacing: true) == .invalidArgument)
  }
}
