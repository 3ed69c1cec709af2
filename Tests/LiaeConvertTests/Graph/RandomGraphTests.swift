// SPDX-License-Identifier: Apache-2.0
import LiaeConvert
import LiaeFormats
import LiaeGraph
import LiaeSystem
import LiaeTensor
import LiaeTestSupport
import Testing

/// Genuine exports with some of their nodes changed by chance: opened or refused with the name of the file, never a trap.
@Suite struct RandomGraphTests {
  static let operations = [
    "Add", "Sub", "Mul", "Div", "Mod", "Pow", "Min", "Max", "Equal", "Less", "Greater", "And", "Where", "Neg", "Abs",
    "Floor",
    "Ceil", "Sqrt", "Reciprocal", "Not", "Cast", "CastLike", "Shape", "Size", "Gather", "Slice", "Split", "Concat",
    "Tile",
    "Squeeze", "Unsqueeze", "Reshape", "Flatten", "Transpose", "Expand", "ConstantOfShape", "Range", "Identity",
    "Dropout",
    "DepthToSpace", "Conv", "MatMul", "Gemm", "Pad", "LeakyRelu", "PRelu", "Cos", "Sigmoid", "Clip", "ReduceMean",
    "ReduceSum", "ReduceSumSquare", "ReduceL2", "Sum",
  ]
  static let numbers = [0, 1, -1, 2, 3, 4, 5, 7, 64, -64, 1 << 31, .max, .min, 1 << 40]

  /// Rounds of changes for each file; LIAE_LONG_TESTS=1 has more.
  static var rounds: Int { environmentVariable("LIAE_LONG_TESTS") == nil ? 300 : 5000 }

  @Test(arguments: ["liae-udt/golden.dfm", "amp-64/golden.dfm", "df-ud/golden.dfm"])
  func changedByChance(_ path: String) throws {
    let parts = path.split(separator: "/").map(String.init)
    let bytes = try Bytes.read(path: try golden(parts[0]).path(parts[1]))
    let original = try ONNXModel.parse(bytes, name: "original")
    let folder = try TemporaryFolder()
    var generator = SplitMix64(state: 17)
    var refused = 0
    for round in 0..<Self.rounds {
      var model = original
      for _ in 0...Int(generator.next() % 3) { change(&model.graph, &generator) }
      try model.write(to: folder("a.onnx"), replacing: true)
      do throws(LiaeError) { _ = try ModelReader.open(path: folder("a.onnx")) } catch {
        refused += 1
        #expect(error.message.hasPrefix(folder("a.onnx")), "round \(round): \(error)")
        #expect(error.status != .internalError, "round \(round): \(error)")
      }
    }
    #expect(refused > Self.rounds / 4)
  }

  private func change(_ graph: inout ONNXModel.Graph, _ generator: inout SplitMix64) {
    func below(_ count: Int) -> Int { Int(generator.next() % UInt64(max(1, count))) }
    func number() -> Int { Self.numbers[below(Self.numbers.count)] }
    let place = below(graph.nodes.count)
    var values = graph.nodes[..<place].flatMap(\.outputs) + graph.inputs.map(\.name)
    values += graph.initializers.names
    switch below(7) {
    case 0: graph.nodes[place].operation = Self.operations[below(Self.operations.count)]
    case 1:
      guard !graph.nodes[place].inputs.isEmpty else { return }
      graph.nodes[place].inputs[below(graph.nodes[place].inputs.count)] = values[below(values.count)]
    case 2: graph.nodes[place].inputs.append(values[below(values.count)])
    case 3: if !graph.nodes[place].inputs.isEmpty { graph.nodes[place].inputs.removeLast() }
    case 4:
      let names = ["axis", "axes", "perm", "pads", "strides", "keepdims", "to", "blocksize", "group", "allowzero"]
      let list = (0..<below(7)).map { _ in number() }
      graph.nodes[place].attributes[names[below(names.count)]] = below(2) == 0 ? .integer(number()) : .integers(list)
    case 5:
      // A node of any kind between a value and its reader.
      guard let first = graph.nodes[place].inputs.first else { return }
      var node = ONNXModel.Node(
        Self.operations[below(Self.operations.count)], inputs: [first], outputs: ["new\(graph.nodes.count)"])
      for _ in 0..<below(3) { node.inputs.append(values[below(values.count)]) }
      graph.nodes[place].inputs[0] = node.outputs[0]
      graph.nodes.insert(node, at: place)
    default:
      // Shapes and other lists of whole numbers.
      let shapes = graph.initializers.names.filter { graph.initializers[$0]?.dtype == .int64 }
      guard !shapes.isEmpty else { return }
      let list = (0..<below(6)).map { _ in number() }
      graph.initializers[shapes[below(shapes.count)]] = try? HostileShapeTests.integers(list)
    }
  }
}
