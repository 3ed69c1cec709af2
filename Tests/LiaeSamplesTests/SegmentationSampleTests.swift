// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeFrame
import LiaeImageIO
import LiaeSamples
import LiaeSystem
import LiaeTestSupport
import Testing

/// Samples of training XSeg: which faces count, what their labels are, and what augmentation leaves alone.
@Suite struct SegmentationSampleTests {
  private func batch(
    _ source: FacesetSource, workers: Int = 1, first: Int = 0,
    _ change: (inout SegmentationSampleOptions) -> Void = { _ in }
  ) throws -> SegmentationBatch {
    var options = SegmentationSampleOptions()
    options.resolution = 64
    change(&options)
    return try SegmentationGenerator(
      source: source, options: options, batchSize: 4, workers: workers, firstBatch: first
    ).next()
  }

  private func bytes(_ batch: SegmentationBatch) -> [UInt8] {
    withExtendedLifetime(batch) { [UInt8](batch.picture.raw) + [UInt8](batch.mask.raw) }
  }

  private func floats(_ bytes: Bytes) -> [Float] {
    withExtendedLifetime(bytes) {
      Array(UnsafeBufferPointer(start: bytes.base.assumingMemoryBound(to: Float.self), count: bytes.count / 4))
    }
  }

  /// A copy of a golden face with other polygons and mask.
  private func write(
    _ name: String, to folder: TemporaryFolder, polygons: [FaceMetadata.Polygon], mask: Bytes?
  ) throws {
    let path = goldenFaces("aligned/00001_0.jpg")
    var metadata = try #require(try FaceImage.readMetadata(Bytes.read(path: path), name: path))
    (metadata.polygons, metadata.xsegMask) = (polygons, mask)
    let picture = try Picture.decode(Bytes.read(path: path), name: path)
    let jpeg = try picture.encodedJPEG(quality: 90, provenance: nil)
    try File.writeAtomically(folder(name), replacing: false, FaceImage.embed(metadata, in: jpeg, name: name, xmp: nil))
  }

  private func square(_ from: Float, _ to: Float, isIncluded: Bool) -> FaceMetadata.Polygon {
    FaceMetadata.Polygon(
      isIncluded: isIncluded, points: [SIMD2(from, from), SIMD2(to, from), SIMD2(to, to), SIMD2(from, to)])
  }

  /// Batch i is the same whatever the threads and wherever training began; pictures and masks stay within 0...1.
  @Test func samplesFollowFromTheirNumber() throws {
    let source = try FacesetSource(path: goldenFaces("aligned"))
    let one = bytes(try batch(source, first: 3))
    var options = SegmentationSampleOptions()
    options.resolution = 64
    let generator = try SegmentationGenerator(source: source, options: options, batchSize: 4, workers: 3)
    var last: SegmentationBatch?
    for _ in 0...3 { last = try generator.next() }
    #expect(bytes(try #require(last)) == one)
    let other = try batch(source, first: 3) { $0.seed = 1 }
    #expect(bytes(other) != one)
    for number in 0..<12 {
      let batch = try batch(source, first: number)
      #expect(floats(batch.picture).allSatisfy { (0...1).contains($0) })
      #expect(floats(batch.mask).allSatisfy { $0 == 0 || $0 == 1 })
    }
  }

  /// Faces with polygons alone count where there are any; polygons that exclude lie above those that include, and a stored
  /// mask counts for nothing beside them.
  @Test func polygonsAreLabels() throws {
    let folder = try TemporaryFolder()
    let all = try MaskCanvas(width: 64, height: 64)
    for i in 0..<all.count { all.pixels[i] = 1 }
    let white = try Picture(width: 64, height: 64, format: .gray8)
    all.write(to: white.mutableView)
    let mask = try white.encodedXSegMask()
    try write(
      "a.jpg", to: folder, polygons: [square(30, 40, isIncluded: false), square(10, 90, isIncluded: true)], mask: mask)
    try write("b.jpg", to: folder, polygons: [], mask: mask)
    let source = try FacesetSource(path: folder.path)
    #expect(source.faces.map(\.hasPolygons) == [true, false] && source.faces.map(\.hasMask) == [true, true])
    let face = source.faces[0], side = face.width
    let label = try face.labelled(side: side, type: face.type).mask
    for (x, y, expected) in [(10, 10, 1), (90, 90, 1), (9, 50, 0), (91, 50, 0), (35, 35, 0), (30, 40, 0), (29, 35, 1)] {
      #expect(label[x, y] == Float(expected), "(\(x), \(y))")
    }
    // Only a.jpg is learnt from.
    let batch = try batch(source) { $0.isAugmented = false }
    let expected = try face.labelled(side: 64, type: .whole).mask
    let values = floats(batch.mask)
    for slot in 0..<4 {
      for i in 0..<64 * 64 { #expect(abs(values[slot * 64 * 64 + i] - expected.pixels[i].clamped) < 1e-4) }
    }
    withExtendedLifetime((expected, label, white)) {}
  }

  @Test func facesWithoutLabelsAreRefused() throws {
    let folder = try TemporaryFolder()
    try write("a.jpg", to: folder, polygons: [], mask: nil)
    let source = try FacesetSource(path: folder.path)
    expectError(.invalidArgument, "no face has polygons or a mask") { _ = try batch(source) }
    // Pretraining needs none: the target is the picture in gray.
    let gray = try batch(source) { ($0.targetsGray, $0.isAugmented) = (true, false) }
    let (colors, target) = (floats(gray.picture), floats(gray.mask))
    for i in 0..<target.count {
      let expected = 0.114 * colors[3 * i] + 0.587 * colors[3 * i + 1] + 0.299 * colors[3 * i + 2]
      #expect(abs(target[i] - expected) < 1e-5)
    }
  }

  /// What is only bent and moved keeps its colours: no sample is brighter or darker than its face.
  @Test func withoutChangesColoursStay() throws {
    let source = try FacesetSource(path: goldenFaces("aligned"))
    let plain = try batch(source) { $0.isAugmented = false }, moved = try batch(source) { $0.changedShare = 0 }
    let changed = try batch(source)
    func mean(_ batch: SegmentationBatch) -> Float {
      let values = floats(batch.picture)
      return values.reduce(0, +) / Float(values.count)
    }
    #expect(abs(mean(moved) - mean(plain)) < 0.05)
    #expect(bytes(moved) != bytes(plain) && bytes(changed) != bytes(moved))
    // Masks are moved alike whether colours change or not.
    #expect(floats(moved.mask).count == floats(changed.mask).count)
  }
}
