// SPDX-License-Identifier: Apache-2.0
import Foundation
import LiaeConvert
import LiaeGraph
import LiaeOpening
import LiaePack
import LiaeRuntime
import LiaeSystem
import LiaeTensor
import LiaeTestSupport
import Synchronization
import Testing

/// Packed weights that are compared with their checksums as they are first used.
@Suite struct PackCheckTests {
  private let folder: TemporaryFolder
  private let path: String
  private let model: Model

  init() throws {
    folder = try TemporaryFolder()
    path = folder("model.liaepack")
    model = try Model.random(architectures[2], seed: 2)
  }

  /// Flips a bit in the middle of a part.
  private func damage(_ part: PackHeader.Part) throws {
    var bytes = try fileBytes(path)
    let start = bytes.count - (try lastEnd())
    bytes[start + part.offset + part.size / 2] ^= 0x10
    try write(bytes, to: path)
  }

  private func parts() throws -> [PackHeader.Part] { try PackFile(path: path).header.parts }
  private func lastEnd() throws -> Int { try parts().map { $0.offset + $0.size }.max() ?? 0 }

  private func run(_ plan: Plan, _ mode: RunMode) throws { try run(Context(plan: plan), mode) }

  private func run(_ context: Context, _ mode: RunMode) throws {
    let side = context.plan.architecture.resolution
    let input = [Float](repeating: 0.5, count: side * side * 3)
    var mask = [Float](repeating: 0, count: side * side)
    try input.withUnsafeBytes { input in
      try mask.withUnsafeMutableBytes { mask in
        guard let i = input.baseAddress, let m = mask.baseAddress else { return }
        try context.run(
          mode, ImageView(base: i, width: side, height: side, stride: side * 12, format: .bgrFloat), rgb: nil,
          mask: MutableImageView(base: m, width: side, height: side, stride: side * 4, format: .grayFloat),
          destinationMask: nil)
      }
    }
  }

  /// Of df, a run of one decoder does not read the other's weights.
  @Test func onlyWhatIsReadIsCompared() throws {
    try PackFile.write(Plan(model: model), to: path, replacing: false)
    let others = try parts().filter { $0.name.hasPrefix("decoder_dst") }
    #expect(!others.isEmpty)
    for part in others { try damage(part) }
    let plan = try ModelOpening().open(path)
    // The mask of the swap is decoder_src's.
    try run(plan, .swap)
    #expect { try run(plan, .reconstructDestination) } throws: { ($0 as? LiaeError)?.status == .corruptFile }
    try run(plan, .swap)
  }

  /// A run that is cancelled, or whose pool does not work, while weights are compared says nothing of the weights.
  @Test(arguments: [1, 3]) func whatWasNotComparedIsNotDamaged(_ threads: Int) throws {
    try PackFile.write(Plan(model: model), to: path, replacing: false)
    let plan = try ModelOpening().open(path)
    var options = ContextOptions()
    options.threads = threads
    let context = try Context(plan: plan, options: options)
    let flag = CancelFlag()
    flag.set()
    #expect {
      try CallScope.with(cancelFlag: flag.address) { () throws(LiaeError) in
        do { try run(context, .swap) } catch let error as LiaeError { throw error } catch {}
      }
    } throws: {
      ($0 as? LiaeError)?.status == .cancelled
    }
    options.threads = 3
    options.parallelFor = { _, _, _, _ in }
    let idle = try Context(plan: plan, options: options)
    #expect { try run(idle, .swap) } throws: { ($0 as? LiaeError)?.status == .threadFailure }
    try run(context, .swap)
  }

  /// A file that is changed behind what was compared already is not looked at again: later runs cost nothing.
  @Test func whatWasComparedIsTrusted() throws {
    try PackFile.write(Plan(model: model), to: path, replacing: false)
    var opening = ModelOpening()
    opening.verifiesPacked = true
    let plan = try opening.open(path)
    let expected = try outputs(plan)
    #expect(isBitEqual(try outputs(plan), expected))
  }

  /// Beside a checkpoint, weights that turn out to be damaged are packed again, in that run.
  @Test func damagedWeightsAreMadeAnewFromTheirCheckpoint() throws {
    let checkpoint = folder("model.safetensors")
    try ModelWriter.write(model, to: checkpoint, as: .safetensors(.float32), replacing: false)
    let remarks = Mutex<[ModelOpening.Remark]>([])
    var opening = ModelOpening()
    opening.packedPath = path
    let expected = try outputs(opening.open(checkpoint))
    let good = try fileBytes(path)
    opening.report = { remark in remarks.withLock { $0.append(remark) } }
    for copying in [false, true] {
      opening.copiesPacked = copying
      for part in try parts() { try damage(part) }
      let plan = try opening.open(checkpoint)
      #expect(remarks.withLock { $0.isEmpty })
      for _ in 0..<2 { #expect(isBitEqual(try outputs(plan), expected)) }
      #expect(remarks.withLock { $0.count == 1 && $0[0].isWarning && $0[0].text.contains("damaged") })
      #expect(try fileBytes(path) == good)
      remarks.withLock { $0 = [] }
    }
    // Without the checkpoint that is an error, which says why.
    for part in try parts() { try damage(part) }
    let plan = try opening.open(checkpoint)
    try File.remove(checkpoint)
    #expect {
      _ = try outputs(plan)
    } throws: {
      ($0 as? LiaeError)?.status == .corruptFile && "\($0)".contains("no such file")
    }
    // And so it is with another checkpoint of that name.
    try ModelWriter.write(model.changed(), to: checkpoint, as: .safetensors(.float32), replacing: false)
    #expect {
      _ = try outputs(plan)
    } throws: {
      ($0 as? LiaeError)?.status == .corruptFile && "\($0)".contains("another checkpoint")
    }
  }

  /// Contexts on several threads share what was compared.
  @Test func severalThreadsMayBeTheFirst() async throws {
    try PackFile.write(Plan(model: model), to: path, replacing: false)
    let plan = try ModelOpening().open(path)
    let expected = try outputs(Plan(model: model))
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for _ in 0..<8 { group.addTask { isBitEqual(try outputs(plan), expected) } }
      for try await isEqual in group { #expect(isEqual) }
    }
  }

  /// A copy is not touched by what happens to the file; a mapping would end the process here.
  @Test func aCopyOutlivesTheFile() throws {
    try PackFile.write(Plan(model: model), to: path, replacing: false)
    var opening = ModelOpening()
    opening.copiesPacked = true
    let plan = try opening.open(path)
    #expect(truncate(path, 0) == 0)
    #expect(isBitEqual(try outputs(plan), try outputs(Plan(model: model))))
  }

  /// The sums of blocks, in plain steps.
  @Test(arguments: [0, 1, 1 << 20, (1 << 20) + 1, 3 << 20])
  func theChecksumIsOfTheSumsOfBlocks(count: Int) throws {
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 ^ $0 >> 9) }
    var sums: [UInt8] = []
    for start in stride(from: 0, to: count, by: 1 << 20) {
      let sum = bytes[start..<min(start + 1 << 20, count)].withUnsafeBytes { XXH64.hash($0) }
      sums += (0..<8).map { UInt8(truncatingIfNeeded: sum >> (8 * $0)) }
    }
    let expected = sums.withUnsafeBytes { XXH64.hash($0) }
    #expect(try PartChecksum.of(bytes.withUnsafeBytes { (raw) throws(LiaeError) in try Bytes.copy(raw) }) == expected)
  }

  // MARK: - Weights that are not finite

  @Test func notFinitePackedWeightsSaySo() throws {
    let broken = try model.replacing("decoder_src.upscale0.conv1.weight", at: 5, with: .nan)
    var options = PlanOptions()
    options.allowsNonFinite = true
    try PackFile.write(Plan(model: broken, options: options), to: path, replacing: false)
    #expect {
      _ = try ModelOpening().open(path)
    } throws: {
      ($0 as? LiaeError)?.status == .corruptFile && "\($0)".contains("decoder_src.upscale0.conv1.weight")
    }
    var opening = ModelOpening()
    opening.plan = options
    try run(opening.open(path), .swap)
    // Beside the checkpoint as well.
    let checkpoint = folder("model.safetensors")
    try ModelWriter.write(broken, to: checkpoint, as: .safetensors(.float32), replacing: false)
    opening.packedPath = path
    try run(opening.open(checkpoint), .swap)
    opening.plan = PlanOptions()
    #expect {
      _ = try opening.open(checkpoint)
    } throws: {
      ($0 as? LiaeError)?.status == .corruptFile && "\($0)".hasPrefix(checkpoint)
    }
  }
}

extension Model {
  /// The same network with one weight changed.
  fileprivate func replacing(_ name: String, at index: Int, with value: Float) throws -> Model {
    let name = try #require(tensors.names.first { $0 == name } ?? tensors.names.first { $0.hasSuffix("weight") })
    let old = try tensor(name)
    let values = try Bytes.copy(old.raw)
    values.base.storeBytes(of: value, toByteOffset: 4 * index, as: Float.self)
    var all = tensors
    all[name] = try TensorView(dtype: .float32, shape: old.shape, storage: values)
    return try Model(architecture: architecture, info: info, tensors: all)
  }
}
