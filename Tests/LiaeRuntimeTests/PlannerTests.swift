// SPDX-License-Identifier: Apache-2.0
import LiaeConvolution
import Foundation
import LiaeDispatch
import LiaeKernelsReference
import LiaeGraph
import LiaeRuntime
import LiaeSystem
import LiaeTestSupport
import Testing

@Suite struct PlannerTests {
  /// Whatever the clock says: choices that fit, at least 100 dB, and the same bits for any number of threads.
  @Test(arguments: InstructionSet.supported)
  func aMeasuredPlanIsAsGoodAsAnyOther(set: InstructionSet) throws {
    let model = try Model.random(
      Architecture(options: "udt", resolution: 96, eDims: 10, aeDims: 22, dDims: 10, dMaskDims: 4), seed: 5)
    var options = PlanOptions()
    (options.instructionSet, options.planning) = (set, .measure)
    let plan = try Plan(model: model, options: options)
    let layers = Dictionary(
      model.graph.nodes.compactMap { model.graph.layer($0) }.map { ($0.name, $0) },
      uniquingKeysWith: { first, _ in first })
    for choice in plan.choices {
      if let layer = layers[choice.name] { #expect(WinogradGeometry.fits(layer, choice.algorithm), "\(choice)") }
    }
    #expect(plan.choices.map(\.name) == (try Plan(model, on: set)).choices.map(\.name))

    let images = testImages(1, side: model.architecture.resolution, seed: 3)
    let actual = try Context(plan, threads: 2).pictures(.swap, images)
    #expect(isBitEqual(actual.flat, try Context(plan, threads: 1).pictures(.swap, images).flat))
    let exact = try Context(Plan(model, .direct, on: set)).pictures(.swap, images).flat
    let error = zip(actual.flat, exact).reduce(0.0) { $0 + pow(Double($1.0) - Double($1.1), 2) }
    #expect(error / Double(exact.count) < 1e-10)
  }

  /// Every shape with a choice is timed once, with all that fits it.
  @Test func everyShapeIsTimed() throws {
    let model = try Model.random(
      Architecture(options: "ud", resolution: 64, eDims: 4, aeDims: 6, dDims: 4, dMaskDims: 3), seed: 5)
    let plan = try Plan(model)
    let (balance, checks) = try plan.checkPlanner(threads: 2, rounds: 1)
    #expect(balance > 0 && balance.isFinite)
    for check in checks {
      #expect(check.entries.contains { $0.algorithm == check.chosen } && check.entries.count > 1 && check.count > 0)
      #expect(check.entries.allSatisfy { $0.measured > 0 && $0.expected > 0 } && check.loss >= 0)
      #expect((check.fromTaps == nil) == (check.chosen == .direct))
      #expect(check.fromTaps.map { $0.measured > 0 && $0.expected > 0 } ?? true)
      #expect(
        check.entries.map(\.algorithm) == ConvolutionAlgorithm.all.filter { WinogradGeometry.fits(check.layer, $0) })
    }
    // The RGB layer and the 1x1 heads have no choice.
    #expect(checks.reduce(0) { $0 + $1.count } == plan.choices.count - 2)
    #expect(try plan.checkPlanner(threads: 1, rounds: 1, isCancelled: { true }).checks.isEmpty)
    #expect(try Plan(model, .direct).checkPlanner(threads: 1, rounds: 1).checks.isEmpty)
  }
}
