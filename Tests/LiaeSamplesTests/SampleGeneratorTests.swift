// SPDX-License-Identifier: Apache-2.0
import Foundation
import LiaeFrame
import LiaeSamples
import LiaeSystem
import LiaeTestSupport
import Testing

@Suite struct SampleGeneratorTests {
  static func options(_ change: (inout SampleOptions) -> Void = { _ in }) -> SampleOptions {
    var options = SampleOptions()
    (options.resolution, options.faceType, options.randomFlip) = (64, .half, true)
    (options.randomHSVPower, options.seed) = (0.05, 5)
    change(&options)
    return options
  }

  static func bits(
    _ options: SampleOptions, workers: Int = 1, first: Int = 0, count: Int = 6, path: String = goldenFaces("aligned")
  ) throws -> [[[UInt32]]] {
    let source = try FacesetSource(path: path)
    let generator = try SampleGenerator(
      source: source, colorReference: try FacesetSource(path: goldenFaces("faceset.pak")), options: options,
      batchSize: 3, workers: workers, firstBatch: first)
    return try (0..<count).map { _ in try generator.next().bits }
  }

  @Test func batchesDependOnNumberAndSeedAlone() throws {
    let options = Self.options { $0.colorTransfer = .rct }
    let one = try Self.bits(options)
    #expect(Set(one).count == 6)
    #expect(try Self.bits(options, workers: 3) == one)
    #expect(try Self.bits(options, workers: 2, first: 4, count: 2) == Array(one[4...]))
    #expect(try Self.bits(Self.options { ($0.colorTransfer, $0.memory) = (.rct, 0) }) == one)
    // Room for some of them.
    #expect(try Self.bits(Self.options { ($0.colorTransfer, $0.memory) = (.rct, 200_000) }) == one)
    #expect(try Self.bits(Self.options { ($0.colorTransfer, $0.seed) = (.rct, 6) }) != one)
  }

  /// Who no longer wants a batch does not wait for it, and can have it later.
  @Test func waitingForABatchCanBeGivenUp() throws {
    let options = Self.options { $0.resolution = 512 }
    let generator = try SampleGenerator(
      source: try FacesetSource(path: goldenFaces("aligned")), options: options, batchSize: 64)
    let start = monotonicNanoseconds()
    expectError(.cancelled, "interrupted") { _ = try generator.next { true } }
    #expect(monotonicNanoseconds() - start < 1_000_000_000)
    var questions = 0
    #expect(
      try generator.next { () -> Bool in
        questions += 1
        return false
      }.count == 64)
    #expect(questions > 0)
  }

  @Test func valuesAreWithinTheirRange() throws {
    let source = try FacesetSource(path: goldenFaces("aligned"))
    for resolution in [48, 64, 96] {
      let options = Self.options { $0.resolution = resolution }
      let batch = try SampleGenerator(source: source, options: options, batchSize: 7).next()
      #expect(batch.count == 7 && batch.side == resolution)
      for plane in [batch.warped, batch.target, batch.mask, batch.eyesMouth] {
        #expect(plane.floats.allSatisfy { $0 >= 0 && $0 <= 1 })
        #expect(plane.floats.contains { $0 > 0.5 })
      }
      // Eyes and mouth reach 1 in each face.
      let face = resolution * resolution
      for i in 0..<7 { #expect(abs((batch.eyesMouth.floats[i * face..<(i + 1) * face].max() ?? 0) - 1) < 1e-6) }
      #expect(batch.warped.floats != batch.target.floats)
    }
  }

  /// Without a warp and a change of hue the network sees what it is to give back.
  @Test func withoutWarp() throws {
    let source = try FacesetSource(path: goldenFaces("aligned"))
    for transfer in [SampleColorTransfer.none, .lct, .mkl] {
      let options = Self.options { ($0.randomWarp, $0.randomHSVPower, $0.colorTransfer) = (false, 0, transfer) }
      let batch = try SampleGenerator(source: source, colorReference: source, options: options, batchSize: 2).next()
      #expect(batch.warped.floats == batch.target.floats)
    }
  }

  /// Directions are drawn for each of both pictures.
  @Test(arguments: [SampleColorTransfer.idt, .sot]) func randomTransfers(transfer: SampleColorTransfer) throws {
    let source = try FacesetSource(path: goldenFaces("aligned"))
    let options = Self.options { ($0.randomWarp, $0.randomHSVPower, $0.colorTransfer) = (false, 0, transfer) }
    func batch() throws -> FaceBatch {
      try SampleGenerator(source: source, colorReference: source, options: options, batchSize: 1).next()
    }
    let first = try batch()
    let deviation = Deviation(first.warped.floats, first.target.floats)
    #expect(deviation.maximum > 0 && deviation.mean < 0.1, "\(deviation)")
    #expect(try batch().bits == first.bits)
  }

  @Test func everyFaceComesInAnEpoch() throws {
    let source = try FacesetSource(path: goldenFaces("aligned"))
    let options = Self.options { ($0.randomWarp, $0.randomFlip, $0.randomHSVPower) = (false, false, 0) }
    let batch = try SampleGenerator(source: source, options: options, batchSize: 7).next()
    // Seven faces of seven colours.
    let size = 64 * 64 * 3
    let means = (0..<7).map { batch.target.floats[$0 * size..<($0 + 1) * size].reduce(0, +) / Float(size) }
    #expect(Set(means.map { ($0 * 1000).rounded() }).count == 7, "\(means)")
  }

  @Test func uniformYaw() throws {
    let bits = try Self.bits(Self.options { $0.uniformYaw = true })
    #expect(try Self.bits(Self.options { $0.uniformYaw = true }, workers: 3) == bits)
    #expect(try Self.bits(Self.options()) != bits)
  }

  @Test func oneFace() throws {
    let folder = try TemporaryFolder()
    try FileManager.default.copyItem(atPath: goldenFaces("aligned/00002_0.jpg"), toPath: folder("a.jpg"))
    let bits = try Self.bits(Self.options(), path: folder.path)
    #expect(Set(bits).count == 6)
  }

  /// A picture that is cut off counts as the next face from when it is met, whichever thread meets it.
  @Test func brokenPictures() throws {
    let folder = try TemporaryFolder()
    for (from, to) in [
      ("aligned/00001_0.jpg", "a.jpg"), ("broken/truncated_in_scan.jpg", "b.jpg"), ("aligned/00002_0.jpg", "c.jpg"),
    ] { try FileManager.default.copyItem(atPath: goldenFaces(from), toPath: folder(to)) }
    let options = Self.options()
    let source = try FacesetSource(path: folder.path)
    #expect(source.faces.count == 3 && source.skipped == [])
    let generator = try SampleGenerator(source: source, options: options, batchSize: 3)
    let first = try (0..<4).map { _ in try generator.next().bits }
    #expect(source.skipped.map(\.name) == ["b.jpg"], "\(source.skipped)")
    #expect(try Self.bits(options, workers: 3, count: 4, path: folder.path) == first)
    #expect(try Self.bits(options, workers: 1, first: 3, count: 1, path: folder.path) == [first[3]])

    try FileManager.default.removeItem(atPath: folder("a.jpg"))
    try FileManager.default.removeItem(atPath: folder("c.jpg"))
    let broken = try SampleGenerator(
      source: FacesetSource(path: folder.path), options: options, batchSize: 2, workers: 2)
    for _ in 0..<3 {
      let error = #expect(throws: LiaeError.self) { try broken.next() }
      #expect(error?.message.contains("b.jpg") == true, "\(error?.message ?? "")")
    }
  }

  /// Crops that show less than the model's are skipped, and said where none is left.
  @Test func faceTypes() throws {
    let source = try FacesetSource(path: goldenFaces("aligned"))
    var options = Self.options { $0.faceType = .whole }
    _ = try SampleGenerator(source: source, options: options, batchSize: 2).next()
    #expect(source.skipped.map(\.name) == ["00003_0.jpg", "00005_0.jpg", "00006_0.jpg", "00007_0.jpg"])
    let folder = try TemporaryFolder()
    try FileManager.default.copyItem(atPath: goldenFaces("aligned/00007_0.jpg"), toPath: folder("a.jpg"))
    options.faceType = .head
    let error = #expect(throws: LiaeError.self) {
      _ = try SampleGenerator(source: FacesetSource(path: folder.path), options: options, batchSize: 2)
    }
    #expect(error?.message.contains("half_face") == true)
  }

  @Test func wrongOptions() throws {
    let source = try FacesetSource(path: goldenFaces("aligned"))
    for (batchSize, change) in [
      (0, { _ in }), (1 << 20, { _ in }), (1, { $0.resolution = 65 }), (1, { $0.resolution = 0 }),
      (1, { $0.resolution = 2048 }), (1, { $0.randomHSVPower = 0.4 }), (1, { $0.randomHSVPower = .nan }),
      (1, { $0.colorTransfer = .lct }),
    ] as [(Int, (inout SampleOptions) -> Void)] {
      #expect(throws: LiaeError.self) {
        _ = try SampleGenerator(source: source, options: Self.options(change), batchSize: batchSize)
      }
    }
    #expect(throws: LiaeError.self) {
      _ = try SampleGenerator(source: source, options: Self.options(), batchSize: 1, firstBatch: .max)
    }
  }

  /// The generator stops whatever its threads are doing.
  @Test func stopsAtAnyTime() throws {
    let source = try FacesetSource(path: goldenFaces("aligned"))
    for round in 0..<20 {
      let generator = try SampleGenerator(source: source, options: Self.options(), batchSize: 2, workers: 1 + round % 4)
      for _ in 0..<round % 3 { _ = try generator.next() }
    }
  }

  @Test func outOfMemory() throws {
    let source = try FacesetSource(path: goldenFaces("aligned"))
    let options = Self.options { $0.colorTransfer = .rct }
    let face = source.faces[0]
    let result = failingEveryAllocation { () throws(LiaeError) in
      let batch = try FaceBatch(count: 1, side: 64)
      try SampleMaker(options).make(
        face.prepared(side: 64, type: .full), like: face.reference(side: 64), SampleParameters(options, number: 3),
        into: batch, slot: 0)
    }
    #expect(result.failures > 20 && result.surprises == [])
  }
}
