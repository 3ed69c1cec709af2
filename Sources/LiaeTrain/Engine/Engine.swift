// SPDX-License-Identifier: Apache-2.0
import COpenBLAS
import LiaeDispatch
import LiaeKernels
import LiaeSystem

/// What operations run on: kernels, threads, memory. Of one thread at a time.
package final class Engine {
  let buffers = Buffers()
  let pool: ThreadPool
  package var workers: Int { pool.workers }

  /// - Parameter workers: threads, the caller's included.
  /// - Throws: `threadFailure`, `invalidArgument` (`LIAE_ISA`).
  package init(workers: Int) throws(LiaeError) {
    pool = try ThreadPool(workers: workers)
    // Parallelism is ours, over tiles and points: each product is one thread's. This is the process's own setting, which
    // is why the engine is no part of libliae.so.
    openblas_set_num_threads(1)
  }

  /// Bytes of tensors, in use and kept.
  package var bytes: Int { buffers.bytes }

  /// Runs `body(index)` for 0..<count on all threads; results must not depend on which runs what.
  func parallel(_ count: Int, _ body: (Int) -> Void) {
    withoutActuallyEscaping(body) { body in
      var box = Body(run: body)
      withUnsafeMutablePointer(to: &box) { pointer in
        pool.run(count, UnsafeMutableRawPointer(pointer)) { context, index, _ in
          context.assumingMemoryBound(to: Body.self).pointee.run(index)
        }
      }
    }
  }

  private struct Body { let run: (Int) -> Void }
}
