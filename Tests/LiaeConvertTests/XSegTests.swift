// SPDX-License-Identifier: Apache-2.0
import LiaeConvert
import LiaeFormats
import LiaeGraph
import LiaeSystem
import LiaeTensor
import LiaeTestSupport
import Testing

/// XSeg models of DeepFaceLab: the genuine files, every way out and back, and files that lie.
@Suite struct XSegTests {
  private func set(without: [String] = [], into temporary: TemporaryFolder) throws -> String {
    try copiedSet(try golden("xseg-b4"), without: without + [".txt"], into: temporary)
  }

  @Test func aFolderIsRead() throws {
    let model = try golden("xseg-b4").model()
    #expect(model.architecture == .xseg(baseDims: 4) && !model.graph.canSwap)
    #expect(model.info.origin == .deepFaceLab && model.info.faceType == "whole_face" && model.info.iteration == 1234)
    #expect(model.info.guesses.isEmpty && model.info.notes.isEmpty)
    expectSame(model, try golden("xseg-b4").model("XSeg_256.npy"))
    expectSame(model, try golden("xseg-b4").model("XSeg_data.dat"))
  }

  @Test func withoutDataDatTheFaceTypeIsNotKnown() throws {
    let temporary = try TemporaryFolder()
    let model = try ModelReader.open(path: try set(without: ["data.dat"], into: temporary))
    expectSame(try golden("xseg-b4").model(), model)
    #expect(model.info.faceType == nil && model.info.iteration == nil && model.info.guesses.isEmpty)
  }

  /// DeepFaceLab keeps it in the folder of the model that swaps, which the folder stands for.
  @Test func besideAModelThatSwaps() throws {
    let temporary = try TemporaryFolder()
    let path = try set(into: temporary)
    #expect(ModelReader.segmentationFile(path) == temporary("XSeg_256.npy"))
    _ = try copiedSet(try golden("liae-udt"), without: [], into: temporary)
    expectSame(try golden("liae-udt").model(), try ModelReader.open(path: path))
    expectSame(try golden("xseg-b4").model(), try ModelReader.open(path: ModelReader.segmentationFile(path)))
    #expect(ModelReader.segmentationFile("\(path)/other") == "\(path)/other")
  }

  /// tf2onnx folds the absolute value of the epsilons, and nothing else is changed.
  @Test(arguments: [nil, "input"]) func anExportHoldsTheSameWeights(_ input: String?) throws {
    let network = try golden("xseg-b4"), model = try network.model()
    let temporary = try TemporaryFolder()
    var path = network.path("XSeg_model.onnx")
    if let input {
      // As FaceFusion wants it: the input has another name, and the batch is one.
      let bytes = try Bytes.read(path: path)
      var onnx = try ONNXModel.parse(bytes, name: path)
      let old = onnx.graph.inputs[0].name
      onnx.graph.inputs[0].name = input
      onnx.graph.inputs[0].shape = [.fixed(1), .fixed(256), .fixed(256), .fixed(3)]
      for index in onnx.graph.nodes.indices {
        onnx.graph.nodes[index].inputs = onnx.graph.nodes[index].inputs.map { $0 == old ? input : $0 }
      }
      path = temporary("xseg_1.onnx")
      try onnx.write(to: path, replacing: false)
    }
    let export = try ModelReader.open(path: path)
    let epsilons = Set(model.graph.tensors.map(\.name).filter { $0.hasSuffix(".eps") })
    #expect(epsilons.count == 36)
    expectSame(model, export, except: epsilons)
    for name in epsilons { #expect(try export.tensor(name)[0] == abs(try model.tensor(name)[0])) }
    #expect(export.info.faceType == nil && export.info.guesses.isEmpty)
  }

  @Test func safetensorsAndDeepFaceLabKeepEveryBit() throws {
    let temporary = try TemporaryFolder()
    let model = try golden("xseg-b4").model()
    try ModelWriter.write(model, to: temporary("x.safetensors"), as: .safetensors(.float32), replacing: false)
    let frozen = try ModelReader.open(path: temporary("x.safetensors"))
    expectSame(model, frozen)
    #expect(frozen.info.faceType == "whole_face" && frozen.info.iteration == 1234)
    try ModelWriter.write(frozen, to: temporary("set"), as: .deepFaceLab(modelName: "me"), replacing: false)
    #expect(try File.list(temporary("set")) == ["XSeg_256.npy", "XSeg_data.dat"])
    let back = try ModelReader.open(path: temporary("set"))
    expectSame(model, back)
    #expect(back.info.faceType == "whole_face" && back.info.iteration == 1234 && back.info.guesses.isEmpty)
    // The keys stand in DeepFaceLab's order.
    let keys = { (path: String) throws in
      try DeepFaceLabFile.parseWeights(try Bytes.read(path: path), name: path).names
    }
    #expect(try keys(temporary("set/XSeg_256.npy")) == keys(try golden("xseg-b4").path("XSeg_256.npy")))
  }

  @Test func onnxKeepsEveryBitButSigns() throws {
    let temporary = try TemporaryFolder()
    let model = try golden("xseg-b4").model()
    try ModelWriter.write(model, to: temporary("x.onnx"), as: .dfm(.float32), replacing: false)
    expectSame(try golden("xseg-b4").model("XSeg_model.onnx"), try ModelReader.open(path: temporary("x.onnx")))
    // The same operators as often as in DeepFaceLab's export.
    func operators(_ path: String) throws -> [String: Int] {
      try ONNXModel.parse(try Bytes.read(path: path), name: path).graph.nodes.reduce(into: [:]) {
        $0[$1.operation, default: 0] += 1
      }
    }
    let (ours, theirs) = (
      try operators(temporary("x.onnx")), try operators(try golden("xseg-b4").path("XSeg_model.onnx"))
    )
    for name in ["Conv", "ConvTranspose", "Pad", "GlobalAveragePool", "Sqrt", "Div", "Max", "Mul", "Add", "Concat"] {
      #expect(ours[name] == theirs[name], "\(name)")
    }
  }

  @Test func whatNoFormatHas() throws {
    let temporary = try TemporaryFolder()
    let model = try golden("xseg-b4").model()
    expectError(.unsupported, "xseg") {
      try ModelWriter.write(model, to: temporary("x.pt"), as: .torch, replacing: false)
    }
    expectError(.unsupported, "float16") {
      try ModelWriter.write(model, to: temporary("x.onnx"), as: .dfm(.float16), replacing: false)
    }
    let small = try Model.random(.xseg(resolution: 64, baseDims: 2))
    expectError(.unsupported, "256") {
      try ModelWriter.write(small, to: temporary("set"), as: .deepFaceLab(modelName: "me"), replacing: false)
    }
    #expect(try File.list(temporary.path) == [])
  }

  /// A pool of a level with one channel has no groups that tell it from a layer.
  @Test(arguments: 1...4) func narrowNetworksInONNX(_ baseDims: Int) throws {
    let temporary = try TemporaryFolder()
    let model = try Model.random(.xseg(resolution: 64, baseDims: baseDims))
    try ModelWriter.write(model, to: temporary("s.onnx"), as: .dfm(.float32), replacing: false)
    expectSame(model, try ModelReader.open(path: temporary("s.onnx")))
  }

  // MARK: - Damage

  @Test func filesThatAreCutOffAreErrors() throws {
    for file in ["XSeg_256.npy", "XSeg_model.onnx", "XSeg_data.dat"] {
      let whole = try Bytes.read(path: try golden("xseg-b4").path(file))
      for share in [0, 0.01, 0.3, 0.9, 0.9999] {
        let temporary = try TemporaryFolder()
        _ = try set(into: temporary)
        let count = Int(Double(whole.count) * share)
        try File.writeAtomically(temporary(file), replacing: true) { (writer) throws(LiaeError) in
          try writer.write(UnsafeRawBufferPointer(rebasing: whole.raw[..<count]))
        }
        #expect(throws: LiaeError.self, "\(file) of \(count) bytes") { _ = try ModelReader.open(path: temporary(file)) }
      }
    }
  }

  /// A tensor of another width than the others is named with what is expected; so is one that is missing.
  @Test(arguments: [
    ("conv02/conv/weight:0", [3, 3, 4, 5]), ("conv12/frn/weight:0", [9]), ("up2/conv/weight:0", [3, 3, 32, 16]),
    ("conv33/tlu/tau:0", [31]), ("conv01/frn/eps:0", [2]), ("dense2/bias:0", [511]), ("uconv01/conv/bias:0", nil),
    ("out_conv/weight:0", nil), ("up0/frn/eps:0", nil),
  ])
  func tensorsThatDoNotFitAreNamed(_ key: String, _ shape: [Int]?) throws {
    let temporary = try TemporaryFolder()
    let path = try set(into: temporary), name = temporary("XSeg_256.npy")
    var weights = try DeepFaceLabFile.parseWeights(try Bytes.read(path: name), name: name)
    weights[key] = try shape.map { try floats([Float](repeating: 0, count: $0.reduce(1, *)), $0) }
    try DeepFaceLabFile.writeWeights(weights, to: name, replacing: true)
    if let shape {
      expectError(.shapeMismatch, "xseg/\(key)", "\(shape)") { _ = try ModelReader.open(path: path) }
    } else {
      expectError(.missingTensor, "xseg/\(key)") { _ = try ModelReader.open(path: path) }
    }
  }

  /// An ONNX graph that is no XSeg in one place says at which node.
  @Test(arguments: ["pool", "pads", "stride", "scalar"]) func graphsThatDifferAreRefused(_ lie: String) throws {
    let temporary = try TemporaryFolder()
    let path = try golden("xseg-b4").path("XSeg_model.onnx")
    var onnx = try ONNXModel.parse(try Bytes.read(path: path), name: path)
    func change(_ operation: String, _ body: (inout ONNXModel.Node) -> Void) throws {
      let index = try #require(onnx.graph.nodes.firstIndex { $0.operation == operation })
      body(&onnx.graph.nodes[index])
    }
    switch lie {
    case "pool": try change("GlobalAveragePool") { $0.operation = "GlobalMaxPool" }
    case "pads": try change("ConvTranspose") { $0.attributes["pads"] = .integers([1, 1, 0, 0]) }
    case "stride": try change("ConvTranspose") { $0.attributes["strides"] = .integers([1, 1]) }
    default: try change("Max") { $0.operation = "Min" }
    }
    try onnx.write(to: temporary("x.onnx"), replacing: false)
    #expect(throws: LiaeError.self) { _ = try ModelReader.open(path: temporary("x.onnx")) }
  }
}
