// SPDX-License-Identifier: Apache-2.0
import LiaeConvert
import LiaeFormats
import LiaeGraph
import LiaeSystem
import LiaeTensor
import LiaeTestSupport
import Testing

/// The arithmetic that graphs do with shapes: what is computed, and lies.
@Suite struct HostileShapeTests {
  static func integers(_ values: [Int]) throws -> TensorView {
    let storage = try values.map { Int64($0) }.withUnsafeBytes { try Bytes.copy($0) }
    return try TensorView(dtype: .int64, shape: [values.count], storage: storage)
  }

  /// Opens DeepFaceLab's export with the shape of its first Reshape, which flattens 128 numbers, computed by `nodes`.
  func open(_ nodes: [ONNXModel.Node], constants: [String: [Int]] = [:]) throws -> Model {
    var model = try HostileGraphTests.export.get()
    let reshape = try #require(model.graph.nodes.firstIndex { $0.operation == "Reshape" })
    for (name, values) in constants { model.graph.initializers[name] = try Self.integers(values) }
    let value = model.graph.nodes[reshape].inputs[0]
    model.graph.nodes[reshape].inputs[1] = "shape"
    let made = nodes.map { node in
      var node = node
      node.inputs = node.inputs.map { $0 == "value" ? value : $0 }
      return node
    }
    model.graph.nodes.insert(contentsOf: made, at: reshape)
    let folder = try TemporaryFolder()
    try model.write(to: folder("a.dfm"), replacing: false)
    return try ModelReader.open(path: folder("a.dfm"))
  }

  static func node(_ operation: String, _ inputs: [String], _ output: String, _ attributes: [String: Int] = [:])
    -> ONNXModel.Node
  {
    .init(operation, inputs: inputs, outputs: [output], attributes: attributes.mapValues { .integer($0) })
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var nodes: [ONNXModel.Node]
    var constants: [String: [Int]]
    /// The status of the error, and what its message has.
    var status: Status = .ok
    var message = ""
  }

  /// Ways to say (-1, 128).
  static let ways: [Case] = [
    Case(
      testDescription: "batch by Shape and Gather, the rest by division",
      nodes: [
        node("Shape", ["value"], "sizes"), node("Gather", ["sizes", "zero"], "batch"),
        node("Gather", ["sizes", "one"], "channels"), node("Mul", ["channels", "eight"], "wide"),
        node("Div", ["wide", "two"], "flat"), node("Concat", ["batch", "flat"], "shape", ["axis": 0]),
      ], constants: ["zero": [0], "one": [1], "two": [2], "eight": [8]]),
    Case(
      testDescription: "a slice of the shape from its end, and what is left open",
      nodes: [
        node("Shape", ["value"], "sizes"), node("Slice", ["sizes", "minusFour", "minusThree"], "batch"),
        node("Concat", ["batch", "open"], "shape", ["axis": 0]),
      ], constants: ["minusFour": [-4], "minusThree": [-3], "open": [-1]]),
    Case(
      testDescription: "Squeeze, Unsqueeze, Cast, Floor, Range, Where and Equal",
      nodes: [
        node("Range", ["start", "limit", "step"], "range"), node("Gather", ["range", "one"], "item"),
        node("Squeeze", ["item"], "scalar"), node("Cast", ["scalar"], "real", ["to": 1]),
        node("Floor", ["real"], "floor"),
        node("Cast", ["floor"], "whole", ["to": 7]), node("Unsqueeze", ["whole", "zero"], "flat"),
        node("Equal", ["flat", "minusOne"], "isOpen"), node("Where", ["isOpen", "one", "flat"], "checked"),
        node("Sub", ["checked", "zero"], "same"), node("Concat", ["minusOne", "same"], "shape", ["axis": 0]),
      ],
      constants: ["start": [0], "limit": [129], "step": [128], "one": [1], "zero": [0], "minusOne": [-1]]),
    Case(
      testDescription: "a filled list, repeated and negated",
      nodes: [
        node("ConstantOfShape", ["two"], "zeros"), node("Cast", ["zeros"], "whole", ["to": 7]),
        node("Add", ["whole", "negative"], "sum"), node("Neg", ["sum"], "shape"),
      ], constants: ["two": [2], "negative": [1, -128]]),
  ]

  @Test(arguments: ways)
  func shapesAreComputed(_ way: Case) throws {
    expectSame(try golden("liae-udt").model("golden.dfm"), try open(way.nodes, constants: way.constants))
  }

  static func lie(
    _ description: String, _ status: Status, _ message: String, _ constants: [String: [Int]], _ nodes: ONNXModel.Node...
  ) -> Case {
    Case(testDescription: description, nodes: nodes, constants: constants, status: status, message: message)
  }

  static let lies: [Case] = [
    lie("a division by zero", .shapeMismatch, "(Div)", ["a": [128], "b": [0]], node("Div", ["a", "b"], "shape")),
    lie("a remainder by zero", .shapeMismatch, "(Mod)", ["a": [128], "b": [0]], node("Mod", ["a", "b"], "shape")),
    lie("a product past 64 bits", .shapeMismatch, "(Mul)", ["a": [.max], "b": [2]], node("Mul", ["a", "b"], "shape")),
    lie("a sum past 64 bits", .shapeMismatch, "(Add)", ["a": [.max], "b": [1]], node("Add", ["a", "b"], "shape")),
    lie(
      "a quotient past 64 bits", .shapeMismatch, "(Div)", ["a": [.min], "b": [-1]], node("Div", ["a", "b"], "shape")),
    lie("no magnitude", .shapeMismatch, "(Abs)", ["a": [.min]], node("Abs", ["a"], "shape")),
    lie("negative sizes", .shapeMismatch, "(Reshape)", ["a": [1, 128]], node("Neg", ["a"], "shape")),
    lie("huge sizes", .shapeMismatch, "(Reshape)", ["a": [1 << 40, 1 << 40]], node("Identity", ["a"], "shape")),
    lie("an empty shape", .shapeMismatch, "(Reshape)", ["a": []], node("Identity", ["a"], "shape")),
    lie(
      "a size of no number", .shapeMismatch, "(Reciprocal)", ["a": [0]], node("Cast", ["a"], "r", ["to": 1]),
      node("Sqrt", ["r"], "s"), node("Reciprocal", ["s"], "q"), node("Cast", ["q"], "shape", ["to": 7])),
    lie(
      "a root of a negative number", .shapeMismatch, "(Sqrt)", ["a": [-2]], node("Cast", ["a"], "r", ["to": 1]),
      node("Sqrt", ["r"], "shape")),
    lie(
      "rank 20", .shapeMismatch, "(Unsqueeze)", ["a": [128], "axes": Array(0..<19)],
      node("Unsqueeze", ["a", "axes"], "shape")),
    lie(
      "rank 20 of the value", .shapeMismatch, "(Unsqueeze)", ["axes": Array(4..<20)],
      node("Unsqueeze", ["value", "axes"], "wide"), node("Shape", ["wide"], "shape")),
    lie(
      "an axis twice", .shapeMismatch, "(Unsqueeze)", ["a": [128], "axes": [0, 0]],
      node("Unsqueeze", ["a", "axes"], "shape")),
    lie(
      "an axis that there is not", .shapeMismatch, "(Unsqueeze)", ["a": [128], "axes": [.min]],
      node("Unsqueeze", ["a", "axes"], "shape")),
    lie(
      "a dimension that cannot be taken off", .shapeMismatch, "(Squeeze)", ["a": [1, 128], "axes": [0]],
      node("Squeeze", ["a", "axes"], "shape")),
    lie(
      "an element past the end", .shapeMismatch, "(Gather)", ["a": [1, 128], "i": [2]],
      node("Gather", ["a", "i"], "shape")),
    lie(
      "an element before the start", .shapeMismatch, "(Gather)", ["a": [1, 128], "i": [.min]],
      node("Gather", ["a", "i"], "shape")),
    lie(
      "a slice out of range", .shapeMismatch, "(Reshape)", ["a": [1, 128], "s": [7], "e": [.max]],
      node("Slice", ["a", "s", "e"], "shape")),
    lie(
      "a slice of step 0", .corruptFile, "(Slice)", ["a": [1, 128], "s": [0], "e": [2], "x": [0], "t": [0]],
      node("Slice", ["a", "s", "e", "x", "t"], "shape")),
    lie(
      "a slice of the longest steps, which leaves no batch", .shapeMismatch, "(ReduceMean)",
      ["a": [1, 128], "s": [.max], "e": [.min], "x": [0], "t": [.min]],
      node("Slice", ["a", "s", "e", "x", "t"], "shape")),
    lie(
      "a slice of another dimension", .shapeMismatch, "(Slice)", ["a": [1, 128], "s": [0], "e": [2], "x": [3]],
      node("Slice", ["a", "s", "e", "x"], "shape")),
    lie(
      "more starts than ends", .corruptFile, "(Slice)", ["a": [1, 128], "s": [0, 0], "e": [2]],
      node("Slice", ["a", "s", "e"], "shape")),
    lie(
      "a part of the picture", .unknownArchitecture, "(Slice)", ["s": [0], "e": [1], "x": [2]],
      node("Slice", ["value", "s", "e", "x"], "part"), node("Shape", ["part"], "shape")),
    lie(
      "a part of the channels", .unknownArchitecture, "(Shape)", ["s": [0], "e": [1], "x": [1]],
      node("Slice", ["value", "s", "e", "x"], "part"), node("Shape", ["part"], "shape")),
    lie(
      "an endless range", .shapeMismatch, "(Range)", ["s": [0], "e": [.max], "t": [1]],
      node("Range", ["s", "e", "t"], "shape")),
    lie(
      "a range of step 0", .unknownArchitecture, "(Range)", ["s": [0], "e": [1], "t": [0]],
      node("Range", ["s", "e", "t"], "shape")),
    lie(
      "a huge constant", .unknownArchitecture, "(Reshape)", ["a": [1 << 30, 1 << 30]],
      node("ConstantOfShape", ["a"], "huge"), node("Cast", ["huge"], "shape", ["to": 7])),
    lie(
      "a constant too large to count", .shapeMismatch, "(ConstantOfShape)", ["a": [1 << 40, 1 << 40]],
      node("ConstantOfShape", ["a"], "shape")),
    lie(
      "a constant of a negative shape", .shapeMismatch, "(ConstantOfShape)", ["a": [-1]],
      node("ConstantOfShape", ["a"], "shape")),
    lie(
      "an expansion to nothing that fits", .shapeMismatch, "(Expand)", ["a": [1, 128], "b": [3]],
      node("Expand", ["a", "b"], "shape")),
    lie(
      "shapes that do not broadcast", .shapeMismatch, "(Add)", ["a": [1, 128], "b": [1, 2, 3]],
      node("Add", ["a", "b"], "shape")),
    lie(
      "a choice of lists that do not fit", .shapeMismatch, "(Where)", ["c": [0, 1], "a": [1, 128], "b": [1, 2, 3]],
      node("Where", ["c", "a", "b"], "shape")),
    lie("a shape from the picture", .unknownArchitecture, "(Reshape)", [:], node("Sigmoid", ["value"], "shape")),
  ]

  @Test(arguments: lies)
  func aLie(_ lie: Case) throws {
    expectError(lie.status, lie.message) { _ = try open(lie.nodes, constants: lie.constants) }
  }

  /// Long arithmetic on single numbers is read; on long lists it ends.
  @Test func longArithmetic() throws {
    let chain = (0..<15_000).map {
      Self.node("Sub", [$0 == 0 ? "a" : "s\($0 - 1)", "zero"], $0 == 14_999 ? "shape" : "s\($0)")
    }
    expectSame(
      try golden("liae-udt").model("golden.dfm"),
      try open(chain, constants: ["a": [-1, 128], "zero": [0]]))
    expectError(.limitExceeded, "(Neg)", "arithmetic") {
      let negated = (0..<1000).map { Self.node("Neg", [$0 == 0 ? "a" : "s\($0 - 1)"], $0 == 999 ? "shape" : "s\($0)") }
      _ = try open(negated, constants: ["a": Array(0..<4096)])
    }
    expectError(.unknownArchitecture, "(Concat)", "short lists") {
      let doubled = (0..<60).map {
        let half = $0 == 0 ? "a" : "s\($0 - 1)"
        return Self.node("Concat", [half, half], $0 == 59 ? "shape" : "s\($0)", ["axis": 0])
      }
      _ = try open(doubled, constants: ["a": [1, 128]])
    }
  }

  /// Doubling the channels again and again ends before memory does.
  @Test func concatenationsOfConcatenations() throws {
    expectError(.shapeMismatch, "(Concat)") {
      let doubled = (0..<80).map {
        let half = $0 == 0 ? "value" : "s\($0 - 1)"
        return Self.node("Concat", [half, half], "s\($0)", ["axis": 1])
      }
      _ = try open(doubled + [Self.node("Shape", ["s79"], "shape")])
    }
  }
}
