// SPDX-License-Identifier: Apache-2.0
import LiaeModel
import LiaeSystem
import LiaeTensor

/// Which of the network's codes the decoder is given.
package enum RunMode: Sendable, Equatable {
  /// AB, AB of a destination face: the swap.
  case swap
  /// B, AB: the destination face reconstructed.
  case reconstructDestination
  /// AB, AB of a source face: the source face reconstructed.
  case reconstructSource
  /// lerp(B, AB, t), AB for t in 0...1: 0 reconstructs the destination, 1 is the swap. LIAE only.
  case morph(Float)
}

/// Runs `task(context, index)` once for each index in 0..<count, on any threads, and returns when all have returned.
package typealias ParallelForTask = @convention(c) (_ context: UnsafeMutableRawPointer?, _ index: Int) -> Void
package typealias ParallelForRunner = @convention(c) (
  _ userData: UnsafeMutableRawPointer?, _ count: Int, _ task: ParallelForTask, _ context: UnsafeMutableRawPointer?
) -> Void

package struct ContextOptions {
  /// Threads of one run, the caller's included; 0 is one for each processor. With a runner: how many tasks at most
  /// run at the same time.
  package var threads = 0
  /// Images computed together. A run takes any number of images and works through them in groups of this size.
  package var maxBatch = 1
  /// A host's own thread pool in place of the context's.
  package var parallelFor: ParallelForRunner?
  package var parallelForUserData: UnsafeMutableRawPointer?
  /// Called on the running thread with the share done, 0...1, after each step of the network.
  package var progress: (@convention(c) (_ userData: UnsafeMutableRawPointer?, _ share: Float) -> Void)?
  package var progressUserData: UnsafeMutableRawPointer?
  package init() {}
}

/// Time of one step of the last run.
package struct StageTiming: Sendable {
  package var name: String
  package var algorithm: String
  package var nanoseconds: Int
  /// Multiplications and additions of the plain sum, all images.
  package var flops: Double
  /// Bytes of packed weights that the step reads.
  package var weightBytes: Int
}

/// The workspace and the threads of one run at a time.
package final class Context: @unchecked Sendable {
  package let plan: Plan
  /// Bytes of activations and scratch.
  package let workspaceBytes: Int
  package let threads: Int

  package init(plan: Plan, options: ContextOptions = ContextOptions()) throws(LiaeError) {
    throw LiaeError(.unsupported, "not yet")
  }

  /// Runs the network on described images. Allocates nothing.
  ///
  /// - Parameters:
  ///   - inputs: faces of `architecture.resolution` pixels square, any pixel format, finite values.
  ///   - rgb: pictures of `rgbSide` square, one for each input; nil: the picture is not computed.
  ///   - mask, destinationMask: masks of `maskSide` square, likewise. A mask goes into every colour channel.
  /// - Throws: `invalidArgument` (counts, sizes, strides, non-finite pixels), `busy` (the context is running on
  ///   another thread), `cancelled`, `unsupported` (morph of a DF network).
  package func run(
    _ mode: RunMode, inputs: UnsafeBufferPointer<ImageView>, rgb: UnsafeBufferPointer<MutableImageView>?,
    mask: UnsafeBufferPointer<MutableImageView>?, destinationMask: UnsafeBufferPointer<MutableImageView>?
  ) throws(LiaeError) {
  }

  /// Ends the run that is under way with `cancelled`, soon; a run that starts later is not affected. Any thread.
  package func cancel() {}

  /// Times of the last run that returned without an error.
  package var timings: [StageTiming] { [] }
}
