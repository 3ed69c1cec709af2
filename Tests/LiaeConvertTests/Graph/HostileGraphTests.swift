// SPDX-License-Identifier: Apache-2.0
import LiaeConvert
import LiaeFormats
import LiaeGraph
import LiaeSystem
import LiaeTensor
import LiaeTestSupport
import Testing

/// A genuine export with one thing in its graph changed.
@Suite struct HostileGraphTests {
  static let export = Result {
    let path = try golden("liae-udt").path("golden.dfm")
    return try ONNXModel.parse(try Bytes.read(path: path), name: "export")
  }

  func open(_ model: ONNXModel) throws -> Model {
    let folder = try TemporaryFolder()
    try model.write(to: folder("a.dfm"), replacing: false)
    return try ModelReader.open(path: folder("a.dfm"))
  }

  /// Opens the export after `change`; `change` returns whether it found what it wanted to change.
  func lie(_ change: (inout ONNXModel.Graph) throws -> Bool) throws -> Model {
    var model = try Self.export.get()
    try #require(try change(&model.graph))
    return try open(model)
  }

  func node(_ graph: ONNXModel.Graph, _ operation: String, _ place: Int = 0) throws -> Int {
    let all = graph.nodes.indices.filter { graph.nodes[$0].operation == operation }
    try #require(place < all.count)
    return all[place]
  }

  @Test func unchangedItOpens() throws {
    expectSame(try golden("liae-udt").model("golden.dfm"), try lie { _ in true })
  }

  @Test func aCircle() throws {
    expectError(.corruptFile, "cycle") {
      _ = try lie {
        let conv = try node($0, "Conv", 1)
        $0.nodes[conv].inputs[0] = $0.nodes[conv + 1].outputs[0]
        return true
      }
    }
  }

  @Test func aNodeThatReadsItself() throws {
    expectError(.corruptFile, "cycle") {
      _ = try lie {
        let conv = try node($0, "Conv")
        $0.nodes[conv].inputs[0] = $0.nodes[conv].outputs[0]
        return true
      }
    }
  }

  @Test func aMissingInitializer() throws {
    expectError(.corruptFile, "nothing makes") {
      _ = try lie {
        $0.initializers[$0.nodes[try node($0, "Conv", 3)].inputs[1]] = nil
        return true
      }
    }
  }

  @Test func weightsOfAnotherShape() throws {
    for shape in [[4, 3, 5, 15], [4, 5, 3, 5], [300], [4, 75], [4, 3, 25, 1], [300, 1, 1, 1]] {
      expectError(.shapeMismatch, "Conv") {
        _ = try lie {
          let name = $0.nodes[try node($0, "Conv")].inputs[1]
          $0.initializers[name] = try floats([Float](repeating: 1, count: shape.reduce(1, *)), shape)
          return true
        }
      }
    }
  }

  @Test func weightsThatAreNoFloats() throws {
    expectError(.shapeMismatch, "Conv", "no floats") {
      _ = try lie {
        let name = $0.nodes[try node($0, "Conv")].inputs[1]
        let old = try #require($0.initializers[name])
        $0.initializers[name] = try TensorView(
          dtype: .int32, shape: old.shape, storage: old.storage, offset: old.offset)
        return true
      }
    }
  }

  @Test func aBiasOfAnotherSize() throws {
    for shape in [[1, 5, 1, 1], [1, 1, 1, 4], [4, 1, 1, 1], [2, 2, 1, 1], [1, 1, 4, 1, 1]] {
      expectError(.shapeMismatch, "bias") {
        _ = try lie {
          let name = $0.nodes[try node($0, "Add")].inputs[1]
          $0.initializers[name] = try floats([Float](repeating: 0, count: shape.reduce(1, *)), shape)
          return true
        }
      }
    }
  }

  @Test func denseWeightsOfAnotherShape() throws {
    expectError(.shapeMismatch, "MatMul") {
      _ = try lie {
        let name = $0.nodes[try node($0, "MatMul")].inputs[1]
        $0.initializers[name] = try floats([Float](repeating: 0, count: 8), [1, 8])
        return true
      }
    }
  }

  @Test(arguments: [
    ("strides", ONNXModel.Attribute.integers([3, 3])), ("strides", .integers([])), ("pads", .integers([1, 2, 1, 2])),
    ("pads", .integers([-2, -2, -2, -2])), ("pads", .integers([Int.max, Int.max, Int.max, Int.max])),
    ("dilations", .integers([2, 2])), ("group", .integer(2)), ("auto_pad", .string("SAME_UPPER")),
    ("kernel_shape", .integers([3, 3])),
  ])
  func aConvolutionOfAnotherKind(_ name: String, _ value: ONNXModel.Attribute) throws {
    expectError(.unknownArchitecture, "Conv") {
      _ = try lie {
        $0.nodes[try node($0, "Conv")].attributes[name] = value
        return true
      }
    }
  }

  @Test func anotherSlope() throws {
    expectError(.unknownArchitecture, "slope") {
      _ = try lie {
        $0.nodes[try node($0, "LeakyRelu")].attributes["alpha"] = .float(0.3)
        return true
      }
    }
  }

  @Test func anotherEpsilon() throws {
    expectError(.unknownArchitecture, "(Mul)", "epsilon 0.001") {
      _ = try lie {
        let add = try node($0, "ReduceMean") + 1
        $0.initializers[$0.nodes[add].inputs[1]] = try floats([1e-3], [])
        return true
      }
    }
  }

  @Test(arguments: ["Relu", "Loop", "If", "Softmax", "", "conv"])
  func anotherOperator(_ operation: String) throws {
    expectError(.unknownArchitecture, "(\(operation))") {
      _ = try lie {
        $0.nodes[try node($0, "LeakyRelu", 4)].operation = operation
        return true
      }
    }
  }

  @Test func anOperatorOfAnotherDomain() throws {
    expectError(.unknownArchitecture, "com.example") {
      _ = try lie {
        $0.nodes[0].domain = "com.example"
        return true
      }
    }
  }

  @Test(arguments: [[], [0, 3, 1], [9, 9, 9, 9], [-1, 3, 1, 2], [0, 0, 1, 2]])
  func anImpossibleTransposition(_ order: [Int]) throws {
    expectError(.shapeMismatch, "Transpose") {
      _ = try lie {
        $0.nodes[0].attributes["perm"] = .integers(order)
        return true
      }
    }
  }

  @Test(arguments: [[0, 1, 2, 3], [0, 2, 3, 1], [0, 3, 2, 1]])
  func anotherTransposition(_ order: [Int]) throws {
    expectError(.unknownArchitecture, "Conv", "order") {
      _ = try lie {
        $0.nodes[0].attributes["perm"] = .integers(order)
        return true
      }
    }
  }

  @Test(arguments: [
    [], [-1], [-1, -1, 4], [-1, 0, 128], [-1, Int64.max, Int64.max], [-1, 127], [1, 2, 3, 4, 5, 6, 7], [-1, -5, -5],
  ])
  func aReshapeToAnotherShape(_ sizes: [Int64]) throws {
    do {
      _ = try lie {
        let reshape = try node($0, "Reshape")
        let storage = try sizes.withUnsafeBytes { try Bytes.copy($0) }
        $0.initializers[$0.nodes[reshape].inputs[1]] = try TensorView(
          dtype: .int64, shape: [sizes.count], storage: storage)
        return true
      }
      Issue.record("\(sizes) was believed")
    } catch let error as LiaeError {
      #expect([.unknownArchitecture, .shapeMismatch].contains(error.status), "\(error)")
    }
  }

  @Test func aMissingOutput() throws {
    // The mask of the destination with the picture of the swap, and without any mask of the destination.
    expectError(.unknownArchitecture, "other weights than another run of inter_AB") {
      _ = try lie {
        $0.outputs.removeLast(); return true
      }
    }
    expectError(.missingTensor, "inter_B", "destination's mask") {
      _ = try lie {
        $0.outputs.removeFirst(); return true
      }
    }
    expectError(.corruptFile, "nowhere") {
      _ = try lie {
        $0.outputs[1].name = "nowhere"; return true
      }
    }
    expectError(.unknownArchitecture, "0 outputs") {
      _ = try lie {
        $0.outputs = []; return true
      }
    }
  }

  @Test func anotherInput() throws {
    typealias Dimension = ONNXModel.Dimension
    let lies: [[Dimension]?] = [
      nil, [], [.fixed(1), .fixed(64), .fixed(64), .fixed(4)], [.fixed(1), .fixed(64), .fixed(32), .fixed(3)],
      [.fixed(1), .symbolic("R"), .symbolic("R"), .fixed(3)], [.fixed(1), .fixed(-64), .fixed(-64), .fixed(3)],
      [.fixed(1), .fixed(Int.max), .fixed(Int.max), .fixed(3)], [.fixed(1), .fixed(96), .fixed(96), .fixed(3)],
    ]
    for shape in lies {
      expectError(.shapeMismatch) {
        _ = try lie {
          $0.inputs[0].shape = shape; return true
        }
      }
    }
    expectError(.unknownArchitecture, "0 inputs") {
      _ = try lie {
        $0.inputs = []; return true
      }
    }
  }

  @Test func anInputThatNothingReads() throws {
    expectSame(
      try golden("liae-udt").model("golden.dfm"),
      try lie {
        $0.inputs.append(.init(name: "morph_value:0", dtype: .float32, shape: [.fixed(1)]))
        return true
      })
    expectError(.unknownArchitecture, "3 inputs") {
      _ = try lie {
        for name in ["a", "b"] { $0.inputs.append(.init(name: name, dtype: .float32, shape: [.fixed(1)])) }
        return true
      }
    }
  }

  /// What no output needs may be anything.
  @Test func nodesThatNothingReads() throws {
    expectSame(
      try golden("liae-udt").model("golden.dfm"),
      try lie {
        $0.nodes.append(.init("Loop", domain: "com.example", inputs: [$0.nodes[3].outputs[0]], outputs: ["dead"]))
        return true
      })
  }

  /// The swap's code must be one module twice, and the destination's end in it.
  @Test func theLatentModulesWiredOtherwise() throws {
    expectError(.unknownArchitecture) {
      _ = try lie { graph in
        let nodes = graph.nodes
        let concat = nodes.indices.filter { nodes[$0].operation == "Concat" && nodes[$0].inputs.count == 2 }
        for i in concat { graph.nodes[i].inputs.reverse() }
        return concat.count == 2
      }
    }
  }

  /// The destination's mask from other weights than the swap's.
  @Test func twoMaskBranches() throws {
    expectError(.unknownArchitecture, "other weights") {
      _ = try lie { graph in
        var uses: [String: [Int]] = [:]
        for (i, node) in graph.nodes.enumerated() where node.operation == "Conv" {
          uses[node.inputs[1], default: []].append(i)
        }
        guard let (name, nodes) = uses.first(where: { $0.value.count == 2 }), let tensor = graph.initializers[name]
        else {
          return false
        }
        graph.initializers["other"] = try floats((0..<tensor.count).map { tensor[$0] + 1 }, tensor.shape)
        graph.nodes[nodes[1]].inputs[1] = "other"
        return true
      }
    }
  }

  /// The order of outputs and all their names are of no weight where the wiring tells.
  @Test func outputsMayStandInAnyOrder() throws {
    expectSame(
      try golden("liae-udt").model("golden.dfm"),
      try lie {
        $0.outputs.reverse(); return true
      })
  }

  @Test func anOutputMadeTwice() throws {
    expectError(.corruptFile, "already") {
      _ = try lie {
        $0.nodes.append($0.nodes[1]); return true
      }
    }
  }

  /// Two layers may read the same weights: both have them.
  @Test func weightsOfTwoLayers() throws {
    let model = try lie { graph in
      // The two convolutions of encoder.res1, and their biases.
      let convolutions = graph.nodes.indices.filter { graph.nodes[$0].operation == "Conv" }
      graph.nodes[convolutions[2]].inputs[1] = graph.nodes[convolutions[1]].inputs[1]
      graph.nodes[convolutions[2] + 1].inputs[1] = graph.nodes[convolutions[1] + 1].inputs[1]
      return true
    }
    for leaf in ["weight", "bias"] {
      let (a, b) = (try model.tensor("encoder.res1.conv1.\(leaf)"), try model.tensor("encoder.res1.conv2.\(leaf)"))
      let theirs = try golden("liae-udt").model()
      let original = try theirs.tensor("encoder.res1.conv1.\(leaf)")
      #expect((0..<a.count).allSatisfy { a[$0] == b[$0] && a[$0] == original[$0] } && a.count == original.count)
    }
  }

  @Test func weightsOfTwoNodesThatNeedThemInTwoShapes() throws {
    for (place, status) in [(0, Status.shapeMismatch), (3, .unknownArchitecture)] {
      expectError(status, "(Conv)") {
        _ = try lie { graph in
          let convolutions = graph.nodes.indices.filter { graph.nodes[$0].operation == "Conv" }
          graph.nodes[convolutions[2]].inputs[1] = graph.nodes[convolutions[place]].inputs[1]
          return true
        }
      }
    }
    // The weights of a convolution as a dense layer's, and as a shape.
    for operation in ["MatMul", "Reshape"] {
      let status: Status = operation == "MatMul" ? .shapeMismatch : .unknownArchitecture
      expectError(status, "(\(operation))") {
        _ = try lie { graph in
          let name = graph.nodes[try node(graph, "Conv", 2)].inputs[1]
          graph.nodes[try node(graph, operation)].inputs[1] = name
          return true
        }
      }
    }
  }

  @Test func aThousandNodes() throws {
    // Some way between convolutions, over values that change nothing: read as if they were not there.
    expectSame(
      try golden("liae-udt").model("golden.dfm"),
      try lie { graph in
        let conv = try node(graph, "Conv", 1)
        var value = graph.nodes[conv].inputs[0]
        var steps: [ONNXModel.Node] = []
        for i in 0..<1000 {
          steps.append(.init(i % 2 == 0 ? "Identity" : "Dropout", inputs: [value], outputs: ["step\(i)"]))
          value = "step\(i)"
        }
        graph.nodes[conv].inputs[0] = value
        graph.nodes.insert(contentsOf: steps, at: conv)
        return true
      })
    expectError(.limitExceeded, "more than 20000 nodes") {
      _ = try lie { graph in
        for i in 0..<100_000 { graph.nodes.append(.init("Identity", inputs: ["in"], outputs: ["n\(i)"])) }
        return true
      }
    }
  }

  @Test func aLongChainIsNoDeepRecursion() throws {
    expectError(.unknownArchitecture) {
      _ = try lie { graph in
        let last = try #require(graph.nodes.last?.outputs.first)
        var value = try #require(graph.nodes.first { $0.operation == "LeakyRelu" }?.outputs.first)
        for i in 0..<15_000 {
          graph.nodes.append(.init("Sigmoid", inputs: [value], outputs: ["deep\(i)"]))
          value = "deep\(i)"
        }
        for i in graph.outputs.indices where graph.outputs[i].name == last { graph.outputs[i].name = value }
        return true
      }
    }
  }
}
