// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import LiaeConvert
import LiaeDispatch
import LiaeModel
import LiaeRuntime
import LiaeSystem
import LiaeTensor

/// What the user knows of a checkpoint and its file may not.
struct CheckpointArguments: ParsableArguments {
  @Option(
    help: .init(
      "liae or df with letters of u, d, t, c, as in liae-udt. Overrules the file; needed where it cannot tell.",
      valueName: "name"))
  var arch: String?

  /// Opens the model and passes on what was guessed, unless the command's results say it.
  func open(_ path: String, mentioningGuesses: Bool = true) throws(LiaeError) -> Model {
    var options = OpenOptions()
    options.architecture = arch
    let model = try ModelReader.open(path: path, options: options)
    guard mentioningGuesses else { return model }
    for guess in model.info.guesses { Console.complain("\(path): \(guess)") }
    return model
  }
}

/// How a run computes.
struct ComputeArguments: ParsableArguments {
  @Option(help: .init("Threads of a run; 0 is one for each processor. Results do not depend on it.", valueName: "n"))
  var threads = 0

  @Flag(help: "Direct convolutions only: slower, and nearer to the exact sums.")
  var direct = false

  mutating func validate() throws {
    guard ContextOptions.threadRange.contains(threads) else {
      throw ValidationError("--threads is \(threads); expected 0 to \(ContextOptions.threadRange.upperBound)")
    }
  }

  func plan(_ model: Model) throws(LiaeError) -> Plan {
    var options = PlanOptions()
    options.convolution = direct ? .direct : .automatic
    options.threads = threads
    return try Plan(model: model, options: options)
  }

  func context(_ plan: Plan) throws(LiaeError) -> Context {
    var options = ContextOptions()
    options.threads = threads
    return try Context(plan: plan, options: options)
  }
}

/// `avx512`, `avx2` or `baseline`, or what is wrong with the wish for one.
func instructionSetInUse() -> String {
  do throws(LiaeError) { return try InstructionSet.preferred().rawValue } catch { return error.message }
}
