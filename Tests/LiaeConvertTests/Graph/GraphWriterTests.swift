// SPDX-License-Identifier: Apache-2.0
import LiaeConvert
import LiaeFormats
import LiaeGraph
import LiaeSystem
import LiaeTensor
import LiaeTestSupport
import Testing

/// Tests what a written `.dfm` consists of. Whether it computes the network is tested with onnxruntime, in Python.
@Suite struct GraphWriterTests {
  func written(_ model: Model, _ dtype: DType) throws -> ONNXModel {
    let folder = try TemporaryFolder()
    try ModelWriter.write(model, to: folder("a.dfm"), as: .dfm(dtype), replacing: false)
    return try ONNXModel.parse(try Bytes.read(path: folder("a.dfm")), name: "a")
  }

  /// The graph has as many operators of each kind as the export that DeepFaceLab made of the same network.
  @Test func anAMPGraphHasTheOperatorsOfDeepFaceLabs() throws {
    let network = try golden("amp-64")
    let theirs = try ONNXModel.parse(try Bytes.read(path: network.path("golden.dfm")), name: "golden")
    let ours = try written(try network.model(), .float32)
    for operation in ["Conv", "MatMul", "LeakyRelu", "Sigmoid", "Slice"] {
      let counts = [ours, theirs].map { $0.graph.nodes.filter { $0.operation == operation }.count }
      // Theirs slices the one number out of morph_value.
      #expect(counts[0] == counts[1] - (operation == "Slice" ? 1 : 0), "\(operation)")
    }
    #expect(ours.graph.inputs.map(\.name) == theirs.graph.inputs.map(\.name))
    #expect(ours.graph.inputs.last?.shape == [.fixed(1)] && ours.graph.inputs.last?.dtype == .float32)
    #expect(ours.graph.outputs.map(\.name) == theirs.graph.outputs.map(\.name))
    #expect(
      ours.irVersion == theirs.irVersion && ours.operatorSets.first?.version == theirs.operatorSets.first?.version)
    #expect(ours.graph.name == "AMP")
  }

  /// Types are worked out node by node: convolutions compute in half precision, dense layers do not, and every Cast
  /// changes something.
  @Test(arguments: ["liae", "liae-udt", "liae-uc", "df-ud", "amp-64"])
  func halfPrecisionIsWhereDeepFaceLabHasIt(_ name: String) throws {
    let model = try golden(name).model()
    let graph = try written(model, .float16).graph
    var types: [String: DType] = [:]
    for initializer in graph.initializers.names { types[initializer] = graph.initializers[initializer]?.dtype }
    for input in graph.inputs { types[input.name] = input.dtype }
    for node in graph.nodes {
      let inputs = node.inputs.compactMap { types[$0] }
      #expect(inputs.count == node.inputs.count)
      switch node.operation {
      case "Conv":
        #expect(inputs == [.float16, .float16], "\(node.name)")
        types[node.outputs[0]] = .float16
      case "MatMul", "ReduceMean", "Sqrt", "Reciprocal":
        #expect(inputs.allSatisfy { $0 == .float32 }, "\(node.name)")
        types[node.outputs[0]] = .float32
      case "Cast":
        let code = node.integer("to")
        types[node.outputs[0]] = code == 10 ? .float16 : code == 1 ? .float32 : .int64
        #expect(inputs[0] != types[node.outputs[0]], "\(node.name)")
      case "Reshape", "Slice": types[node.outputs[0]] = inputs[0]
      default:
        #expect(Set(inputs).count == 1, "\(node.name) mixes \(inputs)")
        types[node.outputs[0]] = inputs[0]
      }
    }
    for output in graph.outputs { #expect(types[output.name] == .float32, "\(output.name)") }
    for spec in model.graph.tensors {
      guard let found = types[spec.name] else {
        #expect(name == "df-ud" && spec.name.hasPrefix("decoder_dst."), "\(spec.name) is missing")
        continue
      }
      #expect(found == (spec.name.contains(".dense") ? .float32 : .float16), "\(spec.name)")
    }
    // One for what the encoder reads, one behind it, one for each output; one for each code or picture of a latent module.
    let casts = graph.nodes.filter { $0.operation == "Cast" && $0.integer("to") != 7 }.count
    #expect(casts == (name == "df-ud" ? 6 : 7))
  }

  /// The half-precision export is written as it was read.
  @Test(arguments: ["liae-ud", "liae-udt"])
  func aQuantizedExportStaysWhatItIs(_ name: String) throws {
    let folder = try TemporaryFolder()
    let export = try golden(name).model("golden_fp16.dfm")
    try ModelWriter.write(export, to: folder("a.dfm"), as: .dfm(.float16), replacing: false)
    let again = try ModelReader.open(path: folder("a.dfm"))
    expectSame(export, again)
    #expect(again.tensors["decoder.out_conv.weight"]?.dtype == .float16)
  }

  @Test func otherTypesAreRefused() throws {
    let folder = try TemporaryFolder()
    let model = try golden("liae-ud").model()
    for dtype in [DType.bfloat16, .float64, .int8] {
      expectError(.invalidArgument, "float16", dtype.rawValue) {
        try ModelWriter.write(model, to: folder("a.dfm"), as: .dfm(dtype), replacing: false)
      }
    }
    #expect(File.kind(folder("a.dfm")) == nil)
  }

  @Test func aNumberTooLargeForHalfPrecisionIsSaid() throws {
    let folder = try TemporaryFolder()
    let architecture = Architecture(resolution: 64, eDims: 1, aeDims: 1, dDims: 1, dMaskDims: 1)
    let model = try Model.random(architecture)
    var tensors = model.tensors
    // A dense layer stays float32, so that it may hold what a convolution may not.
    tensors["inter_B.dense1.bias"] = try floats([7e4], [1])
    let dense = try Model(architecture: architecture, info: model.info, tensors: tensors)
    try ModelWriter.write(dense, to: folder("a.dfm"), as: .dfm(.float16), replacing: false)
    tensors["decoder.out_conv.bias"] = try floats([0, 7e4, 0], [3])
    let large = try Model(architecture: architecture, info: model.info, tensors: tensors)
    expectError(.unsupported, folder("b.dfm"), "decoder.out_conv.bias", "70000") {
      try ModelWriter.write(large, to: folder("b.dfm"), as: .dfm(.float16), replacing: false)
    }
    #expect(File.kind(folder("b.dfm")) == nil)
  }
}
