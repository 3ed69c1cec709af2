// SPDX-License-Identifier: Apache-2.0
import LiaeConvolution
import LiaeGraph
import LiaeImageIO
import LiaeRuntime
import LiaeSequence
import LiaeSynth
import LiaeSystem
import LiaeTensor
import LiaeText

/// Times of repeated runs of one rendered face, or of a batch of it, by layers, as text and as JSON.
package struct Benchmark {
  /// Times and work of a layer, of a part of the network or of a whole run.
  struct Share {
    var name = ""
    var algorithm = ""
    var milliseconds = 0.0
    var minimum = 0.0
    /// Operations of the plain sum; `multiplications` counts those of the algorithm.
    var flops = 0.0
    var multiplications = 0.0
    var weightBytes = 0

    var gigaflops: Double { milliseconds > 0 ? flops / milliseconds / 1e6 : 0 }
    /// GB of weights a second.
    var weightRate: Double { milliseconds > 0 ? Double(weightBytes) / milliseconds / 1e6 : 0 }
    func shareOfPeak(_ peak: Double) -> Double {
      milliseconds > 0 && peak > 0 ? multiplications / (milliseconds / 1e3 * peak) : 0
    }
    /// Milliseconds that the machine needs at least: multiplications at its peak or weights out of memory, whichever takes
    /// longer. Of a sum of layers the sum of theirs.
    var limit = 0.0
    var shareOfLimit: Double { milliseconds > 0 ? limit / milliseconds : 0 }

    mutating func add(_ other: Share) {
      milliseconds += other.milliseconds
      minimum += other.minimum
      flops += other.flops
      multiplications += other.multiplications
      weightBytes += other.weightBytes
      limit += other.limit
    }
  }

  let architecture: Architecture
  let isa: String
  let threads: Int
  let rounds: Int
  /// Faces of a run.
  let batch: Int
  let packedBytes, workspaceBytes: Int
  /// Multiplications a second of all threads in registers alone.
  let peak: Double
  /// Bytes a second that all threads read from memory.
  let bandwidth: Double
  let layers: [Share]
  /// The sums over the parts of the network.
  let parts: [Share]
  /// Milliseconds of a whole run, by the clock around it.
  package let total: Statistics

  /// - Parameters:
  ///   - threads: of a run; 0: one for each processor.
  ///   - rounds: runs that are timed.
  ///   - warmup: runs before them.
  ///   - batch: faces of a run, which are computed together.
  /// - Throws: `cancelled`, `outOfMemory`, `threadFailure`.
  package init(
    _ plan: Plan, threads: Int, rounds: Int, warmup: Int, batch: Int = 1, destinationMask: Bool, isCancelled: () -> Bool
  ) throws(LiaeError) {
    let runner = try FaceRunner(plan, threads: threads, mode: plan.usualMode, batch: batch)
    let face = try RenderedFaces().face(1, side: runner.side).converted(to: runner.format)
    var results: [FaceResult] = []
    for _ in 0..<batch { results.append(try runner.makeResult(destinationMask: destinationMask && !plan.segments)) }
    defer { withExtendedLifetime((face, results)) {} }
    let (faces, targets) = (Array(repeating: face.view, count: batch), results.map(\.target))
    (peak, bandwidth) = (try runner.context.measurePeak(), try runner.context.measureBandwidth())
    var totals: [Double] = []
    var layerTimes: [[Double]] = []
    var timings: [StageTiming] = []
    for round in 0..<warmup + rounds {
      if isCancelled() { throw LiaeError(.cancelled, "interrupted") }
      let start = monotonicNanoseconds()
      try runner.run(faces, into: targets)
      let end = monotonicNanoseconds()
      guard round >= warmup else { continue }
      totals.append(Double(end - start) / 1e6)
      timings = runner.context.timings
      if layerTimes.count != timings.count { layerTimes = Array(repeating: [], count: timings.count) }
      for (i, timing) in timings.enumerated() { layerTimes[i].append(Double(timing.nanoseconds) / 1e6) }
    }
    architecture = plan.architecture
    (isa, packedBytes) = (plan.instructionSet.rawValue, plan.packedBytes)
    (self.threads, workspaceBytes) = (runner.context.threads, runner.context.workspaceBytes)
    (self.rounds, self.batch) = (rounds, batch)
    total = Statistics(totals)
    let (peak, bandwidth) = (peak, bandwidth)
    let layers = zip(timings, layerTimes).map { timing, times in
      let statistics = Statistics(times)
      return Share(
        name: timing.name, algorithm: timing.algorithm, milliseconds: statistics.median, minimum: statistics.minimum,
        flops: timing.flops, multiplications: timing.multiplications, weightBytes: timing.weightBytes,
        limit: 1e3 * max(timing.multiplications / max(1, peak), Double(timing.weightBytes) / max(1, bandwidth)))
    }
    self.layers = layers
    // In the order in which the network runs them.
    var parts: [Share] = []
    for (timing, layer) in zip(timings, layers) {
      if let place = parts.firstIndex(where: { $0.name == timing.part }) {
        parts[place].add(layer)
      } else {
        var sum = Share(name: timing.part)
        sum.add(layer)
        parts.append(sum)
      }
    }
    self.parts = parts
  }

  private var whole: Share {
    var sum = Share()
    for part in parts { sum.add(part) }
    sum.milliseconds = total.median
    return sum
  }

  private func cells(_ share: Share) -> [String] {
    [
      share.milliseconds.fixed(3), share.limit.fixed(3), (share.shareOfLimit * 100).fixed(0), share.gigaflops.fixed(1),
      (share.multiplications / 1e6).fixed(1),
      (share.shareOfPeak(peak) * 100).fixed(0), (Double(share.weightBytes) / 1e6).fixed(2), share.weightRate.fixed(1),
    ]
  }
  private static let columns = ["ms", "limit", "%", "GFLOP/s", "M mult.", "% peak", "weights MB", "GB/s"]

  /// Returns the report as text, by parts of the network or by layers.
  package func text(layers wantsLayers: Bool) -> String {
    let a = architecture, whole = whole
    let list =
      wantsLayers
      ? table(
        header: ["layer", "algorithm"] + Self.columns, rows: layers.map { [$0.name, $0.algorithm] + cells($0) },
        leftColumns: 2)
      : table(header: ["part"] + Self.columns, rows: parts.map { [$0.name] + cells($0) }, leftColumns: 1)
    return """
      \(a.name) \(a.resolution), \(a.dimsText), \(isa), \
      \(threads) \(threads == 1 ? "thread" : "threads"), \(rounds) \(rounds == 1 ? "round" : "rounds")\(batch == 1 ? "" : ", \(batch) faces at once")

      \(list)

      total    median \(total.median.fixed(2)) ms, min \(total.minimum.fixed(2)) ms, MAD \(total.deviation.fixed(2)) ms; \
      \(facesPerSecond.fixed(2)) faces/s
      work     \((whole.flops / 1e9).fixed(2)) GFLOP as plain sums, \(whole.gigaflops.fixed(1)) GFLOP/s
      peak     \((whole.multiplications / 1e9).fixed(2)) G multiplications at \((peak / 1e9).fixed(1)) G/s: \
      \((whole.shareOfPeak(peak) * 100).fixed(0)) %
      limit    \(whole.limit.fixed(1)) ms at that peak and with weights at \((bandwidth / 1e9).fixed(1)) GB/s \
      (\(MachineBalance.of(peak: peak, bandwidth: bandwidth).fixed(1)) multiplications a byte): \
      \((whole.shareOfLimit * 100).fixed(0)) %
      memory   \(humanBytes(packedBytes)) packed weights, \(humanBytes(workspaceBytes)) workspace
      """
  }

  private var facesPerSecond: Double { Double(batch) * 1e3 / max(1e-9, total.median) }

  private func json(_ share: Share) -> [(String, JSON)] {
    [
      ("median_ms", .number(share.milliseconds)), ("min_ms", .number(share.minimum)),
      ("gflop_per_s", .number(share.gigaflops)), ("multiplications", .number(share.multiplications)),
      ("share_of_peak", .number(share.shareOfPeak(peak))), ("limit_ms", .number(share.limit)),
      ("weight_bytes", .integer(share.weightBytes)),
    ]
  }

  package var json: JSON {
    let a = architecture, whole = whole
    let network: [(String, JSON)] = [
      ("architecture", .string(a.name)), ("flavour", .string(a.flavour.rawValue)),
      ("resolution", .integer(a.resolution)),
    ]
    return .object(
      network + a.dimsMembers + [
        ("isa", .string(isa)), ("threads", .integer(threads)), ("rounds", .integer(rounds)),
        ("median_ms", .number(total.median)), ("min_ms", .number(total.minimum)), ("mad_ms", .number(total.deviation)),
        ("gflop", .number(whole.flops / 1e9)), ("gflop_per_s", .number(whole.gigaflops)),
        ("multiplications", .number(whole.multiplications)), ("peak_multiplications_per_s", .number(peak)),
        ("share_of_peak", .number(whole.shareOfPeak(peak))), ("bandwidth_bytes_per_s", .number(bandwidth)),
        ("limit_ms", .number(whole.limit)), ("share_of_limit", .number(whole.shareOfLimit)),
        ("batch", .integer(batch)), ("faces_per_s", .number(facesPerSecond)),
        ("packed_bytes", .integer(packedBytes)), ("workspace_bytes", .integer(workspaceBytes)),
        ("parts", .array(parts.map { .object([("name", .string($0.name))] + json($0)) })),
        (
          "layers",
          .array(
            layers.map { .object([("name", .string($0.name)), ("algorithm", .string($0.algorithm))] + json($0)) })
        ),
      ])
  }
}
