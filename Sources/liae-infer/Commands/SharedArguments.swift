// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import LiaeCommandLine
import LiaeConvert
import LiaeDispatch
import LiaeFormats
import LiaeGraph
import LiaeOpening
import LiaeRuntime
import LiaeSystem
import LiaeTensor

extension ColorOrder: ExpressibleByArgument {}
extension PlanOptions.Planning: ExpressibleByArgument {}

extension MemoryPolicy {
  static func parse(_ argument: String) throws -> MemoryPolicy {
    if let policy = MemoryPolicy(name: argument) { return policy }
    throw ValidationError("expected \(allCases.map(\.name).joined(separator: ", "))")
  }
}

/// The user's knowledge of a network, which its file may lack.
struct ArchitectureArguments: ParsableArguments {
  @Option(
    help: .init(
      "amp, xseg, or liae or df with letters of u, d, t, c, as in liae-udt. Overrules the file; needed where it cannot tell.",
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
    try CheckpointArguments.open(CheckpointFile(path: path), OpenOptions(architecture: arch), mentioningGuesses: true)
  }

  /// Opens the checkpoint, or packed weights, to be run.
  func plan(_ path: String, _ compute: ComputeArguments, _ packed: PackedArguments?) throws -> Plan {
    try CheckpointArguments.plan(CheckpointFile(path: path), OpenOptions(architecture: arch), compute, packed)
  }
}

/// The user's knowledge of a checkpoint, which its file may lack, where pictures or their colours matter.
struct CheckpointArguments: ParsableArguments {
  @OptionGroup var architecture: ArchitectureArguments

  @Option(
    help: .init(
      "Order of the colours that the model reads and returns. Overrides the file; PyTorch files and safetensors files of "
        + "other programs do not contain it, and bgr is assumed.",
      valueName: "order"))
  var colorOrder: ColorOrder?

  /// Opens the model and passes on what was guessed, unless the command's results say it.
  func open(_ file: CheckpointFile, faceType: String? = nil, mentioningGuesses: Bool = true) throws -> Model {
    try Self.open(file, options(faceType), mentioningGuesses: mentioningGuesses)
  }

  /// Opens the model and passes on what was guessed.
  func open(_ path: String, faceType: String? = nil) throws -> Model {
    try open(CheckpointFile(path: path), faceType: faceType)
  }

  /// Opens the checkpoint, or packed weights, to be run; passes on what was guessed.
  func plan(
    _ file: CheckpointFile, faceType: String? = nil, _ compute: ComputeArguments, _ packed: PackedArguments?
  ) throws -> Plan {
    try Self.plan(file, options(faceType), compute, packed)
  }

  /// Opens the checkpoint, or packed weights, to be run; passes on what was guessed.
  func plan(
    _ path: String, faceType: String? = nil, _ compute: ComputeArguments, _ packed: PackedArguments?
  ) throws -> Plan {
    try plan(CheckpointFile(path: path), faceType: faceType, compute, packed)
  }

  private func options(_ faceType: String?) -> OpenOptions {
    OpenOptions(architecture: architecture.arch, colorOrder: colorOrder, faceType: faceType)
  }

  fileprivate static func plan(
    _ file: CheckpointFile, _ options: OpenOptions, _ compute: ComputeArguments, _ packed: PackedArguments?
  ) throws -> Plan {
    guard file.packedWeights != nil else {
      var opening = compute.opening(packed)
      opening.checkpoint = options
      // Packed weights are large: Ctrl-C does not leave half of them beside a checkpoint.
      return try interruptible {
        let model = try open(file, options, mentioningGuesses: true)
        return try asModel { () throws(LiaeError) in try opening.open(model, from: file.path) }
      }
    }
    var opening = compute.opening(packed)
    opening.checkpoint = options
    let plan = try asModel { () throws(LiaeError) in try opening.open(file) }
    for guess in plan.info.guesses { Console.complain("\(file.path): \(guess)") }
    return plan
  }

  static func open(_ file: CheckpointFile, _ options: OpenOptions, mentioningGuesses: Bool) throws -> Model {
    let model = try asModel { () throws(LiaeError) in try ModelReader.open(file, options: options) }
    guard mentioningGuesses else { return model }
    for guess in model.info.guesses { Console.complain("\(file.path): \(guess)") }
    return model
  }
}

/// Face type of a checkpoint, for commands that keep, show or use it. `merge` and `video` have it among their settings.
struct FaceTypeArguments: ParsableArguments {
  @Option(
    help: .init(
      "Face type of the model: \(known). Overrides the file; .dfm and PyTorch files do not contain it.",
      valueName: "name"))
  var faceType: String?

  private static var known: String {
    ModelInfo.faceTypes.map { $0.letters == $0.name ? $0.name : "\($0.name) or \($0.letters)" }.joined(separator: ", ")
  }

  func validate() throws {
    do throws(LiaeError) { _ = try OpenOptions(faceType: faceType).faceTypeName() } catch {
      throw ValidationError("--face-type: \(error.message)")
    }
  }
}

/// Packed weights beside a checkpoint.
struct PackedArguments: ParsableArguments {
  @Option(
    help: .init(
      "Packed weights beside the checkpoint: mapped if they fit it, written if they do not fit or do not exist. The next "
        + "start is quicker, and processes share them.", valueName: "file"))
  var packed: String?

  @Flag(
    help: .init(
      "Read packed weights into the memory of this process. Without this flag they are mapped and shared, and the process "
        + "ends if another program truncates the file."))
  var copyPacked = false

  func validate() throws { try requirePath(packed ?? "p", "--packed") }
}

/// The options of computation.
struct ComputeArguments: ParsableArguments {
  @Option(help: .init("Threads of a run; 0 is one for each processor. Results do not depend on it.", valueName: "n"))
  var threads = 0

  @Option(
    help: .init(
      "Memory of the weights: speed, the default; balanced, less than half of that; memory, as much as the checkpoint, in 16 "
        + "bits if it has 16 bits.", valueName: "policy"), transform: MemoryPolicy.parse)
  var memory = MemoryPolicy.speed

  @Option(
    help: .init(
      "Multiplications that this machine does in the time in which it reads one byte of memory. With the policy speed it "
        + "decides which weights are stored as taps, and results do not depend on it. Without this option it is measured "
        + "when a large checkpoint is opened.", valueName: "n"))
  var machineBalance: Double?

  @Flag(help: "Run weights that are not finite. Without this flag they are an error, and so are such results.")
  var allowNonFinite = false

  @Flag(help: "Direct convolutions only: slower, and nearer to the exact sums.")
  var direct = false

  @Option(
    help: .init(
      "Choice of algorithms: model estimates their times, measure times them on this machine when the model is opened. "
        + "Measured choices may differ from time to time, and results in their last bits.", valueName: "way"))
  var plan = PlanOptions.Planning.model

  mutating func validate() throws {
    guard ContextOptions.threadRange.contains(threads) else {
      throw ValidationError("--threads is \(threads); expected 0 to \(ContextOptions.threadRange.upperBound)")
    }
    do throws(LiaeError) {
      var options = PlanOptions()
      try options.set(machineBalance: machineBalance, "--machine-balance")
    } catch { throw ValidationError(error.message) }
  }

  var planOptions: PlanOptions {
    var options = PlanOptions()
    options.convolution = direct ? .direct : .automatic
    options.threads = threads
    options.planning = plan
    (options.memory, options.machineBalance) = (memory, machineBalance)
    options.allowsNonFinite = allowNonFinite
    return options
  }

  /// Returns how a model is opened; remarks on packed weights go to the user.
  func opening(_ packed: PackedArguments?) -> ModelOpening {
    var opening = ModelOpening()
    (opening.plan, opening.packedPath) = (planOptions, packed?.packed)
    opening.copiesPacked = packed?.copyPacked ?? false
    opening.report = { Console.complain($0.text) }
    return opening
  }

  func plan(_ model: consuming Model, _ packed: PackedArguments? = nil) throws(LiaeError) -> Plan {
    try opening(packed).open(consume model)
  }
}

/// `avx512`, `avx2`, `neon` or `baseline`, or what is wrong with the wish for one.
func instructionSetInUse() -> String {
  do throws(LiaeError) { return try InstructionSet.preferred().rawValue } catch { return error.message }
}
