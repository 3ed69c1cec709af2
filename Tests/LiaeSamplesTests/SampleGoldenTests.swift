// SPDX-License-Identifier: Apache-2.0
import Foundation
import LiaeFrame
import LiaeSamples
import LiaeSystem
import LiaeTestSupport
import Testing

/// Whole samples, with the parameters that DeepFaceLab drew.
@Suite struct SampleGoldenTests {
  struct Case: Decodable, Sendable, CustomTestStringConvertible {
    var name = ""
    var face: String
    var resolution: Int
    var face_type: Int
    var ct_mode: String?
    var ct_face: String?
    var warp: Bool
    var testDescription: String { name }

    enum CodingKeys: String, CodingKey { case face, resolution, face_type, ct_mode, ct_face, warp }
  }

  static let cases: [Case] = {
    guard let data = FileManager.default.contents(atPath: "\(GoldenNetwork.root)/warp/samples.json"),
      let table = try? JSONDecoder().decode([String: Case].self, from: data)
    else { return [] }
    return table.map { name, value in
      var value = value
      value.name = name
      return value
    }.sorted { $0.name < $1.name }
  }()

  @Test func thereAreCases() { #expect(Self.cases.count == 8) }

  @Test(arguments: cases) func sample(sample: Case) throws {
    let golden = try WarpGolden("sample_\(sample.name)")
    let source = try FacesetSource(path: goldenFaces("aligned"))
    func face(_ path: String) throws -> SourceFace {
      try #require(source.faces.first { path.hasSuffix("/\($0.name)") }, "\(path)")
    }
    var options = SampleOptions()
    options.resolution = sample.resolution
    options.faceType = try #require([2: FaceType.full, 4: .whole, 10: .head][sample.face_type])
    if let mode = sample.ct_mode { options.colorTransfer = try #require(SampleColorTransfer(rawValue: mode)) }

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
