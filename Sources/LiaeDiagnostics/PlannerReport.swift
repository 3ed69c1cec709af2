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
  /// Multiplications that the machine does in the time in which it reads one byte of memory.
  let balance: Double
  let checks: [PlannerCheck]

  /// - Throws: `cancelled`, `outOfMemory`, `threadFailure`.
  package init(_ plan: Plan, threads: Int, rounds: Int, isCancelled: @escaping () -> Bool) throws(LiaeError) {
    (architecture, isa) = (plan.architecture, plan.instructionSet.rawValue)
    (balance, checks) = try plan.checkPlanner(threads: threads, rounds: rounds, isCancelled: isCancelled)
    if isCancelled() { throw LiaeError(.cancelled, "interrupted") }
  }

  /// Milliseconds of one image of all layers: as chosen, and by the quickest of each.
  private var totals: (chosen: Double, quickest: Double) {
    checks.reduce((0, 0)) { sum, check in
      let quickest = check.quickest?.measured ?? 0, count = Double(check.count)
      return (sum.0 + count * (quickest + check.loss) * 1e3, sum.1 + count * quickest * 1e3)
    }
  }

  /// Milliseconds of one image of all layers by the chosen algorithms: with transformed weights, from taps, and with what is
  /// expected to take less time.
  private var storages: (transformed: Double, fromTaps: Double, balanced: Double) {
    checks.reduce((0, 0, 0)) { sum, check in
      let count = Double(check.count) * 1e3, fromTaps = check.fromTaps
      guard let stored = check.entries.first(where: { $0.algorithm == check.chosen }) else { return sum }
      let taps = fromTaps ?? stored
      let balanced = check.asksForTaps ? taps : stored
      return (
        sum.0 + count * stored.measured, sum.1 + count * taps.measured, sum.2 + count * balanced.measured
      )
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
          check.entries.first { $0.algorithm == algorithm }.map(milliseconds) ?? ""
        } + [
          check.fromTaps.map(milliseconds) ?? "", check.chosen.name, check.quickest?.algorithm.name ?? "",
          check.loss > 0 ? "\((check.loss * 1e3).fixed(2))" : "",
        ]
    }
    let a = architecture, totals = totals, storages = storages
    return """
      \(a.name) \(a.resolution), \(a.dimsText), \(isa)
      Milliseconds of the quickest run with cold weights, in brackets what the planner expects.

      \(table(
        header: ["first layer", "shape", "layers"] + algorithms.map(\.name) + ["from taps", "chosen", "quickest", "loss"], rows: rows,
        leftColumns: 2))

      all      \(totals.chosen.fixed(2)) ms as chosen, \(totals.quickest.fixed(2)) ms by the quickest of each
      storage  \(storages.transformed.fixed(2)) ms transformed, \(storages.fromTaps.fixed(2)) ms from taps, \
      \(storages.balanced.fixed(2)) ms as \(balance.fixed(1)) multiplications a byte have it
      """
  }

  private func milliseconds(_ entry: PlannerCheck.Entry) -> String {
    "\((entry.measured * 1e3).fixed(2)) (\((entry.expected * 1e3).fixed(2)))"
  }

  private func json(_ entry: PlannerCheck.Entry) -> JSON {
    .object([
      ("name", .string(entry.algorithm.name)), ("measured_ms", .number(entry.measured * 1e3)),
      ("expected_ms", .number(entry.expected * 1e3)),
    ])
  }

  package var json: JSON {
    let a = architecture
    return .object([
      ("architecture", .string(a.name)), ("resolution", .integer(a.resolution)), ("isa", .string(isa)),
      ("chosen_ms", .number(totals.chosen)), ("quickest_ms", .number(totals.quickest)),
      ("transformed_ms", .number(storages.transformed)), ("from_taps_ms", .number(storages.fromTaps)),
      ("balanced_ms", .number(storages.balanced)), ("machine_balance", .number(balance)),
      (
        "shapes",
        .array(
          checks.map { check in
            .object([
              ("layer", .string(check.layer.name)), ("shape", .string(shape(check.layer))),
              ("layers", .integer(check.count)), ("chosen", .string(check.chosen.name)),
              ("loss_ms", .number(check.loss * 1e3)),
              ("algorithms", .array(check.entries.map(json))), ("from_taps", check.fromTaps.map(json) ?? .null),
            ])
          })
      ),
    ])
  }
}
