// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import LiaeCommandLine
import LiaeDiagnostics
import LiaeGraph
import LiaeRuntime
import LiaeSystem
import LiaeText

struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Times a model's run, by parts of the network or by layers.",
    discussion: """
      Without a checkpoint the weights are random, of the architecture (liae-udt unless --arch says otherwise) and \
      dims that the options give. One face, or a batch, one run after the other; the table has medians, the least that \
      the machine could take, the GFLOP/s of the plain sums, the multiplications that are really made and the packed \
      weights that are read. The least is multiplications at the peak or weights at the bandwidth of memory, whichever \
      takes longer; what all threads do in registers, and read from memory, is measured first.
      """)

  @Argument(help: .init("Checkpoint; without it --arch and the dims describe random weights.", valueName: "path"))
  var model: String?

  @OptionGroup var architecture: ArchitectureArguments

  @Option(help: .init("Side of the pictures. (default: 256)", valueName: "pixels"))
  var resolution: Int?

  @Option(help: .init("Dims of the encoder. (default: 64)", valueName: "n"))
  var eDims: Int?

  @Option(help: .init("Dims of the latent code. (default: 256)", valueName: "n"))
  var aeDims: Int?

  @Option(help: .init("Dims of the decoder. (default: 64)", valueName: "n"))
  var dDims: Int?

  @Option(help: .init("Dims of the decoder's mask branch. (default: 32)", valueName: "n"))
  var dMaskDims: Int?

  @Option(help: .init("Channels of a latent code of AMP. (default: 1024)", valueName: "n"))
  var interDims: Int?

  @Option(help: .init("Channels of the outermost level of XSeg. (default: 32)", valueName: "n"))
  var baseDims: Int?

  @Option(help: .init("Runs that are timed.", valueName: "n"))
  var rounds = 20

  @Option(help: .init("Runs before them.", valueName: "n"))
  var warmup = 3

  @Option(help: .init("Faces of a run, which are computed together. 1 to 64.", valueName: "n"))
  var batch = 1

  @Flag(inversion: .prefixedNo, help: "Compute the destination mask too.")
  var dstMask = true

  @Flag(help: "List every layer; without this flag the parts of the network. JSON has both.")
  var layers = false

  @Flag(help: "Time every algorithm for every shape of layer with cold weights, beside the planner's estimate.")
  var planner = false

  @Flag(help: "Time alignment and compositing of a face in a 1080p frame, without a model.")
  var frame = false

  @Option(help: .init("With --frame: an XSeg model, for a row with both of its masks.", valueName: "path"))
  var xseg: String?

  @OptionGroup var packed: PackedArguments
  @OptionGroup var compute: ComputeArguments

  @Flag(help: "Print JSON.")
  var json = false

  @Flag(help: "Print the median milliseconds alone.")
  var quiet = false

  func validate() throws {
    guard (1...1_000_000).contains(rounds) else { throw ValidationError("--rounds is \(rounds); expected 1 or more") }
    guard (0...1_000_000).contains(warmup) else { throw ValidationError("--warmup is \(warmup); expected 0 or more") }
    guard (1...64).contains(batch) else { throw ValidationError("--batch is \(batch); expected 1 to 64") }
    if batch > 1 && (frame || planner) { throw ValidationError("--batch goes without --frame and --planner") }
    if frame && (model != nil || quiet) {
      throw ValidationError("--frame times no model and prints a table: it takes neither a checkpoint nor --quiet")
    }
    if xseg != nil && !frame { throw ValidationError("--xseg goes with --frame") }
    if planner && (frame || layers || quiet) {
      throw ValidationError("--planner has a table of its own: it goes without --frame, --layers and --quiet")
    }
    if model == nil && packed.packed != nil { throw ValidationError("--packed goes with a checkpoint") }
    if json && quiet { throw ValidationError("--json and --quiet exclude each other") }
    if model != nil, [resolution, eDims, aeDims, dDims, dMaskDims, interDims, baseDims].contains(where: { $0 != nil }) {
      throw ValidationError("resolution and dims are those of the checkpoint; give them without one")
    }
  }

  func run() throws {
    let isCancelled = { Interruption.came }
    if frame {
      Interruption.watch()
      let benchmark = try FrameBenchmark(
        resolution: resolution ?? 256, xseg: try xseg.map { try XSegArguments.plan($0, compute) },
        threads: compute.threads, rounds: rounds, warmup: warmup,
        isCancelled: isCancelled)
      return Console.say(json ? benchmark.json.text() : benchmark.text)
    }
    let plan: Plan
    if let model {
      plan = try architecture.plan(model, compute, packed)
    } else {
      plan = try compute.plan(randomModel())
    }
    Interruption.watch()
    if planner {
      let report = try PlannerReport(plan, threads: compute.threads, rounds: rounds, isCancelled: isCancelled)
      return Console.say(json ? report.json.text() : report.text)
    }
    let benchmark = try Benchmark(
      plan, threads: compute.threads, rounds: rounds, warmup: warmup, batch: batch, destinationMask: dstMask,
      isCancelled: isCancelled)
    if quiet {
      Console.say(benchmark.total.median.fixed(2))
    } else {
      Console.say(json ? benchmark.json.text() : benchmark.text(layers: layers))
    }
  }

  /// - Throws: `usage` for an architecture that cannot be: here it is the user who wrote it, not a file.
  private func randomModel() throws -> Model {
    do throws(LiaeError) {
      let (family, options) = try Architecture.parse(architecture.arch ?? "liae-udt")
      if family == .xseg {
        return try Model.random(.xseg(resolution: resolution ?? 256, baseDims: baseDims ?? 32))
      }
      return try Model.random(
        Architecture(
          family: family, options: options, resolution: resolution ?? 256, eDims: eDims ?? 64, aeDims: aeDims ?? 256,
          dDims: dDims ?? 64, dMaskDims: dMaskDims ?? 32, interDims: interDims ?? 1024))
    } catch {
      throw error.status == .unknownArchitecture ? Failure(.usage, error.message) : error
    }
  }
}
