// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import Testing

@Suite struct StretchTests {
  /// x - a - b, where c reads both, - d: nothing between a and c stands alone.
  @Test func stretchesEndWhereOneValueIsLeft() throws {
    var graph = Graph()
    let x = try graph.addInput(channels: 4, side: 8)
    let a = try graph.add(.sigmoid, [x], name: "a")
    let b = try graph.add(.sigmoid, [a], name: "b")
    let c = try graph.add(.concatenation, [a, b], name: "c")
    let d = try graph.add(.sigmoid, [c], name: "d")
    func ends(_ nodes: Int, to target: Graph.Value, given: Set<Graph.Value>) -> [[Int]] {
      graph.stretches(to: target, given: given, ofAtLeast: nodes).map { [$0.end.index, $0.nodes] }
    }
    #expect(ends(1, to: d, given: [x]) == [[a.index, 1], [c.index, 2], [d.index, 1]])
    #expect(ends(2, to: d, given: [x]) == [[c.index, 3], [d.index, 1]])
    #expect(ends(9, to: d, given: [x]) == [[d.index, 4]])
    // A given value may be read anywhere.
    #expect(ends(1, to: d, given: [x, a]) == [[b.index, 1], [c.index, 1], [d.index, 1]])
    #expect(ends(1, to: b, given: [x]) == [[a.index, 1], [b.index, 1]])
  }
}
