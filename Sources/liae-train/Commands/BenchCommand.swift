// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import LiaeCommandLine
import LiaeSystem
import LiaeText
import LiaeTrain
import LiaeTrainingSession

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

  @Option(
    help: .init(
      "What an iteration keeps: speed, every activation, the default; memory, fewer, of which it makes the others again. "
        + "Results do not depend on it.", valueName: "policy"))
  var memory: String?

  @Option(help: .init("Iterations that are timed, after two that are not.", valueName: "n"))
  var rounds = 10

  @Flag(help: "Wait for a line before each iteration.")
  var wait = false

  @Flag(help: "List the time and the share of the machine's peak of each convolution and pass.")
  var layers = false

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
    if let memory { try settings.set("memory", .string(memory), source: "--") }
    let benchmark = try IterationBenchmark(settings, threads: threads ?? processorCount())
    let peak = layers ? try benchmark.measurePeak() : 0
    Interruption.watch()
    var profile: OperationProfile?
    var times: [Double] = []
    for round in 0..<rounds + 2 {
      if wait, readLine() == nil { break }
      if layers, round == 2 { profile = benchmark.profile() }
      let time = try benchmark.iterate { Interruption.came }
      if round >= 2 { times.append(time) }
      if wait { Console.say(time.fixed(2)) }
    }
    if wait { return }
    let statistics = Statistics(times)
    if let profile { Console.say(ProfileReport(profile, times: times, peak: peak).text + "\n") }
    let architecture = benchmark.architecture
    Console.say(
      listing([
        ("network", "\(architecture.name) \(architecture.resolution), batch \(settings.batchSize)"),
        ("threads", "\(benchmark.threads)"),
        (
          "iteration",
          "\(statistics.median.fixed(1)) ms (least \(statistics.minimum.fixed(1)), deviation \(statistics.deviation.fixed(1)))"
        ),
        ("tensors", "\(benchmark.bytes / 1_000_000) MB"),
      ]))
  }
}
