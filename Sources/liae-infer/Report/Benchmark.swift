// SPDX-License-Identifier: Apache-2.0
import LiaeImageIO
import LiaeModel
import LiaeRuntime
import LiaeSystem
import LiaeTensor

/// Times of repeated runs of one face.
struct Benchmark {
  struct Layer {
    var name, algorithm: String
    var milliseconds: Statistics
    var flops: Double
    var weightBytes: Int
    var gigaflops: Double { milliseconds.median > 0 ? flops / milliseconds.median / 1e6 : 0 }
  }

  let architecture: Architecture
  let isa: String
  let threads: Int
  let rounds: Int
  let packedBytes, workspaceBytes: Int
  let layers: [Layer]
  /// Milliseconds of a whole run, by the clock around it.
  let total: Statistics

  init(_ plan: Plan, compute: ComputeArguments, rounds: Int, warmup: Int, destinationMask: Bool) throws {
    let runner = try FaceRunner(plan, compute: compute, mode: .swap)
    let face = try SyntheticFace(seed: 1).picture(side: runner.side).converted(to: runner.format)
    let result = try runner.makeResult(destinationMask: destinationMask)
    defer { withExtendedLifetime((face, result)) {} }
    Interruption.watch()
    var totals: [Double] = []
    var layerTimes: [[Double]] = []
    var timings: [StageTiming] = []
    for round in 0..<warmup + rounds {
      try Interruption.check()
      let start = monotonicNanoseconds()
      try runner.run(face.view, into: result.target)
      let end = monotonicNanoseconds()
      guard round >= warmup else { continue }
      totals.append(Double(end - start) / 1e6)
      timings = runner.context.timings
      if layerTimes.count != timings.count { layerTimes = Array(repeating: [], count: timings.count) }
      for (i, timing) in timings.enumerated() { layerTimes[i].append(Double(timing.nanoseconds) / 1e6) }
    }
    architecture = plan.architecture
    (isa, packedBytes) = (plan.instructionSet.rawValue, plan.packedBytes)
    (threads, workspaceBytes, self.rounds) = (runner.context.threads, runner.context.workspaceBytes, rounds)
    total = Statistics(totals)
    layers = zip(timings, layerTimes).map { timing, times in
      Layer(
        name: timing.name, algorithm: timing.algorithm, milliseconds: Statistics(times), flops: timing.flops,
        weightBytes: timing.weightBytes)
    }
  }

  private var flops: Double { layers.reduce(0) { $0 + $1.flops } }
  private var gigaflops: Double { total.median > 0 ? flops / total.median / 1e6 : 0 }

  var text: String {
    let a = architecture
    let rows = layers.map { layer in
      [
        layer.name, layer.algorithm, layer.milliseconds.median.fixed(3), layer.gigaflops.fixed(1),
        (Double(layer.weightBytes) / 1e6).fixed(2),
      ]
    }
    return """
      \(a.name) \(a.resolution), e \(a.eDims) ae \(a.aeDims) d \(a.dDims) dm \(a.dMaskDims), \(isa), \
      \(threads) \(threads == 1 ? "thread" : "threads"), \(rounds) \(rounds == 1 ? "round" : "rounds")

      \(table(header: ["layer", "algorithm", "ms", "GFLOP/s", "weights MB"], rows: rows, leftColumns: 2))

      total    median \(total.median.fixed(2)) ms, min \(total.minimum.fixed(2)) ms, MAD \(total.deviation.fixed(2)) ms
      work     \((flops / 1e9).fixed(2)) GFLOP, \(gigaflops.fixed(1)) GFLOP/s
      memory   \(humanBytes(packedBytes)) packed weights, \(humanBytes(workspaceBytes)) workspace
      """
  }

  var json: JSON {
    let a = architecture
    return .object([
      ("architecture", .string(a.name)), ("flavour", .string(a.flavour.rawValue)),
      ("resolution", .integer(a.resolution)), ("e_dims", .integer(a.eDims)), ("ae_dims", .integer(a.aeDims)),
      ("d_dims", .integer(a.dDims)), ("d_mask_dims", .integer(a.dMaskDims)),
      ("isa", .string(isa)), ("threads", .integer(threads)), ("rounds", .integer(rounds)),
      ("median_ms", .number(total.median)), ("min_ms", .number(total.minimum)), ("mad_ms", .number(total.deviation)),
      ("gflop", .number(flops / 1e9)), ("gflop_per_s", .number(gigaflops)),
      ("packed_bytes", .integer(packedBytes)), ("workspace_bytes", .integer(workspaceBytes)),
      (
        "layers",
        .array(
          layers.map { layer in
            .object([
              ("name", .string(layer.name)), ("algorithm", .string(layer.algorithm)),
              ("median_ms", .number(layer.milliseconds.median)), ("min_ms", .number(layer.milliseconds.minimum)),
              ("gflop_per_s", .number(layer.gigaflops)), ("weight_bytes", .integer(layer.weightBytes)),
            ])
          })
      ),
    ])
  }
}
