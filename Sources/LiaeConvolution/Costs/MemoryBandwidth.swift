// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// Measures how many bytes all threads together read from memory in a second.
package enum MemoryBandwidth {
  /// More than any cache holds, and what a task reads of it.
  private static let bytes = 256 << 20, piece = 1 << 20

  private struct Job {
    let base: UnsafeMutableRawPointer
    /// For each worker a line of its own, so that the reading cannot be left out.
    let sums: UnsafeMutableRawPointer

    func fill(_ piece: Int) {
      (base + piece * MemoryBandwidth.piece).initializeMemory(
        as: UInt8.self, repeating: UInt8(truncatingIfNeeded: piece), count: MemoryBandwidth.piece)
    }

    func read(_ piece: Int, _ worker: Int) {
      typealias Line = SIMD8<UInt64>
      let start = base + piece * MemoryBandwidth.piece
      var (a, b, c, d) = (Line(), Line(), Line(), Line())
      let step = MemoryLayout<Line>.stride
      for offset in stride(from: 0, to: MemoryBandwidth.piece, by: 4 * step) {
        a ^= start.load(fromByteOffset: offset, as: Line.self)
        b ^= start.load(fromByteOffset: offset + step, as: Line.self)
        c ^= start.load(fromByteOffset: offset + 2 * step, as: Line.self)
        d ^= start.load(fromByteOffset: offset + 3 * step, as: Line.self)
      }
      (sums + worker * step).storeBytes(of: a ^ b ^ c ^ d, as: Line.self)
    }
  }

  /// Bytes a second in the quickest of some rounds over memory that no cache holds. Takes some 100 ms with 5 rounds.
  ///
  /// - Throws: `outOfMemory`.
  package static func measure(_ pool: ThreadPool, rounds: Int = 5) throws(LiaeError) -> Double {
    let memory = try Bytes.allocate(bytes, for: "measuring the bandwidth of memory")
    let sums = try Bytes.allocate(pool.workers * MemoryLayout<SIMD8<UInt64>>.stride, for: "measuring the bandwidth")
    defer { withExtendedLifetime((memory, sums)) {} }
    var job = Job(base: memory.base, sums: sums.base)
    return withUnsafeMutablePointer(to: &job) { job in
      // Pages that were never written are all one page.
      pool.run(bytes / piece, UnsafeMutableRawPointer(job)) { raw, piece, _ in
        raw.assumingMemoryBound(to: Job.self).pointee.fill(piece)
      }
      var least = Int.max
      for _ in 0..<rounds {
        let start = monotonicNanoseconds()
        pool.run(bytes / piece, UnsafeMutableRawPointer(job)) { raw, piece, worker in
          raw.assumingMemoryBound(to: Job.self).pointee.read(piece, worker)
        }
        least = min(least, monotonicNanoseconds() - start)
      }
      return Double(bytes) / Double(max(1, least)) * 1e9
    }
  }
}
