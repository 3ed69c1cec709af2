// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeRuntime
import LiaeSystem
import LiaeTensor
import Synchronization

/// The object behind a `liae_context` handle: the context, and the descriptions of the images of one run.
final class OpenContext: @unchecked Sendable {
  static let registry = HandleRegistry<OpenContext>(kind: 9, noun: "context")

  let context: Context
  let maxBatch: Int
  /// The flag that is set while a thread uses what stands below it.
  private let busy = Atomic(false)
  private var scratch: ImageScratch
  private var texts = CStringTable()

  init(plan: Plan, options: ContextOptions) throws(LiaeError) {
    maxBatch = options.maxBatch
    scratch = try ImageScratch(capacity: max(options.maxBatch, 8))
    context = try Context(plan: plan, options: options)
  }

  /// - Throws: `busy` while another thread runs.
  private func alone(_ body: () throws(LiaeError) -> Void) throws(LiaeError) {
    guard busy.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged else {
      throw LiaeError(.busy, "the context is running on another thread; make one for each thread")
    }
    defer { busy.store(false, ordering: .releasing) }
    try body()
  }

  /// Runs `count` images that `describe` writes into the scratch; it grows only for a larger batch than ever before.
  func run(
    _ options: UnsafeRawPointer?, count: Int, _ describe: (ImageScratch) throws(LiaeError) -> Void
  ) throws(LiaeError) {
    var mode: RunMode = context.plan.segments ? .segment : .swap
    if let options { mode = try CRunOptions.read(options, "options").runMode() }
    guard count > 0, count <= ImageScratch.largest else {
      throw LiaeError(
        .invalidArgument, "count is \(UInt(bitPattern: count)); expected 1 to \(ImageScratch.largest) images")
    }
    try alone { () throws(LiaeError) in
      if count > scratch.capacity { scratch = try ImageScratch(capacity: count) }
      try describe(scratch)
      try context.run(
        mode, inputs: scratch.inputs(count), rgb: scratch.outputs(.rgb, count), mask: scratch.outputs(.mask, count),
        destinationMask: scratch.outputs(.destinationMask, count))
    }
  }

  /// Times of the last run, with their texts.
  func timings() throws(LiaeError) -> [CTiming] {
    var result: [CTiming] = []
    try alone { () throws(LiaeError) in
      result = context.timings.map { timing in
        var out = CTiming()
        out.name = UnsafePointer(texts.intern(timing.name))
        out.algorithm = UnsafePointer(texts.intern(timing.algorithm))
        out.nanoseconds = UInt64(clamping: timing.nanoseconds)
        out.flops = UInt64(exactly: timing.flops.rounded()) ?? 0
        out.weightBytes = UInt64(clamping: timing.weightBytes)
        return out
      }
    }
    return result
  }
}

extension CRunOptions {
  func runMode() throws(LiaeError) -> RunMode {
    let mode: Mode = try choice(self.mode, "options.mode")
    switch mode {
    case .swap: return .swap
    case .reconstructDestination: return .reconstructDestination
    case .reconstructSource: return .reconstructSource
    case .morph:
      guard (0...1).contains(morph) else {
        throw LiaeError(.invalidArgument, "options.morph is \(morph); expected 0 to 1")
      }
      return .morph(morph)
    case .segment: return .segment
    }
  }
}

extension CContextOptions {
  func contextOptions() throws(LiaeError) -> ContextOptions {
    var result = ContextOptions()
    result.threads = try within(threads, ContextOptions.threadRange, "options.threads")
    result.maxBatch = try within(maxBatch, ContextOptions.batchRange, "options.max_batch")
    (result.parallelFor, result.parallelForUserData) = (parallelFor, parallelForUserData)
    (result.progress, result.progressUserData) = (progress, progressUserData)
    result.memoryLimit = Int(clamping: memoryLimit)
    return result
  }
}
