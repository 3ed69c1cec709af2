// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeKernels
import LiaeSystem
import LiaeTensor
import Synchronization

package struct ContextOptions {
  /// Threads of one run, the caller's included; 0 is one for each processor. With a host's pool: how many tasks at
  /// most run at the same time.
  package var threads = 0
  /// Images computed together. A run takes any number of images and works through them in groups of this size.
  package var maxBatch = 1
  /// A host's own thread pool in place of the context's.
  package var parallelFor: HostParallelFor?
  package var parallelForUserData: UnsafeMutableRawPointer?
  /// The callback on the running thread with the share done, 0...1, after each step of the network.
  package var progress: (@convention(c) (_ userData: UnsafeMutableRawPointer?, _ share: Float) -> Void)?
  package var progressUserData: UnsafeMutableRawPointer?
  /// Bytes that the context and the calls that use it may take at a time; 0: no limit.
  package var memoryLimit = 0
  package init() {}

  package static let threadRange = 0...64
  package static let batchRange = 1...64

  /// Returns the number of threads that `threads` stands for.
  static func threadCount(_ threads: Int) -> Int {
    min(threads > 0 ? threads : processorCount(), threadRange.upperBound)
  }
}

/// Time of one step of the last run.
package struct StageTiming: Sendable {
  package var name: String
  package var algorithm: String
  /// Part of the network, as the graph names it: `encoder`, `latent`, `picture`, `masks`.
  package var part: String
  package var nanoseconds: Int
  /// Multiplications and additions of the plain sum, all images.
  package var flops: Double
  /// Multiplications that the algorithm does, all images.
  package var multiplications: Double
  /// Bytes of packed weights that the step reads.
  package var weightBytes: Int
}

/// The workspace and the threads of one run at a time.
///
/// A context belongs to one thread at a time; `cancel` alone may come from another.
package final class Context: @unchecked Sendable {
  package let plan: Plan
  /// Bytes of activations and scratch.
  package let workspaceBytes: Int
  package let threads: Int
  private let options: ContextOptions
  private let pool: ThreadPool
  let workspace: Workspace
  /// Activations of whichever schedule is running.
  private let activations: Bytes
  private let pictures: RunPictures
  /// The schedules by `RunRequest.index`, for one image and for a full group of `maxBatch`; nil for what the network
  /// cannot be asked. The steps of both are the same, place by place.
  private let single, group: [Schedule?]
  /// The schedule that used the activations last.
  private var last: Schedule?
  private let isRunning = Atomic<Bool>(false)
  /// The flag of the call that uses the context.
  private let cancelFlag = CancelFlag()
  private let budget: MemoryBudget?
  /// The time of each step of the last run; -1 where it was not run.
  private let nanoseconds: UnsafeMutablePointer<Int>
  private let flops: UnsafeMutablePointer<Double>

  /// - Throws: `invalidArgument`, `outOfMemory`, `threadFailure`.
  package init(plan: Plan, options: ContextOptions = ContextOptions()) throws(LiaeError) {
    guard ContextOptions.threadRange.contains(options.threads), ContextOptions.batchRange.contains(options.maxBatch)
    else {
      throw LiaeError(
        .invalidArgument,
        "threads \(options.threads), batch \(options.maxBatch): expected \(ContextOptions.threadRange) threads and \(ContextOptions.batchRange) images"
      )
    }
    self.plan = plan
    self.options = options
    threads = ContextOptions.threadCount(options.threads)
    budget = options.memoryLimit > 0 ? MemoryBudget(limit: options.memoryLimit) : nil
    let threads = self.threads
    let (builder, single, group, workspace) = try CallScope.with(budget: budget) { () throws(LiaeError) in
      let builder = try ScheduleBuilder(plan, maxBatch: options.maxBatch, workers: threads)
      let single = try builder.schedules(images: 1)
      let group = options.maxBatch == 1 ? single : try builder.schedules(images: options.maxBatch)
      let workspace = try Workspace(builder.scratch, workers: threads, width: plan.kernels.width)
      return (builder, single, group, workspace)
    }
    (activations, pictures) = (builder.activations, builder.pictures)
    (self.single, self.group, self.workspace) = (single, group, workspace)
    workspaceBytes = workspace.bytes + activations.count + pictures.bytes
    pool = try ThreadPool(workers: threads, host: options.parallelFor, hostData: options.parallelForUserData)
    let steps = single.map { $0?.steps.count ?? 0 }.max() ?? 0
    nanoseconds = .allocate(capacity: max(1, steps))
    nanoseconds.initialize(repeating: -1, count: steps)
    flops = .allocate(capacity: max(1, steps))
    flops.initialize(repeating: 0, count: steps)
    single.lazy.compactMap { $0?.steps.first }.first?.settle()
  }

  deinit {
    nanoseconds.deallocate()
    flops.deallocate()
  }

  /// Runs the network on described images. Allocates nothing.
  ///
  /// - Parameters:
  ///   - inputs: faces of `architecture.resolution` pixels square, any pixel format, finite values.
  ///   - mode: what the network computes: `segment` of xseg, any other of the families that swap.
  ///   - rgb: pictures of `rgbSide` square, one for each input; nil: the picture is not computed.
  ///   - mask, destinationMask: masks of `maskSide` square, likewise. A mask goes into every colour channel.
  /// - Throws: `invalidArgument` (counts, sizes, strides, non-finite pixels), `busy` (the context is running on
  ///   another thread), `cancelled`, `unsupported` (morph of a DF network; a picture that the checkpoint cannot make; a swap of a
  ///   network that segments, and the other way round),
  ///   `corruptFile` (packed weights that are damaged, found as they are first used); `invalidArgument` also for results
  ///   that are not finite, unless the plan allows them.
  ///   Outputs of a run that throws are unspecified.
  package func run(
    _ mode: RunMode, inputs: UnsafeBufferPointer<ImageView>, rgb: UnsafeBufferPointer<MutableImageView>?,
    mask: UnsafeBufferPointer<MutableImageView>?, destinationMask: UnsafeBufferPointer<MutableImageView>?
  ) throws(LiaeError) {
    try begin()
    defer { isRunning.store(false, ordering: .releasing) }
    try asCall { () throws(LiaeError) in
      try runAlone(mode, inputs: inputs, rgb: rgb, mask: mask, destinationMask: destinationMask)
    }
  }

  private func runAlone(
    _ mode: RunMode, inputs: UnsafeBufferPointer<ImageView>, rgb: UnsafeBufferPointer<MutableImageView>?,
    mask: UnsafeBufferPointer<MutableImageView>?, destinationMask: UnsafeBufferPointer<MutableImageView>?
  ) throws(LiaeError) {
    if mode == .segment { try plan.requireSegmenting() } else { try plan.requireSwapping() }
    guard mode != .segment || rgb == nil && destinationMask == nil else {
      throw LiaeError(.unsupported, "\(plan.architecture.name) returns one mask, no picture and no destination mask")
    }
    try check(inputs, rgb, mask, destinationMask)

    var morph: Float = 0
    if mode == .reconstructDestination, rgb != nil, plan.info.lacksDestinationPicture {
      throw LiaeError(
        .unsupported,
        "this checkpoint holds the destination decoder's mask alone, as exported DF models do; its picture needs the DeepFaceLab files"
      )
    }
    if case .morph(let t) = mode {
      guard t >= 0, t <= 1 else { throw LiaeError(.invalidArgument, "morph \(t) is outside 0...1") }
      morph = t
    }
    let request = RunRequest(
      branch: mode.branch, rgb: rgb != nil, mask: mask != nil, destinationMask: destinationMask != nil)
    guard let schedule = single[request.index] else {
      throw LiaeError(.unsupported, "\(plan.architecture.name) has one latent code and cannot morph; LIAE and AMP can")
    }

    for step in 0..<schedule.steps.count { (nanoseconds[step], flops[step]) = (-1, 0) }
    pool.begin()
    defer { pool.end() }
    let state = RunState(kernels: plan.kernels, pool: pool, workspace: workspace, morph: morph)
    var first = 0
    while first < inputs.count {
      var schedule = schedule
      if let group = group[request.index], inputs.count - first >= group.images { schedule = group }
      try check(schedule)
      try read(inputs, first, schedule.images)
      try run(schedule, state, doneBefore: first, of: inputs.count)
      try checkResults(schedule.images, rgb: rgb != nil, mask: mask != nil, request)
      write(schedule.images, pictures.rgb, side: plan.architecture.rgbSide, channels: 3, to: rgb, first)
      write(schedule.images, pictures.mask, side: plan.architecture.maskSide, channels: 1, to: mask, first)
      write(
        schedule.images, request.destinationMask ? pictures.destinationMask : pictures.mask,
        side: plan.architecture.maskSide, channels: 1, to: destinationMask, first)
      first += schedule.images
    }
  }

  /// Lends the context's threads to work around a run. A run meanwhile is `busy`, and so is this during a run.
  ///
  /// - Throws: `busy`, and what `body` throws.
  package func withThreads<Result>(_ body: (ThreadPool) throws(LiaeError) -> Result) throws(LiaeError) -> Result {
    try begin()
    defer { isRunning.store(false, ordering: .releasing) }
    pool.begin()
    defer { pool.end() }
    return try asCall { () throws(LiaeError) in
      let result = try body(pool)
      try pool.check()
      return result
    }
  }

  private func begin() throws(LiaeError) {
    guard !isRunning.exchange(true, ordering: .acquiring) else {
      throw LiaeError(.busy, "the context is running on another thread; use one context for each thread")
    }
  }

  /// Runs `body` as one call, which `cancel` ends from now on, and whose buffers count in the context's memory limit. A
  /// call inside one of the same context is a part of it.
  package func asCall<Result>(_ body: () throws(LiaeError) -> Result) throws(LiaeError) -> Result {
    if CallScope.holds(cancelFlag) { return try body() }
    cancelFlag.clear()
    return try CallScope.with(cancelFlag: cancelFlag.address, budget: budget, body)
  }

  /// Ends the call that is under way with `cancelled`, soon; one that starts later is not affected. Any thread.
  package func cancel() { cancelFlag.set() }

  /// Times of the steps that the last run ran, in order.
  package var timings: [StageTiming] {
    guard let last else { return [] }
    return last.steps.indices.compactMap { index in
      guard nanoseconds[index] >= 0 else { return nil }
      let step = last.steps[index]
      // Of all images, while a step knows those of its schedule.
      let share = step.flops > 0 ? flops[index] / step.flops : 0
      return StageTiming(
        name: step.name, algorithm: step.algorithm, part: step.part, nanoseconds: nanoseconds[index],
        flops: flops[index], multiplications: share * step.multiplications, weightBytes: step.weightBytes)
    }
  }

  // MARK: - Parts of a run

  private func check(
    _ inputs: UnsafeBufferPointer<ImageView>, _ rgb: UnsafeBufferPointer<MutableImageView>?,
    _ mask: UnsafeBufferPointer<MutableImageView>?, _ destinationMask: UnsafeBufferPointer<MutableImageView>?
  ) throws(LiaeError) {
    guard !inputs.isEmpty else { throw LiaeError(.invalidArgument, "there is no input image") }
    guard rgb != nil || mask != nil || destinationMask != nil else {
      throw LiaeError(.invalidArgument, "no output is asked for: rgb, mask and destination mask are all missing")
    }
    for image in inputs {
      try Pixels.check(
        "an input image", width: image.width, height: image.height, stride: image.stride, format: image.format,
        side: plan.architecture.resolution)
    }
    try check("an rgb image", rgb, inputs.count, side: plan.architecture.rgbSide)
    try check("a mask", mask, inputs.count, side: plan.architecture.maskSide)
    try check("a destination mask", destinationMask, inputs.count, side: plan.architecture.maskSide)
  }

  private func check(_ what: String, _ images: UnsafeBufferPointer<MutableImageView>?, _ count: Int, side: Int)
    throws(LiaeError)
  {
    guard let images else { return }
    guard images.count == count else {
      throw LiaeError(.invalidArgument, "\(what) is needed for each of \(count) inputs; there are \(images.count)")
    }
    for image in images {
      try Pixels.check(
        what, width: image.width, height: image.height, stride: image.stride, format: image.format, side: side)
    }
  }

  /// Compares the weights of a schedule with their checksums, once.
  private func check(_ schedule: Schedule) throws(LiaeError) {
    guard !schedule.isChecked else { return }
    try plan.check?.require(schedule.parts, pool)
    schedule.isChecked = true
  }

  private func checkResults(_ images: Int, rgb: Bool, mask: Bool, _ request: RunRequest) throws(LiaeError) {
    guard !plan.options.allowsNonFinite else { return }
    let (rgbSide, maskSide) = (plan.architecture.rgbSide, plan.architecture.maskSide)
    guard !rgb || FiniteCheck.isFinite(pictures.rgb, images * rgbSide * rgbSide * 3),
      !mask || FiniteCheck.isFinite(pictures.mask, images * maskSide * maskSide),
      !request.destinationMask || FiniteCheck.isFinite(pictures.destinationMask, images * maskSide * maskSide)
    else {
      throw LiaeError(
        .invalidArgument, "the network's result is not finite: its weights or the pixels of the input are too large")
    }
  }

  private func read(_ inputs: UnsafeBufferPointer<ImageView>, _ first: Int, _ images: Int) throws(LiaeError) {
    for image in 0..<images {
      try Pixels.read(
        inputs[first + image], blueFirst: plan.info.colorOrder == .bgr,
        into: pictures.input.origin + image * pictures.input.image, rowFloats: pictures.input.row, index: first + image)
    }
  }

  private func run(_ schedule: Schedule, _ state: RunState, doneBefore: Int, of total: Int) throws(LiaeError) {
    if let last, last !== schedule { schedule.clearBorders() }
    last = schedule
    let count = schedule.steps.count
    for index in 0..<count {
      try CallScope.check()
      let step = schedule.steps[index]
      let start = monotonicNanoseconds()
      step.run(state)
      nanoseconds[index] = max(0, nanoseconds[index]) + monotonicNanoseconds() - start
      flops[index] += step.flops
      if let progress = options.progress {
        let share = (Float(doneBefore) + Float(schedule.images) * Float(index + 1) / Float(count)) / Float(total)
        progress(options.progressUserData, share)
      }
    }
    // Tasks of the last step may have been skipped, or not been run at all.
    try CallScope.check()
    try pool.check()
  }

  private func write(
    _ count: Int, _ source: UnsafeMutablePointer<Float>, side: Int, channels: Int,
    to images: UnsafeBufferPointer<MutableImageView>?, _ first: Int
  ) {
    guard let images else { return }
    for image in 0..<count {
      Pixels.write(
        source + image * side * side * channels, channels: channels, blueFirst: plan.info.colorOrder == .bgr,
        into: images[first + image])
    }
  }
}
