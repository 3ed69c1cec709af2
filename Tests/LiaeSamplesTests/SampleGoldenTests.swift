// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeFrame
import LiaeSamples
import LiaeSystem
import LiaeTestSupport
import Testing

/// Whole samples, with the parameters that DeepFaceLab drew.
@Suite(.golden("warp/samples.json", "faces")) struct SampleGoldenTests {
  struct Case: Decodable, Sendable, CustomTestStringConvertible {
    var name = ""
    /// The path in the golden data.
    var face: String
    var resolution: Int
    var face_type: Int
    var ct_mode: String?
    var ct_face: String?
    var warp: Bool
    var testDescription: String { name }

    enum CodingKeys: String, CodingKey { case face, resolution, face_type, ct_mode, ct_face, warp }

    var transfer: SampleColorTransfer? { ct_mode.map(SampleColorTransfer.init(rawValue:)) ?? SampleColorTransfer.none }
  }

  static let loaded = Result {
    try GoldenSet.chosen.cases("warp/samples.json", name: \Case.name)
  }
  private static let everything = (try? loaded.get()) ?? []
  static let cases = everything.filter { $0.transfer.map { !$0.isRandom } ?? false }
  /// Colour transfers whose draws are not stored, and those that training here does not offer.
  static let unread = everything.filter { $0.transfer.map(\.isRandom) ?? true }.map {
    "\($0.name) (\($0.ct_mode ?? ""))"
  }

  @Test func everyCaseIsRead() throws { #expect(!(try Self.loaded.get()).isEmpty) }

  @Test(.unread(unread)) func theRest() { #expect(Self.unread.isEmpty) }

  @Test(.having(cases.count, "samples"), arguments: cases) func sample(sample: Case) throws {
    let golden = try WarpGolden("sample_\(sample.name)")
    func face(_ path: String) throws -> SourceFace {
      let parts = path.split(separator: "/")
      let source = try FacesetSource(path: GoldenSet.chosen.path(parts.dropLast().joined(separator: "/")))
      return try #require(source.faces.first { $0.name == parts[parts.count - 1] }, "\(path)")
    }
    var options = SampleOptions()
    options.resolution = sample.resolution
    let type = try #require(FaceMetadata.faceTypes.first { $0.number == sample.face_type }).name
    options.faceType = try #require(FaceType(rawValue: type))
    options.colorTransfer = try #require(sample.transfer)

    var parameters = SampleParameters(
      transform: try golden.transform, isFlipped: try golden.number("flip") != 0)
    if sample.warp { parameters.warp = try WarpMap(x: golden.mask("mapx", scale: 1)) }
    if let shift = golden.arrays["hsv_shift"]?.values {
      parameters.hueShift = HueShift(hue: shift[0], saturation: shift[1], value: shift[2])
    }
    let side = sample.resolution
    let batch = try FaceBatch(count: 1, side: side)
    try SampleMaker(options).make(
      face(sample.face).prepared(side: side, type: options.faceType),
      like: sample.ct_face.map { try face($0).reference(side: side) }, parameters, into: batch, slot: 0)

    for (name, plane) in [
      ("warped", batch.warped), ("target", batch.target), ("mask", batch.mask), ("eyes_mouth", batch.eyesMouth),
    ] {
      let deviation = Deviation(plane.floats, try golden.array(name).values.map { $0 / 65535 })
      #expect(deviation.isWithinTolerance, "\(sample.name) \(name): \(deviation)")
    }
  }
}
