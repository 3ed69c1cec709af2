// SPDX-License-Identifier: Apache-2.0
import LiaeConvolution
import LiaeDispatch
import LiaeGraph
import LiaeRuntime
import LiaeSystem
import LiaeText

/// Compares the planner's model of costs with times measured on this machine, as text and as JSON.
package struct PlannerReport {
  let architecture: Architecture
  let isa: String
  let checks: [PlannerCheck]

  /// - Throws: `cancelled`, `outOfMemory`, `threadFailure`.
  package init(_ plan: Plan, threads: Int, rounds: Int, isCancelled: @escaping () -> Bool) throws(LiaeError) {
    (architecture, isa) = (plan.architecture, plan.instructionSet.rawValue)
    checks = try plan.checkPlanner(threads: threads, rounds: rounds, isCancelled: isCancelled)
    if isCancelled() { throw LiaeError(.cancelled, "interrupted") }
  }

  /// Milliseconds of one image of all layers: as chosen, and by the quickest of each.
  private var totals: (chosen: Double, quickest: Double) {
    checks.reduce((0, 0)) { sum, check in
      let quickest = check.quickest?.measured ?? 0, count = Double(check.count)
      return (sum.0 + count * (quickest + check.loss) * 1e3, sum.1 + count * quickest * 1e3)
    }
  }

  private func shape(_ layer: ConvolutionLayer) -> String {
    let kernel = layer.kernel == 3 ? "" : " \(layer.kernel)x\(layer.kernel)"
    return "\(layer.inputChannels)>\(layer.outputChannels) @\(layer.outputSide)\(kernel)"
  }

  package var text: String {
    let algorithms = ConvolutionAlgorithm.all
    let rows = checks.map { check in
      [check.layer.name, shape(check.layer), String(check.count)]
        + algorithms.map { algorithm in
          guard let entry = check.entries.first(where: { $0.algorithm == algorithm }) else { return "" }
          return "\((entry.measured * 1e3).fixed(2)) (\((entry.expected * 1e3).fixed(2)))"
        } + [
          check.chosen.name, check.quickest?.algorithm.name ?? "",
          check.loss > 0 ? "\((check.loss * 1e3).fixed(2))" : "",
        ]
    }
    let a = architecture, totals = totals
    return """
      \(a.name) \(a.resolution), \(a.dimsText), \(isa)
      Milliseconds of the quickest run with cold weights, in brackets what the planner expects.

      \(table(
        header: ["first layer", "shape", "layers"] + algorithms.map(\.name) + ["chosen", "quickest", "loss"], rows: rows,
        leftColumns: 2))

      all      \(totals.chosen.fixed(2)) ms as chosen, \(totals.quickest.fixed(2)) ms by the quickest of each
      """
  }

  package var json: JSON {
    let a = architecture
    return .object([
      ("architecture", .string(a.name)), ("resolution", .integer(a.resolution)), ("isa", .string(isa)),
      ("chosen_ms", .number(totals.chosen)), ("quickest_ms", .number(totals.quickest)),
      (
        "shapes",
        .array(
          checks.map { check in
            .object([
              ("layer", .string(check.layer.name)), ("shape", .string(shape(check.layer))),
              ("layers", .integer(check.count)), ("chosen", .string(check.chosen.name)),
              ("loss_ms", .number(check.loss * 1e3)),
              (
                "algorithms",
                .array(
                  check.entries.map {
                    .object([
                      ("name", .string($0.algorithm.name)), ("measured_ms", .number($0.measured * 1e3)),
                      ("expected_ms", .number($0.expected * 1e3)),
                    ])
                  })
              ),
            ])
          })
      ),
    ])
  }
}
