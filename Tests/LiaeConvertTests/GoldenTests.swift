// SPDX-License-Identifier: Apache-2.0
import LiaeConvert
import LiaeFormats
import LiaeGraph
import LiaeSystem
import LiaeTensor
import LiaeTestSupport
import Testing

/// One network, many files: what DeepFaceLab, tf2onnx and PyTorch wrote must give the same canonical tensors.
@Suite struct GoldenTests {
  @Test(arguments: GoldenNetwork.all)
  func theArchitectureIsRead(_ network: GoldenNetwork) throws {
    let model = try network.model()
    #expect(model.architecture == network.architecture)
    #expect(model.info.origin == (network.isTorch ? .torch : .deepFaceLab))
    #expect(model.info.iteration == (network.isTorch ? 7 : 50))
    #expect(model.info.faceType == (network.isTorch ? nil : "whole_face"))
    #expect(model.info.guesses.count == (network.isTorch ? 1 : 0))  // the colour order
  }

  @Test(arguments: [
    ("df-ud", "golden.dfm"), ("liae-ud", "golden.dfm"), ("liae-ud", "golden_tf24.dfm"), ("liae-udt", "golden.dfm"),
  ])
  func anExportHoldsTheWeightsOfItsSet(_ folder: String, _ file: String) throws {
    let network = try golden(folder)
    let set = try network.model()
    let export = try network.model(file)
    #expect(export.info.origin == .dfm)
    #expect(export.info.guesses.isEmpty)
    #expect(export.info.lacksDestinationPicture == (folder == "df-ud"))
    // A df export leaves out what only reconstructs the destination's picture: 3 stages of 3 layers and 4 heads.
    let left = set.architecture.tensors.map(\.name).filter {
      $0.hasPrefix("decoder_dst.") && !$0.contains("upscalem") && !$0.contains("convm")
    }
    if folder == "df-ud" { #expect(left.count == 26) }
    expectSame(set, export, except: Set(left))
  }

  @Test(arguments: GoldenNetwork.quantized)
  func aQuantizedExportIsTheRoundedSet(_ network: GoldenNetwork) throws {
    let set = try network.model()
    let export = try network.model("golden_fp16.dfm")
    #expect(export.architecture == set.architecture)
    for spec in set.architecture.tensors {
      let (wide, half) = (try set.tensor(spec.name), try export.tensor(spec.name))
      if spec.name.contains(".dense") {
        #expect(half.dtype == .float32 && half.raw.elementsEqual(wide.raw))
      } else {
        #expect(half.dtype == .float16)
        let rounded = (0..<wide.count).allSatisfy {
          half.raw.loadUnaligned(fromByteOffset: $0 * 2, as: UInt16.self) == HalfPrecision.float16(wide[$0])
        }
        #expect(rounded, "\(spec.name)")
      }
    }
  }

  @Test func aFlatStateDictIsTheTrainingCheckpoint() throws {
    let network = try golden("torch-udt")
    let options = OpenOptions(architecture: "liae-udt")
    let flat = try ModelReader.open(path: network.path("state_dict.pt"), options: options)
    expectSame(try network.model(), flat)
    #expect(flat.info.iteration == nil)
    #expect(flat.tensors["decoder.upscalem_unused.conv1.weight"] != nil)
  }

  @Test func trainingCheckpointsSayWhatIsNotUsed() throws {
    let notes = try golden("torch-udt").model().info.notes
    #expect(notes.contains { $0.contains("optimiser") })
  }

  /// Every file of a set opens the set.
  @Test(arguments: ["data.dat", "encoder.npy", "inter_AB.npy", "inter_B.npy", "decoder.npy"])
  func anyFileOpensTheSet(_ file: String) throws {
    let network = try golden("liae-udt")
    expectSame(try network.model(), try network.model("golden_SAEHD_\(file)"))
  }

  /// The map of a safetensors file stays the memory of its tensors: nothing is copied.
  @Test func safetensorsStayInTheirMap() throws {
    let folder = try TemporaryFolder()
    try ModelWriter.write(
      try golden("liae-udt").model(), to: folder("a.safetensors"), as: .safetensors(.float32), replacing: false)
    let mapped = try ModelReader.open(path: folder("a.safetensors"))
    let storages = Set(mapped.tensors.names.compactMap { mapped.tensors[$0].map { ObjectIdentifier($0.storage) } })
    #expect(storages.count == 1)
    let storage = try #require(mapped.tensors[mapped.tensors.names[0]]?.storage)
    #expect(storage.count == (try File(reading: folder("a.safetensors")).length()))
  }
}
