// SPDX-License-Identifier: Apache-2.0
import LiaeConvert
import LiaeFormats
import LiaeGraph
import LiaeSystem
import LiaeTensor
import LiaeTestSupport
import Testing

/// Tests what is read off names and shapes, what is guessed and said, and what is refused.
@Suite struct InferenceTests {
  func set(_ folder: String, without: [String] = ["data.dat"], into temporary: TemporaryFolder) throws -> String {
    try copiedSet(try golden(folder), without: without, into: temporary)
  }

  @Test(arguments: ["liae-u", "liae-ut", "df-ud"])
  func anArchitectureThatTheShapesContradictIsRefused(_ name: String) throws {
    expectError(.shapeMismatch, name, "liae-d") {
      _ = try ModelReader.open(
        path: try golden("liae-ud").folder, options: OpenOptions(architecture: name))
    }
  }

  @Test func theGivenLettersOverruleTheFile() throws {
    let network = try golden("liae-ud")
    let model = try ModelReader.open(path: network.folder, options: OpenOptions(architecture: "liae-dc"))
    #expect(model.architecture.name == "liae-dc")
    // A graph computes what it computes.
    expectError(.shapeMismatch, "liae-dc", "liae-ud") {
      _ = try ModelReader.open(path: network.path("golden.dfm"), options: OpenOptions(architecture: "liae-dc"))
    }
    expectError(.unknownArchitecture, "liae-x") {
      _ = try ModelReader.open(path: network.folder, options: OpenOptions(architecture: "liae-x"))
    }
  }

  @Test(arguments: ["inter_AB.npy", "inter_B.npy", "encoder.npy", "decoder.npy"])
  func aMissingFileIsNamed(_ file: String) throws {
    let temporary = try TemporaryFolder()
    let path = try set("liae-ud", without: [file], into: temporary)
    expectError(.missingTensor, "golden_SAEHD_\(file)") { _ = try ModelReader.open(path: path) }
  }

  @Test func severalModelsInAFolderAreListed() throws {
    let temporary = try TemporaryFolder()
    let path = try set("liae-ud", into: temporary)
    try ModelWriter.write(
      try golden("liae-t").model(), to: path, as: .deepFaceLab(modelName: "other"), replacing: false)
    expectError(.invalidArgument, "golden_SAEHD_", "other_SAEHD_") { _ = try ModelReader.open(path: path) }
    #expect(try ModelReader.open(path: temporary("other_SAEHD_encoder.npy")).architecture.name == "liae-t")
  }

  @Test func missingTensorsAreAllNamed() throws {
    let temporary = try TemporaryFolder()
    let path = try set("liae-ud", without: [], into: temporary)
    let file = temporary("golden_SAEHD_decoder.npy")
    var weights = try DeepFaceLabFile.parseWeights(try Bytes.read(path: file), name: "decoder")
    weights["res1/conv2/bias:0"] = nil
    weights["upscalem3/conv1/weight:0"] = nil
    weights["left/over:0"] = try floats([1], [1])
    try DeepFaceLabFile.writeWeights(weights, to: file, replacing: true)
    expectError(
      .missingTensor, "2 tensors", "decoder/res1/conv2/bias:0 with shape [16]",
      "decoder/upscalem3/conv1/weight:0 with shape [3, 3, 8, 16]"
    ) { _ = try ModelReader.open(path: path) }
  }

  @Test func aWrongShapeIsNamedWithTheRightOne() throws {
    let temporary = try TemporaryFolder()
    let path = try set("liae-ud", without: [], into: temporary)
    let file = temporary("golden_SAEHD_decoder.npy")
    var weights = try DeepFaceLabFile.parseWeights(try Bytes.read(path: file), name: "decoder")
    weights["res1/conv2/bias:0"] = try floats([1, 2], [2])
    try DeepFaceLabFile.writeWeights(weights, to: file, replacing: true)
    expectError(.shapeMismatch, "decoder/res1/conv2/bias:0", "[2]", "[16]") { _ = try ModelReader.open(path: path) }
  }

  @Test func unusedTensorsAreNoted() throws {
    let temporary = try TemporaryFolder()
    let path = try set("liae-ud", without: [], into: temporary)
    let file = temporary("golden_SAEHD_encoder.npy")
    var weights = try DeepFaceLabFile.parseWeights(try Bytes.read(path: file), name: "encoder")
    weights["left/over:0"] = try floats([1], [1])
    try DeepFaceLabFile.writeWeights(weights, to: file, replacing: true)
    let notes = try ModelReader.open(path: path).info.notes
    #expect(notes == ["1 tensor not used: encoder/left/over:0"])
  }

  /// DeepFaceLab forks store float16; float64 comes from scripts.
  @Test func otherFloatingPointTypesAreAccepted() throws {
    let temporary = try TemporaryFolder()
    let path = try set("liae-ud", without: [], into: temporary)
    let model = try ModelReader.open(path: path)
    let file = temporary("golden_SAEHD_encoder.npy")
    var weights = try DeepFaceLabFile.parseWeights(try Bytes.read(path: file), name: "encoder")
    let name = "down1/downs_0/conv1/weight:0"
    let original = try #require(weights[name])
    let wide = (0..<original.count).map { Double(original[$0]) }
    weights[name] = try TensorView(
      dtype: .float64, shape: original.shape, storage: try wide.withUnsafeBytes { try Bytes.copy($0) })
    try DeepFaceLabFile.writeWeights(weights, to: file, replacing: true)
    expectSame(model, try ModelReader.open(path: path))
    weights[name] = try TensorView(
      dtype: .int64, shape: original.shape, storage: try wide.withUnsafeBytes { try Bytes.copy($0) })
    try DeepFaceLabFile.writeWeights(weights, to: file, replacing: true)
    expectError(.shapeMismatch, "encoder/\(name)", "int64") { _ = try ModelReader.open(path: path) }
  }

  @Test func dataDatThatContradictsTheWeightsIsRefused() throws {
    let temporary = try TemporaryFolder()
    let path = try set("liae-ud", without: [], into: temporary)
    for (key, value, parts) in [
      ("archi", PickleValue.string("liae-udt"), "liae-udt"), ("archi", .string("sae"), "sae"),
      ("archi", .none, "archi"), ("resolution", .int(128), "128"), ("e_dims", .int(6), "e_dims"),
      ("d_mask_dims", .string("x"), "d_mask_dims"),
    ] {
      var options: [(key: PickleValue, value: PickleValue)] = [(.string(key), value)]
      if key != "archi" { options.append((.string("archi"), .string("liae-ud"))) }
      try DeepFaceLabFile.writeData(
        .dictionary([(.string("iter"), .int(1)), (.string("options"), .dictionary(options))]),
        to: temporary("golden_SAEHD_data.dat"), replacing: true)
      do {
        _ = try ModelReader.open(path: path)
        Issue.record("\(key) was believed")
      } catch { #expect("\(error)".contains(parts), "\(error)") }
    }
  }

  /// The names of other programs in safetensors: the port's, DeepFaceLab's in PyTorch, TensorFlow's; with wrappers.
  @Test func safetensorsWithoutMetadataAreReadByName() throws {
    let temporary = try TemporaryFolder()
    let port = try golden("torch-udt")
    let archive = try TorchArchive.parse(try Bytes.read(path: port.path("state_dict.pt")), name: "pt")
    var tensors = TensorDictionary()
    for (key, value) in try #require(archive.pairs) {
      tensors["module._orig_mod.\(try #require(key.stringValue))"] = value.tensorValue
    }
    try SafetensorsFile.write(tensors, metadata: ["format": "pt"], to: temporary("a.safetensors"), replacing: false)
    let options = OpenOptions(architecture: "liae-udt")
    expectSame(try port.model(), try ModelReader.open(path: temporary("a.safetensors"), options: options))

    let lab = try golden("liae-udt")
    tensors = TensorDictionary()
    for module in ["encoder", "inter_AB", "inter_B", "decoder"] {
      let path = lab.path("golden_SAEHD_\(module).npy")
      let weights = try DeepFaceLabFile.parseWeights(try Bytes.read(path: path), name: module)
      for name in weights.names { tensors["\(module)/\(name)"] = weights[name] }
    }
    try SafetensorsFile.write(tensors, metadata: [:], to: temporary("b.safetensors"), replacing: false)
    expectSame(try lab.model(), try ModelReader.open(path: temporary("b.safetensors")))

    tensors = TensorDictionary()
    tensors["conv1.weight"] = try floats([1], [1])
    try SafetensorsFile.write(tensors, metadata: [:], to: temporary("c.safetensors"), replacing: false)
    expectError(.unknownArchitecture, "conv1.weight") { _ = try ModelReader.open(path: temporary("c.safetensors")) }
  }

  /// Each key of the metadata lied about.
  @Test(arguments: [
    ("liae_checkpoint", "2"), ("architecture", "gan"), ("architecture", "liae-udt"), ("architecture", "df-ud"),
    ("flavour", "keras"), ("flavour", "torch"), ("resolution", "128"), ("resolution", "big"), ("e_dims", "5"),
    ("ae_dims", "-1"), ("d_dims", "99999999999999999999"), ("d_mask_dims", ""), ("color_order", "gbr"),
    ("origin", "moon"), ("iteration", "soon"), ("iteration", "-5"), ("face_type", "banana"),
  ])
  func metadataThatLiesIsRefused(_ key: String, _ value: String) throws {
    let temporary = try TemporaryFolder()
    try ModelWriter.write(
      try golden("liae-ud").model(), to: temporary("a.safetensors"), as: .safetensors(.float32),
      replacing: false)
    var file = try SafetensorsFile.parse(try Bytes.read(path: temporary("a.safetensors")), name: "a")
    for change in [value, nil] {
      file.metadata[key] = change
      // Who wrote the file and when may stay unsaid; without the marker it is somebody else's.
      if change == nil && ["liae_checkpoint", "origin", "iteration", "face_type"].contains(key) { continue }
      try SafetensorsFile.write(file.tensors, metadata: file.metadata, to: temporary("b.safetensors"), replacing: true)
      do {
        _ = try ModelReader.open(path: temporary("b.safetensors"))
        Issue.record("\(key) = \(change ?? "nothing") was believed")
      } catch {
        let status = error.status
        #expect([.corruptFile, .unsupported, .shapeMismatch, .unknownArchitecture].contains(status), "\(error)")
      }
    }
  }

  @Test func otherFilesAreNamedForWhatTheyAre() throws {
    let temporary = try TemporaryFolder()
    expectError(.fileNotFound) { _ = try ModelReader.open(path: temporary("none")) }
    expectError(.unknownFormat, "NAME_SAEHD_encoder.npy") { _ = try ModelReader.open(path: temporary.path) }
    func open(_ name: String, _ content: [UInt8]) throws {
      try File.writeAtomically(temporary(name), replacing: true) { (writer) throws(LiaeError) in
        try writer.write(content)
      }
      _ = try ModelReader.open(path: temporary(name))
    }
    expectError(.unknownFormat, "empty") { try open("a", []) }
    expectError(.unknownFormat, "picture") { try open("a.png", [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]) }
    expectError(.unknownFormat, "numpy") { try open("a.npy", [0x93] + Array("NUMPY".utf8) + [1, 0, 0, 0]) }
    expectError(.unknownFormat, "NAME_SAEHD") { try open("a.pkl", [0x80, 4, 0x7d, 0x2e]) }
    expectError(.missingTensor, "XSeg_") { try open("XSeg_256.npy", [0x80, 4, 0x7d, 0x2e]) }
    expectError(.unsupported, "Quick96") { try open("me_Quick96_encoder.npy", [0x80, 4, 0x7d, 0x2e]) }
    expectError(.unsupported, "set") { _ = try ModelReader.open(memory: try bytes([0x80, 4, 0x7d, 0x2e])) }
  }
}
