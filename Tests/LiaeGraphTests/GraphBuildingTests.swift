// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeSystem
import Testing

/// Tests what a graph says of nodes that cannot be: the error's status, and the name of the node in its message.
@Suite struct GraphBuildingTests {
  private func refusal(_ body: (inout Graph, Graph.Value) throws(LiaeError) -> Void) throws -> LiaeError? {
    var graph = Graph()
    let input = try graph.addInput(channels: 8, side: 4)
    do throws(LiaeError) {
      try body(&graph, input)
      return nil
    } catch {
      return error
    }
  }

  @Test func shapesFollowFromOperations() throws {
    var graph = Graph()
    let x = try graph.addInput(channels: 8, side: 6)
    func shape(_ operation: Operation, _ inputs: [Graph.Value]) throws -> Shape {
      let value = try graph.add(operation, inputs)
      return graph.shape(value)
    }
    func convolution(_ kernel: Int, stride: Int = 1, padding: Int, _ name: String) -> Operation {
      .convolution(Convolution(name, outputChannels: 12, kernel: kernel, stride: stride, padding: padding))
    }
    #expect(graph.shape(x) == Shape(8, 6))
    #expect(try shape(convolution(3, padding: 1, "same"), [x]) == Shape(12, 6))
    #expect(try shape(convolution(3, padding: 0, "valid"), [x]) == Shape(12, 4))
    #expect(try shape(convolution(5, stride: 2, padding: 2, "half"), [x]) == Shape(12, 3))
    #expect(try shape(convolution(6, padding: 0, "whole"), [x]) == Shape(12, 1))
    #expect(try shape(.flatten, [x]) == Shape(288))
    let flat = try graph.add(.flatten, [x])
    #expect(try shape(.dense(Dense("dense", outputs: 18)), [flat]) == Shape(18))
    #expect(try shape(.unflatten(side: 3), [flat]) == Shape(32, 3))
    for operation in [Operation.pixelNorm, .activation(.leaky(0.1)), .sigmoid] {
      #expect(try shape(operation, [x]) == Shape(8, 6))
    }
    for operation in [Operation.sum, .lerp, .mixChannels] { #expect(try shape(operation, [x, x]) == Shape(8, 6)) }
    #expect(try shape(.concatenation, [x, x, x]) == Shape(24, 6))
    for order in [ShuffleOrder.crd, .dcr] { #expect(try shape(.depthToSpace(order), [x]) == Shape(2, 12)) }
    #expect(graph.tensorShape("half.weight") == [12, 8, 5, 5] && graph.tensorShape("half.bias") == [12])
    #expect(graph.tensorShape("dense.weight") == [18, 288] && graph.tensorShape("dense.bias") == [18])
    #expect(graph.tensorShape("half") == nil && graph.tensorShape("none.weight") == nil)
    #expect(graph.tensors.map(\.name).prefix(3) == ["same.weight", "same.bias", "valid.weight"])
    #expect(graph.parameterCount == 12 * (8 * (9 + 9 + 25 + 36) + 4) + 18 * 289)
  }

  @Test(arguments: [
    Operation.convolution(Convolution("node", outputChannels: 4, kernel: 7, padding: 1)),
    .convolution(Convolution("node", outputChannels: 0, kernel: 3, padding: 1)),
    .convolution(Convolution("node", outputChannels: 4, kernel: 0, padding: 1)),
    .convolution(Convolution("node", outputChannels: 4, kernel: 3, stride: 0, padding: 1)),
    .convolution(Convolution("node", outputChannels: 4, kernel: 3, padding: -1)),
    .convolution(Convolution("node", outputChannels: 4, kernel: 3, padding: .max)),
    .convolution(Convolution("node", outputChannels: .max, kernel: 3, padding: 1)),
    .dense(Dense("node", outputs: 4)), .unflatten(side: 2), .unflatten(side: .max), .unflatten(side: 0), .sum, .lerp,
    .mixChannels, .input, .splitHalves(morphs: false), .unstack(1), .unstack(-1), .denseOutput(0, of: 2),
    .denseOutput(0, of: 0),
  ])
  func oneInputThatDoesNotFit(operation: Operation) throws {
    let error = try refusal { (graph, input) throws(LiaeError) in try graph.add(operation, [input], name: "node") }
    #expect(error?.status == .shapeMismatch)
    #expect(error?.message.hasPrefix("node node: ") == true, "\(error?.message ?? "no error")")
  }

  @Test(arguments: [Operation.sum, .lerp, .mixChannels, .concatenation, .splitHalves(morphs: true), .stack])
  func twoShapesThatDiffer(operation: Operation) throws {
    let error = try refusal { (graph, input) throws(LiaeError) in
      let other = try graph.add(.depthToSpace(.crd), [input])
      try graph.add(operation, [input, other], name: "node")
    }
    #expect(error?.status == .shapeMismatch)
    #expect(error?.message.contains("(8, 4, 4), (2, 8, 8)") == true, "\(error?.message ?? "no error")")
  }

  @Test(arguments: [
    Operation.convolution(Convolution("node", outputChannels: 4, kernel: 3, padding: 1)),
    .dense(Dense("node", outputs: 4)), .flatten, .sum, .concatenation, .stack, .sigmoid,
  ])
  func noInput(operation: Operation) throws {
    let error = try refusal { (graph, _) throws(LiaeError) in try graph.add(operation, [], name: "node") }
    #expect(error?.status == .shapeMismatch && error?.message.hasPrefix("node node: ") == true)
  }

  @Test func channelsThatDoNotDivide() throws {
    let error = try refusal { (graph, input) throws(LiaeError) in
      let odd = try graph.add(.convolution(Convolution("odd", outputChannels: 6, kernel: 1, padding: 0)), [input])
      try graph.add(.depthToSpace(.dcr), [odd], name: "node")
    }
    #expect(error?.status == .shapeMismatch && error?.message.hasPrefix("node node: ") == true)
  }

  /// A cycle would need a node that reads itself or one behind it.
  @Test(arguments: [1, 2, 1000, -1, Int.max, Int.min]) func nodesReadWhatIsBeforeThem(index: Int) throws {
    let error = try refusal { (graph, _) throws(LiaeError) in
      try graph.add(.sigmoid, [Graph.Value(index)], name: "loop")
    }
    #expect(error?.status == .shapeMismatch)
    #expect(error?.message == "node loop: reads node \(index), which is not before it; a network has no cycles")
  }

  @Test func nodesHaveALimit() throws {
    var graph = Graph()
    var x = try graph.addInput(channels: 1, side: 1)
    for _ in 1..<Graph.nodeLimit { x = try graph.add(.sigmoid, [x]) }
    #expect(graph.nodes.count == Graph.nodeLimit)
    do throws(LiaeError) {
      try graph.add(.sigmoid, [x], name: "last")
      Issue.record("a node more than the limit was added")
    } catch {
      #expect(error.message.hasPrefix("node last: ") && error.message.contains("\(Graph.nodeLimit)"))
    }
    // Nor do as many nodes take long.
    graph.declare("x", x)
    #expect(try graph.fusing().foldingCodes().stackingBranches().reaching(["x"]).nodes.count == Graph.nodeLimit)
  }

  /// Sizes that grow by doubling end in an error and not in an overflow.
  @Test func sizesHaveALimit() throws {
    for operation in [Operation.concatenation, .stack] {
      let error = try refusal { (graph, input) throws(LiaeError) in
        var x = input
        for _ in 0..<100 { x = try graph.add(operation, [x, x], name: "double") }
      }
      #expect(error?.status == .shapeMismatch && error?.message.hasPrefix("node double: ") == true)
    }
  }

  @Test func layersAreShared() throws {
    var graph = Graph()
    let x = try graph.addInput(channels: 4, side: 4)
    let convolution = Operation.convolution(Convolution("a", outputChannels: 4, kernel: 3, padding: 1))
    let y = try graph.add(convolution, [x])
    try graph.add(convolution, [y])
    #expect(graph.tensors == [.init(name: "a.weight", shape: [4, 4, 3, 3]), .init(name: "a.bias", shape: [4])])
  }

  @Test(arguments: [
    Operation.convolution(Convolution("a", outputChannels: 5, kernel: 3, padding: 1)),
    .convolution(Convolution("a", outputChannels: 4, kernel: 1, padding: 0)), .dense(Dense("a", outputs: 4)),
  ])
  func layersAreOfOneShape(second: Operation) throws {
    let error = try refusal { (graph, input) throws(LiaeError) in
      try graph.add(
        .convolution(Convolution("a", outputChannels: 4, kernel: 3, padding: 1)), [input], name: "first reader")
      let flat = try graph.add(.flatten, [input])
      if case .dense = second {
        try graph.add(second, [flat], name: "second reader")
      } else {
        try graph.add(second, [input], name: "second reader")
      }
    }
    #expect(error?.status == .shapeMismatch)
    #expect(error?.message.hasPrefix("node second reader: ") == true && error?.message.contains("first reader") == true)
  }

  @Test func namesOfWhatThereIsNot() throws {
    let graph = try Graph(Architecture.everyKind[0])
    for name in ["", "rgb", "swap.RGB", "morph"] {
      do throws(LiaeError) {
        _ = try graph.output(name)
        Issue.record("there is an output \(name)")
      } catch {
        #expect(error.status == .unsupported && error.message.contains("swap.rgb"))
      }
      #expect(throws: LiaeError.self) { try graph.value(name) }
      #expect(throws: LiaeError.self) { try graph.reaching(["swap.rgb", name]) }
      #expect(!graph.hasOutput(name))
    }
  }
}
