// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeSystem
import LiaeTestSupport
import Testing

/// Tests what each pass makes of small graphs, node by node. That values stay the same is in `PassValueTests`.
@Suite struct PassTests {
  // MARK: - Joining

  @Test func headsAreJoined() throws {
    var graph = Graph()
    let x = try graph.addInput(channels: 4, side: 4)
    let heads = [
      try graph.convolution("head", 3, kernel: 1, x), try graph.convolution("head1", 3, x),
      try graph.convolution("head2", 3, x),
    ]
    graph.declare("y", try graph.add(.concatenation, heads))
    let joined = try graph.joiningConvolutions()
    #expect(joined.text == ["0 input ()", "1 convolution head+head1+head2 (0)"])
    #expect(joined.nodes[1].name == "heads" && joined.shape(Graph.Value(1)) == Shape(9, 4))
    #expect(joined.tensors == graph.tensors)
  }

  /// Something else reads a head; a head has another stride, padding, input or an even kernel; there is but one.
  @Test(arguments: 0..<8) func whatIsNotJoined(variant: Int) throws {
    var graph = Graph()
    let x = try graph.addInput(channels: 4, side: 8)
    let a = try graph.convolution("a", 3, x)
    let b: Graph.Value
    switch variant {
    case 0: b = try graph.add(.convolution(Convolution("b", outputChannels: 3, kernel: 1, padding: 1)), [x])
    case 1: b = try graph.convolution("b", 3, try graph.add(.sigmoid, [x]))
    case 2: b = try graph.add(.sigmoid, [try graph.convolution("b", 3, x)])
    default: b = try graph.convolution("b", 3, x)
    }
    if variant == 0 {
      // The border of the first makes it as large as the second.
      let wide = try graph.add(.convolution(Convolution("wide", outputChannels: 3, kernel: 3, padding: 2)), [x])
      graph.declare("y", try graph.add(.concatenation, [wide, b]))
      #expect(try graph.joiningConvolutions().text.contains("1 convolution wide+b (0)"))
      let even = try graph.add(.convolution(Convolution("even", outputChannels: 3, kernel: 2, padding: 1)), [x])
      let odd = try graph.add(.convolution(Convolution("odd", outputChannels: 3, kernel: 4, padding: 2)), [x])
      graph.declare("z", try graph.add(.concatenation, [even, odd]))
      #expect(try graph.joiningConvolutions().nodes.contains { $0.operation == .concatenation })
      return
    }
    let y: Graph.Value
    switch variant {
    case 3: y = try graph.add(.concatenation, [a])
    case 4:
      graph.declare("a", a)
      y = try graph.add(.concatenation, [a, b])
    case 5:
      graph.declare("s", try graph.add(.sigmoid, [b]))
      y = try graph.add(.concatenation, [a, b])
    case 6:
      // Convolutions that have a sum with another value fused are left alone.
      let sums = [
        try graph.add(.sum, [a, try graph.convolution("c", 3, x)]), try graph.add(.sum, [b, try graph.leaky(a)]),
      ]
      graph.declare("y", try graph.add(.concatenation, sums))
      graph = try graph.fusingConvolutions()
      y = try graph.output("y")
    case 7: y = try graph.add(.concatenation, [a, x])
    default: y = try graph.add(.concatenation, [a, b])
    }
    graph.declare("y", y)
    #expect(try graph.joiningConvolutions().text == graph.reaching(graph.outputs.map(\.name)).text)
  }

  @Test func denseLayersAreJoined() throws {
    var graph = Graph()
    let x = try graph.addInput(channels: 4, side: 1)
    let a = try graph.add(.dense(Dense("a", outputs: 3)), [x])
    let c = try graph.add(.dense(Dense("c", outputs: 5)), [x])
    let b = try graph.add(.dense(Dense("b", outputs: 3)), [x])
    let d = try graph.add(.dense(Dense("d", outputs: 3)), [a])
    for (name, value) in [("a", a), ("b", b), ("c", c), ("d", d)] { graph.declare(name, value) }
    #expect(
      try graph.joiningDenseLayers().text == [
        "0 input ()", "1 dense a+b (0)", "2 dense output 0 of 2 (1)", "3 dense c (0)", "4 dense output 1 of 2 (1)",
        "5 dense d (2)",
      ])
  }

  // MARK: - Fusing

  @Test func convolutionsTakeInWhatFollows() throws {
    var graph = Graph()
    let x = try graph.addInput(channels: 4, side: 4)
    let inner = try graph.leaky(try graph.convolution("conv1", 4, x))
    let sum = try graph.add(.sum, [x, try graph.convolution("conv2", 4, inner)])
    let wide = try graph.leaky(try graph.convolution("up", 8, try graph.leaky(sum)))
    let shuffled = try graph.add(.depthToSpace(.crd), [wide])
    let heads = try graph.add(.depthToSpace(.dcr), [try graph.convolution("heads", 12, shuffled)])
    graph.declare("y", try graph.add(.sigmoid, [heads]))
    #expect(
      try graph.fusing().text == [
        "0 input ()", "1 convolution conv1 active (0)", "2 convolution conv2 active (1, 0)",
        "3 convolution up active crd (2)", "4 convolution heads (3)", "5 sigmoid shuffled (4)",
      ])
    #expect(
      try graph.fusingConvolutions(depthToSpace: [.dcr]).text == [
        "0 input ()", "1 convolution conv1 active (0)", "2 convolution conv2 active (1, 0)",
        "3 convolution up active (2)", "4 depth-to-space crd (3)", "5 convolution heads dcr (4)", "6 sigmoid (5)",
      ])
  }

  @Test func denseLayersTakeInWhatIsAround() throws {
    var graph = Graph()
    let x = try graph.addInput(channels: 2, side: 4)
    let flat = try graph.add(.flatten, [x])
    let normal = try graph.add(.pixelNorm, [flat])
    let a = try graph.add(.dense(Dense("a", outputs: 3)), [normal])
    let b = try graph.add(.dense(Dense("b", outputs: 3)), [flat])
    let wide = try graph.add(.dense(Dense("wide", outputs: 8)), [a])
    graph.declare("y", try graph.add(.unflatten(side: 2), [wide]))
    graph.declare("b", b)
    #expect(
      try graph.fusing().text == [
        "0 input ()", "1 dense a flattens normalises (0)", "2 dense b flattens (0)", "3 dense wide side 2 (1)",
      ])
  }

  /// Values that are outputs or that others read stay.
  @Test func whatIsReadTwiceIsNotFused() throws {
    var graph = Graph()
    let x = try graph.addInput(channels: 4, side: 4)
    let a = try graph.convolution("a", 4, x), b = try graph.convolution("b", 4, x)
    let active = try graph.leaky(a)
    graph.declare("y", try graph.add(.sum, [active, a]))
    graph.declare("b", b)
    graph.declare("z", try graph.add(.depthToSpace(.crd), [try graph.leaky(b)]))
    #expect(
      try graph.fusing().text == [
        "0 input ()", "1 convolution a (0)", "2 convolution b (0)", "3 leaky ReLU (1)", "4 sum (3, 1)",
        "5 leaky ReLU (2)", "6 depth-to-space crd (5)",
      ])
  }

  /// The order in which a fused convolution works is sum, activation, depth-to-space.
  @Test func whatStandsInAnotherOrderIsNotFused() throws {
    var graph = Graph()
    let x = try graph.addInput(channels: 4, side: 4)
    let shuffled = try graph.add(.depthToSpace(.crd), [try graph.convolution("a", 4, x)])
    graph.declare("a", try graph.leaky(shuffled))
    let active = try graph.leaky(try graph.convolution("b", 4, x))
    graph.declare("b", try graph.add(.sum, [active, x]))
    graph.declare("c", try graph.leaky(try graph.leaky(try graph.convolution("c", 4, x))))
    let sum = try graph.add(.sum, [try graph.add(.sum, [try graph.convolution("d", 4, x), x]), x])
    graph.declare("d", sum)
    #expect(
      try graph.fusing().text == [
        "0 input ()", "1 convolution a crd (0)", "2 leaky ReLU (1)", "3 convolution b active (0)", "4 sum (3, 0)",
        "5 convolution c active (0)", "6 leaky ReLU (5)", "7 convolution d (0, 0)", "8 sum (7, 0)",
      ])
  }

  // MARK: - Folding

  /// A code that repeats itself, and the same layers on one that does not.
  private func codes() throws -> (graph: Graph, x: Graph.Value, y: Graph.Value) {
    var graph = Graph()
    let x = try graph.addInput(channels: 4, side: 4)
    let y = try graph.add(.sigmoid, [x])
    let swap = try graph.add(.concatenation, [x, x]), destination = try graph.add(.concatenation, [y, x])
    for (name, code) in [("swap", swap), ("destination", destination)] {
      graph.declare("\(name).rgb", try graph.convolution("rgb", 4, code))
      graph.declare("\(name).mask", try graph.convolution("mask", 4, code))
      graph.mark("\(name).code", code)
    }
    return (graph, x, y)
  }

  @Test func codesAreFolded() throws {
    let graph = try codes().graph
    #expect(
      try graph.foldingCodes().text == [
        "0 input ()", "1 sigmoid (0)", "2 split halves (1, 0)", "3 convolution rgb repeatedHalf (0)",
        "4 convolution mask repeatedHalf (0)", "5 convolution rgb splitHalves (2)",
        "6 convolution mask splitHalves (2)",
      ])
    // Without a code that repeats itself there is nothing to fold.
    let plain = try graph.reaching(["destination.rgb", "destination.mask"])
    #expect(try plain.foldingCodes().text == plain.text)
  }

  @Test func theLerpIsComputedWithTheDifference() throws {
    var (graph, x, y) = try codes()
    let morph = try graph.add(.concatenation, [try graph.add(.lerp, [y, x]), x])
    graph.declare("morph.rgb", try graph.convolution("rgb", 4, morph))
    #expect(
      try graph.reaching(["swap.rgb", "morph.rgb"]).foldingCodes().text == [
        "0 input ()", "1 sigmoid (0)", "2 convolution rgb repeatedHalf (0)", "3 split halves morphs (1, 0)",
        "4 convolution rgb splitHalves (3)",
      ])
  }

  /// One layer reads the swap's code and another does not: the destination's code is needed in both forms.
  @Test func aCodeThatIsFoldedForSomeReaders() throws {
    let graph = try codes().graph
    #expect(
      try graph.reaching(["swap.rgb", "destination.rgb", "destination.mask"]).foldingCodes().text == [
        "0 input ()", "1 sigmoid (0)", "2 concatenation (1, 0)", "3 split halves (1, 0)",
        "4 convolution rgb repeatedHalf (0)", "5 convolution rgb splitHalves (3)", "6 convolution mask (2)",
      ])
  }

  /// The code is an output itself.
  @Test func aCodeThatIsAnOutput() throws {
    var graph = try codes().graph
    graph.declare("code", try graph.namedValue("destination.code"))
    let folded = try graph.foldingCodes()
    #expect(folded[try folded.output("code")].operation == .concatenation)
    #expect(folded.namedValues["destination.code"] == (try folded.output("code")))
    #expect(folded.namedValues["swap.code"] == nil)
  }

  @Test func threePartsAreNotFolded() throws {
    var graph = Graph()
    let x = try graph.addInput(channels: 4, side: 4)
    graph.declare("y", try graph.convolution("a", 4, try graph.add(.concatenation, [x, x, x])))
    #expect(try graph.foldingCodes().text == graph.text)
  }

  // MARK: - Stacking

  /// Two chains of the same layers on two values.
  private func chains(_ layers: [String] = ["a", "b"], secondKernel: Int = 3) throws -> Graph {
    var graph = Graph()
    let x = try graph.addInput(channels: 4, side: 4)
    for (name, input) in [("one", x), ("two", try graph.add(.sigmoid, [x]))] {
      var value = input
      for layer in layers { value = try graph.convolution(layer, 4, value) }
      graph.declare(name, try graph.add(.sigmoid, [value]))
    }
    return graph
  }

  @Test func branchesAreStacked() throws {
    #expect(
      try chains().stackingBranches().text == [
        "0 input ()", "1 sigmoid (0)", "2 stack (0, 1)", "3 convolution a (2)", "4 convolution b (3)",
        "5 unstack 0 (4)", "6 unstack 1 (4)", "7 sigmoid (5)", "8 sigmoid (6)",
      ])
    let one = try chains().reaching(["one"])
    #expect(try one.stackingBranches().text == one.text)
  }

  /// Masks of a stack are computed of its images one by one; a head that something else reads stays.
  @Test(arguments: [1, 3]) func maskHeads(kernel: Int) throws {
    var graph = Graph()
    let x = try graph.addInput(channels: 4, side: 4)
    for (name, input) in [("one", x), ("two", try graph.leaky(x))] {
      let head = try graph.convolution("m", 1, kernel: kernel, try graph.convolution("a", 8, input))
      graph.declare(name, try graph.add(.sigmoid, [head]))
    }
    #expect(
      try graph.fusingSigmoids().stackingBranches().text == [
        "0 input ()", "1 leaky ReLU (0)", "2 stack (0, 1)", "3 convolution a (2)", "4 unstack 0 (3)", "5 unstack 1 (3)",
        "6 mask head m (4)", "7 mask head m (5)",
      ])
    #expect(
      try graph.reaching(["one"]).fusingSigmoids().text == ["0 input ()", "1 convolution a (0)", "2 mask head m (1)"])
    for (channels, kernel) in [(2, 1), (1, 5)] {
      var other = Graph()
      let y = try other.addInput(channels: 4, side: 4)
      other.declare("one", try other.add(.sigmoid, [try other.convolution("m", channels, kernel: kernel, y)]))
      #expect(try other.fusingSigmoids().text == other.text)
    }
    var shared = Graph()
    let head = try shared.convolution("m", 1, kernel: 1, try shared.addInput(channels: 4, side: 4))
    shared.declare("logits", head)
    shared.declare("one", try shared.add(.sigmoid, [head]))
    #expect(try shared.fusingSigmoids().text == shared.text)
  }

  /// A code that repeats itself is stacked as [x ; 0] in front of the layer that reads another one whole.
  @Test func branchesOfFoldedCodes() throws {
    let graph = try foldedBranches([false, true])
    #expect(
      graph.text == [
        "0 input ()", "1 sigmoid (0)", "2 split halves (1, 0)", "3 split halves (0, 0)", "4 stack (3, 2)",
        "5 convolution a splitHalves (4)", "6 convolution b (5)", "7 unstack 0 (6)", "8 unstack 1 (6)",
      ])
    #expect(graph.values.filter(graph.hasZeroHalf).map(\.index) == [3])
  }

  /// The other order, which no family has: the layers behind the codes are stacked.
  @Test func branchesOfFoldedCodesInTheOtherOrder() throws {
    #expect(
      try foldedBranches([true, false]).text == [
        "0 input ()", "1 sigmoid (0)", "2 split halves (1, 0)", "3 convolution a splitHalves (2)",
        "4 convolution a repeatedHalf (0)", "5 stack (3, 4)", "6 convolution b (5)", "7 unstack 0 (6)",
        "8 unstack 1 (6)",
      ])
  }

  /// Two branches of layers a and b on the codes (x, x) and, where `differs`, (y, x).
  private func foldedBranches(_ differs: [Bool]) throws -> Graph {
    var graph = Graph()
    let x = try graph.addInput(channels: 4, side: 4)
    let y = try graph.add(.sigmoid, [x])
    for (index, differs) in differs.enumerated() {
      let code = try graph.add(.concatenation, [differs ? y : x, x])
      graph.declare("out \(index)", try graph.convolution("b", 4, try graph.convolution("a", 4, code)))
    }
    return try graph.foldingCodes().stackingBranches()
  }

  /// A layer that runs on its own result; two that run in either order: stacking both would be a cycle.
  @Test func branchesThatDependOnEachOther() throws {
    let twice = try chains(["a", "a"]).reaching(["one"])
    #expect(try twice.stackingBranches().text == twice.text)
    var graph = Graph()
    let x = try graph.addInput(channels: 4, side: 4)
    let one = try graph.convolution("b", 4, try graph.convolution("a", 4, x))
    let two = try graph.convolution("a", 4, try graph.convolution("b", 4, try graph.leaky(x)))
    graph.declare("one", one)
    graph.declare("two", two)
    let stacked = try graph.stackingBranches()
    #expect(stacked.nodes.count { $0.operation == .stack } == 1)
  }

  /// The same layer with another activation or stride behind it is another operation.
  @Test func layersThatAreUsedDifferently() throws {
    var graph = Graph()
    let x = try graph.addInput(channels: 4, side: 4)
    let y = try graph.add(.sigmoid, [x])
    graph.declare("one", try graph.leaky(try graph.convolution("a", 4, x)))
    graph.declare("two", try graph.convolution("a", 4, y))
    let fused = try graph.fusing()
    #expect(try fused.stackingBranches().text == fused.text)
  }
}
