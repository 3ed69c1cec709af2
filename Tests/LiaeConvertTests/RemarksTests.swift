// SPDX-License-Identifier: Apache-2.0
import LiaeConvert
import LiaeGraph
import LiaeSystem
import LiaeTensor
import LiaeTestSupport
import Testing

/// Tests what a format cannot hold is said when it is written, and the caller may say what a file cannot.
@Suite struct RemarksTests {
  func remarks(_ name: String, _ format: ModelWriter.Format, _ change: (inout ModelInfo) -> Void = { _ in }) throws
    -> [String]
  {
    var model = try golden(name).model()
    change(&model.info)
    return try ModelWriter.remarks(on: model, as: format)
  }

  @Test(arguments: ["liae-ud", "amp-64"])
  func formatsThatHoldAllAreSilent(_ name: String) throws {
    #expect(try remarks(name, .safetensors(.float16)).isEmpty)
    #expect(try remarks(name, .torch).isEmpty)
    #expect(try remarks(name, .deepFaceLab(modelName: "a")).isEmpty)
  }

  @Test(arguments: [DType.float32, .float16])
  func anExportHoldsWeightsAlone(_ dtype: DType) throws {
    #expect(
      try remarks("liae-ud", .dfm(dtype))
        == ["a .dfm has no place for the face type (whole_face) and the iterations of training (50)"])
    #expect(
      try remarks("amp-64", .dfm(dtype)) == [
        "a .dfm has no place for the face type (whole_face), the iterations of training (77) and the morph factor of training (0.5)"
      ])
    #expect(try remarks("amp-64", .dfm(dtype)) { $0 = ModelInfo(origin: .dfm) } == [])
  }

  @Test func whatDeepFaceLabNeedsAndIsNotKnownIsMadeUp() throws {
    let unknown = try remarks("amp-64", .deepFaceLab(modelName: "a")) { $0 = ModelInfo(origin: .dfm) }
    #expect(unknown.count == 3)
    for part in ["whole_face", "iterations", "0.5"] { #expect(unknown.contains { $0.contains(part) }, "\(part)") }
    let saehd = try remarks("liae-ud", .deepFaceLab(modelName: "a")) { $0 = ModelInfo(origin: .dfm) }
    #expect(saehd.count == 2 && saehd[0].contains("full_face"))
  }

  /// DeepFaceLab's AMP stops at a face type that it does not know.
  @Test func aFaceTypeThatAMPLacksIsReplaced() throws {
    let half = try remarks("amp-64", .deepFaceLab(modelName: "a")) { $0.faceType = "half_face" }
    #expect(half.count == 1 && half[0].contains("half_face") && half[0].contains("whole_face"))
    #expect(try remarks("liae-ud", .deepFaceLab(modelName: "a")) { $0.faceType = "half_face" }.isEmpty)
    let folder = try TemporaryFolder()
    var model = try golden("amp-64").model()
    for (given, written) in [("half_face", "whole_face"), ("head", "head"), ("full_face", "full_face")] {
      model.info.faceType = given
      try ModelWriter.write(model, to: folder(given), as: .deepFaceLab(modelName: "a"), replacing: false)
      #expect(try ModelReader.open(path: folder(given)).info.faceType == written)
    }
  }

  @Test func theCallerSaysTheFaceType() throws {
    let network = try golden("liae-udt")
    #expect(try network.model("golden.dfm").info.faceType == nil)
    let options = OpenOptions(faceType: "head")
    for path in [network.path("golden.dfm"), network.folder, network.path("golden_SAEHD_encoder.npy")] {
      #expect(try ModelReader.open(path: path, options: options).info.faceType == "head")
    }
    let memory = try Bytes.read(path: network.path("golden.dfm"))
    #expect(try ModelReader.open(memory: memory, options: options).info.faceType == "head")
    for (letters, name) in [("h", "half_face"), ("mf", "midfull_face"), ("f", "full_face"), ("wf", "whole_face")] {
      let model = try ModelReader.open(path: network.path("golden.dfm"), options: OpenOptions(faceType: letters))
      #expect(model.info.faceType == name)
    }
    for wrong in ["WF", "", "full_face_no_align"] {
      expectError(.invalidArgument, "\"\(wrong)\"", "whole_face (wf)") {
        _ = try ModelReader.open(path: network.folder, options: OpenOptions(faceType: wrong))
      }
    }
  }
}
