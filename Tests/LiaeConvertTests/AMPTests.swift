// SPDX-License-Identifier: Apache-2.0
import LiaeConvert
import LiaeFormats
import LiaeGraph
import LiaeSystem
import LiaeTensor
import LiaeTestSupport
import Testing

/// AMP models of DeepFaceLab: a genuine folder, what is read off it, and folders that lie.
@Suite struct AMPTests {
  static let modules = ["encoder", "inter_src", "inter_dst", "decoder"]

  func set(without: [String] = [], into temporary: TemporaryFolder) throws -> String {
    try copiedSet(try golden("amp-64"), without: without, into: temporary)
  }

  @Test func aFolderIsRead() throws {
    let model = try golden("amp-64").model()
    let expected = Architecture(
      family: .amp, resolution: 64, eDims: 4, aeDims: 8, dDims: 4, dMaskDims: 4, interDims: 16)
    #expect(model.architecture == expected)
    #expect(model.info.origin == .deepFaceLab && model.info.faceType == "whole_face")
    #expect(model.info.iteration == 77 && model.info.trainedMorph == 0.5)
    #expect(model.info.guesses.isEmpty && model.info.notes.isEmpty)
    #expect(model.graph.tensors.count == 68)
  }

  @Test(arguments: modules)
  func anyFileOpensTheSet(_ module: String) throws {
    let network = try golden("amp-64")
    expectSame(try network.model(), try network.model("golden_AMP_\(module).npy"))
    expectSame(try network.model(), try network.model("golden_AMP_data.dat"))
  }

  /// Nothing is left to guess: the family has no options.
  @Test func withoutDataDatTheShapesTellAll() throws {
    let temporary = try TemporaryFolder()
    let model = try ModelReader.open(path: try set(without: ["data.dat"], into: temporary))
    expectSame(try golden("amp-64").model(), model)
    #expect(model.info.guesses.isEmpty)
    #expect(model.info.faceType == nil && model.info.trainedMorph == nil && model.info.iteration == nil)
    #expect(model.info.notes.contains { $0.contains("golden_AMP_data.dat") })
  }

  /// Files that were renamed to what DeepFaceLab calls them without a model's name.
  @Test(arguments: [true, false])
  func renamedFilesOpen(_ hasData: Bool) throws {
    let (temporary, network) = (try TemporaryFolder(), try golden("amp-64"))
    for name in Self.modules.map({ "\($0).npy" }) + (hasData ? ["data.dat"] : []) {
      let bytes = try Bytes.read(path: network.path("golden_AMP_\(name)"))
      try File.writeAtomically(temporary(name), replacing: false) { (writer) throws(LiaeError) in
        try writer.write(bytes.raw)
      }
    }
    let model = try ModelReader.open(path: temporary.path)
    expectSame(try network.model(), model)
    #expect(model.info.trainedMorph == (hasData ? 0.5 : nil))
  }

  @Test func trainingStateIsNoted() throws {
    let temporary = try TemporaryFolder()
    let path = try set(into: temporary)
    for file in ["src_dst_opt.npy", "GAN.npy", "GAN_opt.npy"] {
      try DeepFaceLabFile.writeWeights(TensorDictionary(), to: temporary("golden_AMP_\(file)"), replacing: false)
    }
    let notes = try ModelReader.open(path: path).info.notes
    #expect(notes == ["training state is not used: src_dst_opt.npy, GAN.npy, GAN_opt.npy"])
  }

  // MARK: - Beside a model of SAEHD

  @Test func bothKindsMayLieInOneFolder() throws {
    let temporary = try TemporaryFolder()
    let path = try set(into: temporary)
    _ = try copiedSet(try golden("liae-udt"), without: [], into: temporary)
    expectError(.invalidArgument, "golden_AMP_data.dat", "golden_SAEHD_data.dat") {
      _ = try ModelReader.open(path: path)
    }
    // The two have the same name, and files of the same module.
    expectSame(try golden("amp-64").model(), try ModelReader.open(path: temporary("golden_AMP_decoder.npy")))
    expectSame(try golden("liae-udt").model(), try ModelReader.open(path: temporary("golden_SAEHD_decoder.npy")))
    #expect(try DeepFaceLabTraining.names(in: path) == ["golden"])
    // Which of the two is to be trained is not guessed.
    expectError(.invalidArgument, "golden_AMP_", "golden_SAEHD_", "all but one") {
      _ = try DeepFaceLabTraining.representative(of: "golden", in: path)
    }
    expectError(.invalidArgument, "all but one") { _ = try DeepFaceLabTraining(folder: path, name: "golden") }
  }

  @Test func anAMPModelIsAModelToTrain() throws {
    let temporary = try TemporaryFolder()
    let path = try set(into: temporary)
    #expect(try DeepFaceLabTraining.names(in: path) == ["golden"])
    _ = try DeepFaceLabTraining(folder: path, name: "golden")
  }

  @Test func filesOfAnotherKindDoNotStandIn() throws {
    let temporary = try TemporaryFolder()
    let path = try set(without: ["inter_src.npy", "data.dat"], into: temporary)
    for module in ["inter_AB", "inter_B"] {
      let bytes = try Bytes.read(path: try golden("liae-udt").path("golden_SAEHD_\(module).npy"))
      try File.writeAtomically(temporary("golden_AMP_\(module).npy"), replacing: false) { (writer) throws(LiaeError) in
        try writer.write(bytes.raw)
      }
    }
    expectError(.missingTensor, "golden_AMP_inter_src.npy") { _ = try ModelReader.open(path: path) }
  }

  @Test func dataOfAnotherKindIsRefused() throws {
    let temporary = try TemporaryFolder()
    let path = try set(into: temporary)
    let data = try Bytes.read(path: try golden("liae-udt").path("golden_SAEHD_data.dat"))
    try File.writeAtomically(temporary("golden_AMP_data.dat"), replacing: true) { (writer) throws(LiaeError) in
      try writer.write(data.raw)
    }
    expectError(.corruptFile, "golden_AMP_data.dat", "liae", "AMP") { _ = try ModelReader.open(path: path) }
  }

  // MARK: - Damage

  @Test(arguments: modules)
  func aMissingFileIsNamed(_ module: String) throws {
    let temporary = try TemporaryFolder()
    let path = try set(without: ["\(module).npy"], into: temporary)
    expectError(.missingTensor, "golden_AMP_\(module).npy") { _ = try ModelReader.open(path: path) }
  }

  @Test func tensorsThatDoNotFitAreNamed() throws {
    for (file, key, shape, expected) in [
      ("inter_dst", "dense2/weight:0", [8, 60], "[8, 64]"), ("inter_src", "dense2/bias:0", [63], "[64]"),
      ("encoder", "dense1/bias:0", [9], "[8]"),
      ("decoder", "upscale1/conv1/weight:0", [3, 3, 32, 64], "[3, 3, 32, 128]"),
    ] {
      let temporary = try TemporaryFolder()
      let path = try set(into: temporary)
      let name = temporary("golden_AMP_\(file).npy")
      var weights = try DeepFaceLabFile.parseWeights(try Bytes.read(path: name), name: name)
      weights[key] = try floats([Float](repeating: 0, count: shape.reduce(1, *)), shape)
      try DeepFaceLabFile.writeWeights(weights, to: name, replacing: true)
      expectError(.shapeMismatch, "\(file)/\(key)", "\(shape)", expected) { _ = try ModelReader.open(path: path) }
    }
  }

  @Test(arguments: [
    ("morph_factor", PickleValue.string("half")), ("morph_factor", .float(1.5)), ("morph_factor", .float(-0.1)),
    ("morph_factor", .float(.nan)), ("inter_dims", .int(32)), ("inter_dims", .string("x")), ("resolution", .int(128)),
    ("ae_dims", .int(16)), ("archi", .string("liae-udt")), ("archi", .int(5)),
  ])
  func dataThatLiesIsRefused(_ key: String, _ value: PickleValue) throws {
    let temporary = try TemporaryFolder()
    let path = try set(into: temporary)
    try writeOptions([(key, value)], to: temporary("golden_AMP_data.dat"))
    do {
      _ = try ModelReader.open(path: path)
      Issue.record("\(key) was believed")
    } catch {
      #expect([.corruptFile, .shapeMismatch].contains(error.status), "\(error.message)")
      #expect(error.message.contains("golden_AMP_data.dat"), "\(error.message)")
    }
  }

  /// Options that are missing or None take nothing away: the shapes tell them.
  @Test func dataThatSaysLittleIsEnough() throws {
    let temporary = try TemporaryFolder()
    let path = try set(into: temporary)
    try writeOptions([("inter_dims", .none), ("morph_factor", .none)], to: temporary("golden_AMP_data.dat"))
    let model = try ModelReader.open(path: path)
    #expect(model.architecture.interDims == 16 && model.info.trainedMorph == nil)
  }

  private func writeOptions(_ options: [(String, PickleValue)], to path: String) throws {
    let pairs = options.map { (key: PickleValue.string($0), value: $1) }
    try DeepFaceLabFile.writeData(
      .dictionary([(.string("iter"), .int(1)), (.string("options"), .dictionary(pairs))]), to: path, replacing: true)
  }

  /// Each key of a frozen checkpoint's metadata that AMP has and others have not, lied about or left out.
  @Test(arguments: [
    ("inter_dims", "17"), ("inter_dims", "many"), ("inter_dims", nil), ("morph_factor", "2"), ("morph_factor", "nan"),
    ("morph_factor", "soon"), ("architecture", "liae-udt"), ("architecture", "amp-u"), ("flavour", "torch"),
  ])
  func metadataThatLiesIsRefused(_ key: String, _ value: String?) throws {
    let temporary = try TemporaryFolder()
    let model = try golden("amp-64").model()
    try ModelWriter.write(model, to: temporary("a.safetensors"), as: .safetensors(.float32), replacing: false)
    var file = try SafetensorsFile.parse(try Bytes.read(path: temporary("a.safetensors")), name: "a")
    file.metadata[key] = value
    try SafetensorsFile.write(file.tensors, metadata: file.metadata, to: temporary("b.safetensors"), replacing: true)
    do {
      _ = try ModelReader.open(path: temporary("b.safetensors"))
      Issue.record("\(key) = \(value ?? "nothing") was believed")
    } catch {
      #expect([.corruptFile, .shapeMismatch, .unknownArchitecture].contains(error.status), "\(error.message)")
    }
  }

  // MARK: - Exports

  @Test func anExportHoldsTheWeightsOfItsSet() throws {
    let network = try golden("amp-64")
    let export = try network.model("golden.dfm")
    expectSame(try network.model(), export)
    #expect(export.info == ModelInfo(origin: .dfm))
  }

  /// Convolutions are rounded, dense layers are not.
  @Test func aQuantizedExportIsTheRoundedSet() throws {
    let network = try golden("amp-64")
    let (set, export) = (try network.model(), try network.model("golden_fp16.dfm"))
    expectSame(try rounded(set), export)
  }

  @Test(arguments: [DType.float32, .float16])
  func aWrittenExportGivesTheBitsBack(_ dtype: DType) throws {
    let folder = try TemporaryFolder()
    let model = try golden("amp-64").model()
    try ModelWriter.write(model, to: folder("a.dfm"), as: .dfm(dtype), replacing: false)
    expectSame(dtype == .float16 ? try rounded(model) : model, try ModelReader.open(path: folder("a.dfm")))
  }

  private func rounded(_ model: Model) throws -> Model {
    let half = try model.rounded(to: .float16)
    var tensors = model.tensors
    for name in tensors.names where !name.contains(".dense") { tensors[name] = half.tensors[name] }
    return try Model(architecture: model.architecture, info: model.info, tensors: tensors)
  }

  // MARK: - Out and back

  /// A model goes around the formats that hold all, and back to the first.
  @Test func theWholeWayRound() throws {
    let folder = try TemporaryFolder()
    let model = try golden("amp-64").model()
    try ModelWriter.write(model, to: folder("a.pt"), as: .torch, replacing: false)
    let torch = try ModelReader.open(path: folder("a.pt"))
    try ModelWriter.write(torch, to: folder("b.safetensors"), as: .safetensors(.float32), replacing: false)
    let frozen = try ModelReader.open(path: folder("b.safetensors"))
    try ModelWriter.write(frozen, to: folder("c"), as: .deepFaceLab(modelName: "c"), replacing: false)
    let back = try ModelReader.open(path: folder("c"))
    for other in [torch, frozen, back] {
      expectSame(model, other)
      #expect(other.info == model.info)
    }
    #expect(
      try File.list(folder("c")).sorted() == (Self.modules.map { "c_AMP_\($0).npy" } + ["c_AMP_data.dat"]).sorted())
  }

  /// Weights alone tell an AMP model by their names.
  @Test func aFlatStateDictIsKnownByItsNames() throws {
    let folder = try TemporaryFolder()
    let model = try golden("amp-64").model()
    try ModelWriter.write(model, to: folder("a.pt"), as: .torch, replacing: false)
    let archive = try TorchArchive.parse(try Bytes.read(path: folder("a.pt")), name: "a")
    var flat = TensorDictionary()
    for module in Self.modules {
      for (key, value) in try #require(archive[module]?.pairs) {
        flat["\(module).\(try #require(key.stringValue))"] = value.tensorValue
      }
    }
    try SafetensorsFile.write(flat, metadata: [:], to: folder("b.safetensors"), replacing: false)
    let named = try ModelReader.open(path: folder("b.safetensors"))
    expectSame(model, named)
    #expect(named.info.guesses.count == 1, "the colour order alone: \(named.info.guesses)")
  }
}
