// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeSystem
import LiaeTestSupport
import Testing

/// Passes change no value: networks are computed before and after in Double, with random weights.
@Suite struct PassValueTests {
  private typealias Pass = (name: String, run: @Sendable (Graph) throws -> Graph)

  private static let passes: [Pass] = [
    ("joiningConvolutions", { try $0.joiningConvolutions() }),
    ("fusingConvolutions", { try $0.fusingConvolutions() }),
    ("fusingConvolutions of both orders", { try $0.fusingConvolutions(depthToSpace: [.crd, .dcr]) }),
    ("fusingDenseLayers", { try $0.fusingDenseLayers() }), ("fusingSigmoids", { try $0.fusingSigmoids() }),
    ("fusing", { try $0.fusing() }), ("foldingCodes", { try $0.foldingCodes() }),
    ("turningTransposedConvolutions", { try $0.turningTransposedConvolutions() }),
    ("joiningDenseLayers", { try $0.joiningDenseLayers() }), ("stackingBranches", { try $0.stackingBranches() }),
  ]

  /// Computes all outputs and named values of `after` and compares them with those of `before`.
  private func expectEqual(
    _ before: Graph, _ after: Graph, _ weights: [String: [Double]], _ image: [Double], morph: Float, _ what: String
  ) throws {
    let names = after.outputs.map(\.name) + after.namedValues.keys
    let expected = try DoubleNetwork(before, weights: weights).evaluate(names, image: image, morph: morph)
    let found = try DoubleNetwork(after, weights: weights).evaluate(names, image: image, morph: morph)
    for (name, (a, b)) in zip(names, zip(found, expected)) {
      let scale = b.values.reduce(1) { max($0, abs($1)) }
      let distance = zip(a.values, b.values).reduce(0) { max($0, abs($1.0 - $1.1)) }
      #expect(a.shape == b.shape && distance <= 1e-9 * scale, "\(what): \(name) is off by \(distance)")
    }
  }

  private func image(_ graph: Graph, _ random: inout SplitMix64) -> [Double] {
    let shape = graph.nodes[0].shape
    return (0..<shape.channels * shape.side * shape.side).map { _ in Double(random.uniform()) }
  }

  private static let kinds = Architecture.everyKind + [.xseg(resolution: 64, baseDims: 2)]

  /// Each pass alone, all in the order of the inference plan for each selection of outputs that a run can have, and
  /// random sequences of passes for random outputs.
  @Test(arguments: kinds) func families(architecture: Architecture) throws {
    let graph = try Graph(architecture)
    let weights = DoubleNetwork.randomWeights(of: graph, seed: 3)
    var random = SplitMix64(state: 5)
    let image = image(graph, &random)
    for pass in Self.passes {
      try expectEqual(graph, pass.run(graph), weights, image, morph: 0.3, pass.name)
    }
    let prepared = try graph.joiningConvolutions().turningTransposedConvolutions().fusing().foldingCodes()
    if graph.hasOutput("segment.mask") {
      try expectEqual(graph, prepared, weights, image, morph: 0, "all passes")
      #expect(!prepared.nodes.contains { if case .transposedConvolution = $0.operation { true } else { false } })
    }
    for run in ["swap", "morph", "destination"] where graph.hasOutput("\(run).rgb") {
      for names in [["\(run).rgb"], ["\(run).mask"], ["\(run).rgb", "\(run).mask", "destination.mask"]] {
        let reached = try prepared.reaching(names)
        #expect(reached.outputs.count == Set(names).count)
        let stacked = try reached.joiningDenseLayers().stackingBranches()
        try expectEqual(graph, stacked, weights, image, morph: 0.6, "all passes for \(names)")
      }
    }
    for _ in 0..<6 {
      var (after, names) = (graph, "")
      for _ in 0..<random.pick([2, 3, 4, 5]) {
        if random.flip(), after.outputs.count > 1 {
          let all = after.outputs.map(\.name)
          let some = all.filter { _ in random.flip() }
          after = try after.reaching(some.isEmpty ? [all[0]] : some)
        }
        let pass = random.pick(Self.passes)
        after = try pass.run(after)
        names += "\(pass.name), "
      }
      try expectEqual(graph, after, weights, image, morph: random.pick([0, 0.25, 0.5, 1]), names)
    }
  }

  /// A pass finds nothing more to do in what it made.
  @Test(arguments: kinds) func twice(architecture: Architecture) throws {
    let graph = try Graph(architecture)
    for pass in Self.passes where pass.name != "stackingBranches" {
      let once = try pass.run(graph)
      #expect(try pass.run(once).text == once.text, "\(pass.name)")
    }
  }

  /// Random graphs of few layers, which are shared more wildly than in any family.
  @Test(arguments: 0..<200) func randomGraphs(seed: Int) throws {
    var random = SplitMix64(state: UInt64(seed))
    let graph = try Self.randomGraph(&random)
    let weights = DoubleNetwork.randomWeights(of: graph, seed: UInt64(seed))
    let image = image(graph, &random)
    for pass in Self.passes {
      try expectEqual(graph, pass.run(graph), weights, image, morph: 0.3, pass.name)
    }
    for _ in 0..<8 {
      var (after, names) = (graph, "")
      for _ in 0..<random.pick([2, 3, 5]) {
        let pass = random.pick(Self.passes)
        after = try pass.run(after)
        names += "\(pass.name), "
      }
      try expectEqual(graph, after, weights, image, morph: 0.7, "seed \(seed): \(names)")
    }
  }

  private static func randomGraph(_ random: inout SplitMix64) throws -> Graph {
    var graph = Graph()
    var values = [try graph.addInput(channels: 4, side: 4)]
    let count = random.pick([8, 16, 30])
    while values.count < count {
      let x = random.pick(values), shape = graph.shape(x)
      let alike = values.filter { graph.shape($0) == shape }
      switch random.next() % 16 {
      case 0...4:
        guard shape.side > 1 else { continue }
        let outputs = random.pick([4, 4, 8]), kernel = random.pick([1, 3, 3])
        let layer = "\(random.pick(["a", "b"])).\(shape.channels).\(outputs).\(kernel)"
        values.append(try graph.convolution(layer, outputs, kernel: kernel, x))
      case 5, 6: values.append(try graph.leaky(x))
      case 7: values.append(try graph.add(.sum, [x, random.pick(alike)]))
      case 8...10:
        guard shape.channels <= 8 else { continue }
        values.append(try graph.add(.concatenation, [random.pick(alike), random.pick(alike)]))
      case 11: values.append(try graph.add(.lerp, [x, random.pick(alike)]))
      case 12:
        guard shape.channels >= 16, shape.side < 16 else { continue }
        values.append(try graph.add(.depthToSpace(random.pick([.crd, .dcr])), [x]))
      case 13: values.append(try graph.add(.sigmoid, [x]))
      case 14:
        guard shape.side == 4, shape.channels <= 8 else { continue }
        var flat = try graph.add(.flatten, [x])
        if random.flip() { flat = try graph.add(.pixelNorm, [flat]) }
        for _ in 0..<random.pick([1, 2]) {
          let layer = "\(random.pick(["d", "e"])).\(shape.channels)"
          let wide = try graph.add(.dense(Dense(layer, outputs: 64)), [flat])
          values.append(try graph.add(.unflatten(side: 4), [wide]))
        }
      default: values.append(try graph.add(.mixChannels, [x, random.pick(alike)]))
      }
    }
    for (i, value) in values.suffix(4).enumerated() where i < 2 || random.flip() { graph.declare("y\(i)", value) }
    graph.declare("any", random.pick(values))
    return graph
  }

  /// What the passes are for: no work is left that they could have taken away.
  @Test(arguments: Architecture.everyKind) func families(prepared architecture: Architecture) throws {
    let graph = try Graph(architecture).joiningConvolutions().fusing().foldingCodes()
    let run = try graph.reaching(["swap.rgb", "swap.mask", "destination.mask"]).joiningDenseLayers().stackingBranches()
    let left = Set(run.nodes.map(\.operation.label))
    for label in [
      "leaky ReLU", "x cos x", "sum", "flatten", "unflatten", "pixel norm", "concatenation", "depth-to-space",
    ] {
      #expect(!left.contains(label), "\(label)")
    }
    let layers = run.nodes.flatMap { if case .maskHead = $0.operation { [String]() } else { $0.operation.layers } }
    let repeated = Dictionary(grouping: layers) { $0 }.filter { $1.count > 1 }.keys
    // Each mask has a head; all before is read once.
    #expect(repeated.isEmpty, "\(repeated)")
  }
}
