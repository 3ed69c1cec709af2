// SPDX-License-Identifier: Apache-2.0
import COpenBLAS
import LiaeConvolution
import LiaeDispatch
import LiaeKernels
import LiaeSystem

/// The engine that operations run on: kernels, threads, memory. Of one thread at a time.
///
/// Results are the same, bit for bit, for any number of threads: work is cut by sizes alone.
package final class Engine {
  let kernels: TrainingKernelTable
  private let instructionSet: InstructionSet
  let buffers = Buffers()
  let pool: ThreadPool
  package var workers: Int { pool.workers }
  private let scratchMemory: Bytes
  private let scratchBytes: Int
  private var methods: [ConvolutionShape: any ConvolutionMethod] = [:]

  /// - Parameter workers: threads, the caller's included.
  /// - Throws: `threadFailure`, `invalidArgument` (`LIAE_ISA`).
  package init(workers: Int, instructionSet: InstructionSet? = nil) throws(LiaeError) {
    let set: InstructionSet
    if let instructionSet { set = instructionSet } else { set = try InstructionSet.preferred() }
    self.instructionSet = set
    kernels = try set.trainingKernels()
    pool = try ThreadPool(workers: workers)
    scratchBytes = trainingScratchFloats(width: kernels.width) * 4
    scratchMemory = try Bytes.allocate(
      pool.workers * scratchBytes, for: "the scratch memory of \(pool.workers) threads")
    // Parallelism is ours, over tiles and points: each product is one thread's. This is the process's own setting, which
    // is why the engine is no part of libliae.so.
    openblas_set_num_threads(1)
  }

  /// The profile in which times are added up; nil: they are not measured.
  package var profile: OperationProfile?

  /// Multiplications a second of all threads, in registers alone; see `KernelTable.measurePeak`.
  ///
  /// - Throws: `outOfMemory`.
  package func measurePeak() throws(LiaeError) -> Double { try instructionSet.kernels().measurePeak(pool) }

  /// The most bytes that tensors, in use and kept, have taken.
  package var bytes: Int { buffers.peak }

  /// What is kept between the two passes of an iteration.
  package var memory = ActivationMemory.speed {
    didSet { buffers.releasesOtherSizes = memory == .memory }
  }

  /// The question that is asked between operations; true ends them with `cancelled`. Nil where they must run to their
  /// end.
  var isCancelled: (() -> Bool)?

  /// - Throws: `cancelled`.
  func checkCancelled() throws(LiaeError) {
    if isCancelled?() == true { throw LiaeError(.cancelled, "interrupted") }
  }

  /// Threads wait awake for the next operation while `body` runs.
  func awake<T>(_ body: () throws(LiaeError) -> T) throws(LiaeError) -> T {
    pool.begin()
    defer { pool.end() }
    return try body()
  }

  // MARK: - Threads

  /// Runs `body(index, worker)` for 0..<count on all threads; results must not depend on which runs what.
  func parallel(_ count: Int, _ body: (_ index: Int, _ worker: Int) -> Void) {
    withoutActuallyEscaping(body) { body in
      var box = Body(run: body)
      withUnsafeMutablePointer(to: &box) { pointer in
        pool.run(count, UnsafeMutableRawPointer(pointer)) { context, index, worker in
          context.assumingMemoryBound(to: Body.self).pointee.run(index, worker)
        }
      }
    }
  }

  private struct Body { let run: (Int, Int) -> Void }

  /// Runs `body(index)` for 0..<count on all threads.
  func parallel(_ count: Int, _ body: (_ index: Int) -> Void) { parallel(count) { index, _ in body(index) } }

  /// Runs `body(begin, length)` over pieces of `count` elements, each but the last of `piece`.
  func parallel(elements count: Int, piece: Int = 1 << 15, _ body: (Int, Int) -> Void) {
    parallel((count + piece - 1) / piece) { index in
      body(index * piece, min(piece, count - index * piece))
    }
  }

  func clear(_ floats: UnsafeMutablePointer<Float>, _ count: Int) {
    parallel(elements: count, piece: 1 << 18) { from, count in (floats + from).update(repeating: 0, count: count) }
  }

  /// `trainingScratchFloats` of memory for the kernels of one worker.
  @inline(__always) func scratch(_ worker: Int) -> UnsafeMutablePointer<Float> {
    (scratchMemory.base + worker * scratchBytes).assumingMemoryBound(to: Float.self)
  }

  // MARK: - Convolutions

  /// The way that computes convolutions of a shape with the least estimated time; made once for each.
  func method(_ shape: ConvolutionShape) -> any ConvolutionMethod {
    if let known = methods[shape] { return known }
    let method = shape.method(kernels, workers: workers, rates: Rates(instructionSet))
    methods[shape] = method
    return method
  }

  /// A buffer for the duration of `body`.
  func withBuffer<T>(_ count: Int, _ body: (UnsafeMutablePointer<Float>) throws(LiaeError) -> T) throws(LiaeError) -> T
  {
    let buffer = try buffers.take(count)
    defer { buffers.give(back: buffer) }
    return try body(buffer.floats)
  }
}
