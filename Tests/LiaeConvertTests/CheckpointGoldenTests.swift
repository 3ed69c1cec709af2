// SPDX-License-Identifier: Apache-2.0
import LiaeConvert
import LiaeFormats
import LiaeGraph
import LiaeSystem
import LiaeTensor
import LiaeTestSupport
import Testing

/// One network, many files: what DeepFaceLab, tf2onnx and PyTorch wrote must give the same canonical tensors.
@Suite(.golden("networks")) struct CheckpointGoldenTests {
  @Test(.having(GoldenNetwork.all.count, "LIAE or df network"), arguments: GoldenNetwork.all)
  func theArchitectureIsRead(_ network: GoldenNetwork) throws {
    let model = try network.model(), arrays = try network.arrays()
    #expect(model.architecture.name == Self.sorted(try network.architectureName))
    #expect(model.architecture.flavour == (network.isTorch ? .torch : .dfl))
    #expect(model.architecture.resolution == arrays["input"]?.shape[1])
    #expect(model.architecture.rgbSide == arrays["swap_rgb"]?.shape[1])
    #expect(model.info.origin == (network.isTorch ? .torch : .deepFaceLab))
    guard network.isTorch else { return try expectSettings(of: network, in: model) }
    #expect(model.info.guesses.count == 1, "the colour order alone: \(model.info.guesses)")
    #expect(model.info.faceType == nil)
    let archive = try #require(network.archive)
    let content = try TorchArchive.parse(try Bytes.read(path: network.path(archive)), name: archive)
    #expect(model.info.iteration == content["global_step"]?.intValue)
  }

  /// Letters in the order u d t c.
  private static func sorted(_ name: String) -> String {
    let parts = name.split(separator: "-")
    return parts.count < 2 ? name : "\(parts[0])-\("udtc".filter { parts[1].contains($0) })"
  }

  private func expectSettings(of network: GoldenNetwork, in model: Model) throws {
    guard let settings = try network.settings, let options = settings["options"] else { return }
    let a = model.architecture
    for (key, value) in [
      ("resolution", a.resolution), ("e_dims", a.eDims), ("ae_dims", a.aeDims), ("d_dims", a.dDims),
      ("d_mask_dims", a.dMaskDims),
    ] { #expect(options[key]?.intValue == value, "\(key)") }
    #expect(model.info.iteration == settings["iter"]?.intValue)
    let letters = try #require(options["face_type"]?.stringValue)
    let types = [
      "h": "half_face", "mf": "midfull_face", "f": "full_face", "wf": "whole_face", "head": "head",
    ]
    #expect(model.info.faceType == types[letters])
    #expect(model.info.guesses.isEmpty)
  }

  /// Returns the tensors that a df export leaves out: what only reconstructs the destination's picture.
  private static func left(of model: Model) -> Set<String> {
    Set(
      model.graph.tensors.map(\.name).filter {
        $0.hasPrefix("decoder_dst.") && !$0.contains("upscalem") && !$0.contains("convm")
      })
  }

  private static let exact = GoldenExport.exact + GoldenExport.amp.filter { !$0.isQuantized }
  private static let quantized = GoldenExport.quantized + GoldenExport.amp.filter(\.isQuantized)

  @Test(.having(exact.count, "exported network"), arguments: exact)
  func anExportHoldsTheWeightsOfItsSet(_ golden: GoldenExport) throws {
    let (set, export) = (try golden.network.model(), try golden.model())
    #expect(export.info.origin == .dfm)
    #expect(export.info.guesses.isEmpty)
    #expect(export.info.lacksDestinationPicture == (set.architecture.family == .df))
    expectSame(set, export, except: Self.left(of: set))
  }

  @Test(.having(quantized.count, "network exported in half precision"), arguments: quantized)
  func aQuantizedExportIsTheRoundedSet(_ golden: GoldenExport) throws {
    let (set, export) = (try golden.network.model(), try golden.model())
    #expect(export.architecture == set.architecture)
    let left = Self.left(of: set)
    for spec in set.graph.tensors where !left.contains(spec.name) {
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

  @Test(.having(GoldenNetwork.deepFaceLab.count, "network of DeepFaceLab's"), arguments: GoldenNetwork.deepFaceLab)
  func withoutDataDatTheShapesTellAllButUAndC(_ network: GoldenNetwork) throws {
    let temporary = try TemporaryFolder()
    let path = try copiedSet(network, without: ["data.dat"], into: temporary)
    let guessed = try ModelReader.open(path: path)
    let model = try network.model()
    var expected = model.architecture
    (expected.pixelNorm, expected.cosine) = (true, false)
    #expect(guessed.architecture == expected)
    #expect(guessed.info.guesses.count == 1)
    #expect(guessed.info.guesses[0].contains("--arch"))
    let told = try ModelReader.open(path: path, options: OpenOptions(architecture: model.architecture.name))
    expectSame(model, told)
    #expect(told.info.guesses.isEmpty)
  }

  /// A model goes around all formats and back to the first.
  @Test(.having(GoldenNetwork.deepFaceLab.count, "network of DeepFaceLab's"), arguments: GoldenNetwork.deepFaceLab)
  func theWholeWayRound(_ network: GoldenNetwork) throws {
    let folder = try TemporaryFolder()
    let model = try network.model()
    try ModelWriter.write(model, to: folder("a.pt"), as: .torch, replacing: false)
    try ModelWriter.write(
      try ModelReader.open(path: folder("a.pt")), to: folder("b"), as: .deepFaceLab(modelName: "b"), replacing: false)
    let back = try ModelReader.open(path: folder("b"))
    expectSame(model, back)
    #expect(back.info.iteration == model.info.iteration && back.info.faceType == model.info.faceType)
  }
}
