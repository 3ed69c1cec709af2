// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import LiaeConvert
import LiaeDispatch
import LiaeModel
import LiaeRuntime
import LiaeSystem
import LiaeTensor

extension ColorOrder: ExpressibleByArgument {}

extension MemoryPolicy: ExpressibleByArgument {
  public init?(argument: String) {
    guard let policy = Self.allCases.first(where: { "\($0)" == argument }) else { return nil }
    self = policy
  }
  public static var allValueStrings: [String] { allCases.map { "\($0)" } }
  public var defaultValueDescription: String { "\(self)" }
}

/// - Throws: for an empty path, as a shell makes it of a variable that is not set: it would mean the root folder.
func requirePath(_ path: String, _ option: String) throws {
  if path.isEmpty { throw ValidationError("\(option) is empty; expected a path") }
}

/// What the user knows of a network and its file may not.
struct ArchitectureArguments: ParsableArguments {
  @Option(
    help: .init(
      "liae or df with letters of u, d, t, c, as in liae-udt. Overrules the file; needed where it cannot tell.",
      valueName: "name"))
  var arch: String?

  func validate() throws {
    guard let arch else { return }
    do throws(LiaeError) { _ = try Architecture.parse(arch) } catch {
      throw ValidationError("--arch: \(error.message)")
    }
  }

  /// Opens the model and passes on what was guessed.
  func open(_ path: String) throws -> Model {
    try CheckpointArguments.open(path, OpenOptions(architecture: arch), mentioningGuesses: true)
  }
}

/// What the user knows of a checkpoint and its file may not, where pictures or their colours matter.
struct CheckpointArguments: ParsableArguments {
  @OptionGroup var architecture: ArchitectureArguments

  @Option(
    help: .init(
      "Colours as the model reads and returns them. Overrules the file; PyTorch files and foreign safetensors cannot "
        + "tell, and bgr is assumed.",
      valueName: "order"))
  var colorOrder: ColorOrder?

  /// Opens the model and passes on what was guessed, unless the command's results say it.
  func open(_ path: String, mentioningGuesses: Bool = true) throws -> Model {
    let options = OpenOptions(architecture: architecture.arch, colorOrder: colorOrder)
    return try Self.open(path, options, mentioningGuesses: mentioningGuesses)
  }

  fileprivate static func open(_ path: String, _ options: OpenOptions, mentioningGuesses: Bool) throws -> Model {
    let model: Model
    do throws(LiaeError) { model = try ModelReader.open(path: path, options: options) } catch {
      switch error.status {
      // Of the model, and no other file is damaged; nor is the command line wrong where this library does not run a kind.
      case .unknownFormat, .corruptFile, .limitExceeded, .unsafeFile, .unsupported: throw Failure(.model, error.message)
      default: throw error
      }
    }
    guard mentioningGuesses else { return model }
    for guess in model.info.guesses { Console.complain("\(path): \(guess)") }
    return model
  }
}

/// How a run computes.
struct ComputeArguments: ParsableArguments {
  @Option(help: .init("Threads of a run; 0 is one for each processor. Results do not depend on it.", valueName: "n"))
  var threads = 0

  @Option(
    help: .init(
      "speed, balanced (half the memory of speed) or memory (about the checkpoint's size).", valueName: "policy"))
  var memory = MemoryPolicy.speed

  @Flag(help: "Direct convolutions only: slower, and nearer to the exact sums.")
  var direct = false

  mutating func validate() throws {
    guard ContextOptions.threadRange.contains(threads) else {
      throw ValidationError("--threads is \(threads); expected 0 to \(ContextOptions.threadRange.upperBound)")
    }
  }

  func plan(_ model: consuming Model) throws(LiaeError) -> Plan {
    var options = PlanOptions()
    options.convolution = direct ? .direct : .automatic
    options.threads = threads
    options.memory = memory
    return try Plan(model: consume model, options: options)
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
