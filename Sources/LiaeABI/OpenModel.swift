// SPDX-License-Identifier: Apache-2.0
import LiaeConvert
import LiaeGraph
import LiaeOpening
import LiaePack
import LiaeRuntime
import LiaeSystem
import LiaeTensor
import Synchronization

/// The object behind a `liae_model` handle: the plan, and what is said of it with its texts.
final class OpenModel: @unchecked Sendable {
  static let registry = HandleRegistry<OpenModel>(kind: 5, noun: "model")

  let plan: Plan
  let info: CModelInfo
  /// Setting the flag cancels the saves that are under way.
  private let cancelFlag = CancelFlag()
  private let saves = Atomic<Int>(0)
  /// Keeps the texts of `info`.
  private let texts: CStringTable

  init(_ plan: Plan) {
    let (architecture, origin) = (plan.architecture, plan.info)
    var texts = CStringTable()
    var info = CModelInfo()
    info.architecture = UnsafePointer(texts.intern(architecture.name))
    info.family = UnsafePointer(texts.intern(architecture.family.rawValue))
    info.flavour = UnsafePointer(texts.intern(architecture.flavour.rawValue))
    info.origin = UnsafePointer(texts.intern(origin.origin.rawValue))
    info.faceType = UnsafePointer(texts.intern(origin.faceType ?? ""))
    info.guesses = UnsafePointer(texts.intern(origin.guesses.map(\.printable).joined(separator: "\n")))
    info.notes = UnsafePointer(texts.intern(origin.notes.map(\.printable).joined(separator: "\n")))
    info.isa = UnsafePointer(texts.intern(plan.instructionSet.rawValue))
    info.iteration = Int64(origin.iteration ?? -1)
    info.parameterCount = UInt64(plan.graph.parameterCount)
    info.packedBytes = UInt64(plan.packedBytes)
    info.resolution = Int32(clamping: architecture.resolution)
    info.rgbSide = Int32(clamping: architecture.rgbSide)
    info.maskSide = Int32(clamping: architecture.maskSide)
    let order: ColorOrderChoice = origin.colorOrder == .rgb ? .rgb : .bgr
    info.colorOrder = order.rawValue
    info.eDims = Int32(clamping: architecture.eDims)
    info.aeDims = Int32(clamping: architecture.aeDims)
    info.dDims = Int32(clamping: architecture.dDims)
    info.dMaskDims = Int32(clamping: architecture.dMaskDims)
    info.interDims = Int32(clamping: architecture.interDims)
    info.canMorph = plan.graph.canMorph ? 1 : 0
    info.trainedMorph = origin.trainedMorph.map { Float($0) } ?? -1
    let kind: ModelKind = plan.segments ? .segment : .swap
    (info.kind, info.baseDims) = (kind.rawValue, Int32(clamping: architecture.baseDims))
    self.plan = plan
    self.info = info
    self.texts = texts
    for guess in origin.guesses { Log.write(.warning, guess) }
    for note in origin.notes { Log.write(.info, note) }
  }

  /// Writes the packed weights; `cancel` ends it.
  func save(to path: String) throws(LiaeError) {
    if saves.add(1, ordering: .relaxed).oldValue == 0 { cancelFlag.clear() }
    defer { saves.subtract(1, ordering: .relaxed) }
    try CallScope.with(cancelFlag: cancelFlag.address) { () throws(LiaeError) in
      try PackFile.write(plan, to: path, replacing: true)
    }
  }

  func cancel() { cancelFlag.set() }
}

extension CModelOptions {
  /// Runs the opening of a model under the limits of the options at `pointer`.
  static func with<Result>(
    _ pointer: UnsafeRawPointer?, _ body: (CModelOptions) throws(LiaeError) -> Result
  ) throws(LiaeError) -> Result {
    let options = try pointer.map { (p) throws(LiaeError) in try CModelOptions.read(p, "options") } ?? .init()
    let limit = Int(clamping: options.memoryLimit)
    return try CallScope.with(cancelFlag: options.cancel, budget: limit > 0 ? MemoryBudget(limit: limit) : nil) {
      () throws(LiaeError) in
      let result = try body(options)
      try CallScope.check()
      return result
    }
  }

  /// Returns the request to open a model; what is to be said of packed weights goes to the log.
  func opening() throws(LiaeError) -> ModelOpening {
    var result = ModelOpening()
    (result.checkpoint, result.plan) = (try open(), try plan())
    if packedPath != nil { result.packedPath = try text(packedPath, "options.packed_path") }
    result.verifiesPacked = try within(verifyPacked, 0...1, "options.verify_packed") == 1
    result.copiesPacked = try within(copyPacked, 0...1, "options.copy_packed") == 1
    result.report = { Log.write($0.isWarning ? .warning : .info, $0.text) }
    return result
  }

  private func open() throws(LiaeError) -> OpenOptions {
    var result = OpenOptions()
    if architecture != nil { result.architecture = try text(architecture, "options.architecture") }
    let order: ColorOrderChoice = try choice(colorOrder, "options.color_order")
    switch order {
    case .automatic: break
    case .rgb: result.colorOrder = .rgb
    case .bgr: result.colorOrder = .bgr
    }
    result.faceType = try LiaeABI.faceType(faceType, "options.face_type")?.rawValue
    return result
  }

  private func plan() throws(LiaeError) -> PlanOptions {
    var result = PlanOptions()
    result.convolution = try choice(convolution, "options.convolution")
    result.memory = try choice(memory, "options.memory")
    result.allowsNonFinite = try within(allowNonFinite, 0...1, "options.allow_non_finite") == 1
    result.threads = try within(threads, ContextOptions.threadRange, "options.threads")
    try result.set(machineBalance: machineBalance == 0 ? nil : Double(machineBalance), "options.machine_balance")
    return result
  }
}
