// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import LiaeCommandLine
import LiaeSamples
import LiaeSystem
import LiaeText
import LiaeTrain

struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Times iterations of a training.",
    discussion: """
      Trains fresh weights on noise and keeps nothing. Takes the options of the network and of training. With --wait \
      each iteration waits for a line of standard input and answers with its milliseconds, so that another program can \
      be timed in turn.
      """)

  @OptionGroup(title: "The network") var network: NetworkArguments
  @OptionGroup(title: "Training") var training: TrainingArguments

  @Option(help: .init("Threads. (default: one for each processor)", valueName: "n"))
  var threads: Int?

  @Option(help: .init("Iterations that are timed, after two that are not.", valueName: "n"))
  var rounds = 10

  @Flag(help: "Wait for a line before each iteration.")
  var wait = false

  func validate() throws {
    guard (1...100_000).contains(rounds) else {
      throw ValidationError("--rounds is \(rounds); expected 1 to 100000")
    }
    if let threads, !(1...256).contains(threads) {
      throw ValidationError("--threads is \(threads); expected 1 to 256")
    }
  }

  func run() throws {
    var settings = TrainingSettings()
    for (key, value) in network.given + training.given { try settings.set(key, value, source: "--") }
    let architecture = try settings.architecture()
    let engine = try Engine(workers: threads ?? processorCount())
    let trainer = try Trainer(
      engine: engine, architecture: architecture, weights: nil, options: settings.options, seed: 1)
    let batches = try (0..<2).map { side in
      try Self.noise(count: settings.batchSize, side: architecture.resolution, seed: UInt64(side))
    }
    Interruption.watch()
    var times: [Double] = []
    for round in 0..<rounds + 2 {
      try Interruption.check()
      if wait, readLine() == nil { break }
      let start = monotonicNanoseconds()
      _ = try trainer.step(source: batches[0], destination: batches[1])
      let time = Double(monotonicNanoseconds() - start) / 1e6
      if round >= 2 { times.append(time) }
      if wait { Console.say(time.fixed(2)) }
    }
    if wait { return }
    let statistics = Statistics(times)
    Console.say(
      listing([
        ("network", "\(architecture.name) \(architecture.resolution), batch \(settings.batchSize)"),
        ("threads", "\(engine.workers)"),
        (
          "iteration",
          "\(statistics.median.fixed(1)) ms (least \(statistics.minimum.fixed(1)), deviation \(statistics.deviation.fixed(1)))"
        ),
        ("tensors", "\(engine.bytes / 1_000_000) MB"),
      ]))
  }

  private static func noise(count: Int, side: Int, seed: UInt64) throws(LiaeError) -> FaceBatch {
    let batch = try FaceBatch(count: count, side: side)
    var generator = SplitMix64(state: seed)
    for plane in [batch.warped, batch.target, batch.mask, batch.eyesMouth] {
      let values = plane.base.assumingMemoryBound(to: Float.self)
      for i in 0..<plane.count / 4 { values[i] = generator.uniform() }
    }
    return batch
  }
}
