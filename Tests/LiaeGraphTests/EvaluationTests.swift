// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeSystem
import Testing

/// The loop that interpreters share: which nodes it visits, in what order, and what it passes on.
@Suite struct EvaluationTests {
  private let graph: Graph
  private let x, a, b, sum, unused: Graph.Value

  init() throws {
    var graph = Graph()
    x = try graph.addInput(channels: 1, side: 1)
    a = try graph.add(.sigmoid, [x], name: "a")
    unused = try graph.add(.sigmoid, [x], name: "unused")
    b = try graph.add(.flatten, [a], name: "b")
    sum = try graph.add(.sum, [b, a], name: "sum")
    self.graph = graph
  }

  private func trace(_ targets: [Graph.Value], given: [Graph.Value: String] = [:]) throws(LiaeError)
    -> (results: [String], visited: [String])
  {
    var visited: [String] = []
    let results = try graph.evaluate(targets, given: given) { (node, inputs) throws(LiaeError) in
      visited.append(node.name)
      return inputs.isEmpty ? node.name : "\(node.name)(\(inputs.joined(separator: ",")))"
    }
    return (results, visited)
  }

  @Test func visitsWhatTargetsNeed() throws {
    let found = try trace([sum])
    #expect(found.visited == ["input", "a", "b", "sum"])
    #expect(found.results == ["sum(b(a(input)),a(input))"])
  }

  @Test func returnsTargetsInTheirOrder() throws {
    let found = try trace([sum, x, b, x, unused])
    #expect(
      found.results == ["sum(b(a(input)),a(input))", "input", "b(a(input))", "input", "unused(input)"])
    #expect(found.visited == ["input", "a", "unused", "b", "sum"])
    #expect(try trace([]).visited.isEmpty)
  }

  @Test func stopsAtGivenValues() throws {
    let found = try trace([sum], given: [a: "A"])
    #expect(found.visited == ["b", "sum"] && found.results == ["sum(b(A),A)"])
    let other = try trace([sum, b], given: [b: "B"])
    #expect(other.visited == ["input", "a", "sum"] && other.results == ["sum(B,a(input))", "B"])
    #expect(try trace([a], given: [a: "A"]).visited.isEmpty)
  }

  @Test(arguments: [-1, 5, Int.max]) func targetsThatAreNotThere(index: Int) {
    #expect(throws: LiaeError.self) { _ = try trace([Graph.Value(index)]) }
  }

  @Test func passesErrorsOn() {
    do throws(LiaeError) {
      _ = try graph.evaluate([sum]) { (node, _: [Int]) throws(LiaeError) in
        if node.name == "b" { throw LiaeError(.cancelled, "at b") }
        return 0
      }
      Issue.record("nothing was thrown")
    } catch {
      #expect(error == LiaeError(.cancelled, "at b"))
    }
  }

  private final class Result {}

  /// Of a chain of a hundred nodes two results are alive at a time.
  @Test func releasesResults() throws {
    var graph = Graph()
    var y = try graph.addInput(channels: 1, side: 1)
    for _ in 0..<100 { y = try graph.add(.sigmoid, [y]) }
    struct Weak { weak var result: Result? }
    var made: [Weak] = []
    var most = 0
    _ = try graph.evaluate([y]) { (_, _: [Result]) throws(LiaeError) in
      let result = Result()
      made.append(Weak(result: result))
      most = max(most, made.count { $0.result != nil })
      return result
    }
    #expect(most <= 3)
  }

  @Test func readersAndLifetimes() throws {
    var graph = graph
    graph.declare("b", b)
    #expect(graph.readers == [[1, 2], [3, 4], [], [4], []])
    #expect(graph.lifetimes == [2, 4, 2, 5, 4])
    #expect(graph.depends(sum, on: x) && graph.depends(sum, on: sum) && graph.depends(b, on: a))
    #expect(!graph.depends(sum, on: unused) && !graph.depends(a, on: b))
    #expect(try graph.reaching(["b"]).nodes.map(\.name) == ["input", "a", "b"])
  }
}
