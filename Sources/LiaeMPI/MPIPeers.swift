// SPDX-License-Identifier: Apache-2.0
import CMPI
import LiaeSystem
import LiaeTrain

/// Training peers over MPI: the ranks of `MPI_COMM_WORLD`. Built with LIAE_MPI=1 alone.
package final class MPIPeers: TrainingPeers {
  package let rank: Int
  package let count: Int

  private init(rank: Int, count: Int) { (self.rank, self.count) = (rank, count) }
  deinit { _ = liae_mpi_end() }

  /// Returns nil where this process is alone, be it because it was not started by `mpirun`.
  ///
  /// - Throws: `inputOutput` where MPI does not start.
  package static func join() throws(LiaeError) -> MPIPeers? {
    let started = ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_RANK"].contains { environmentVariable($0) != nil }
    guard started else { return nil }
    var rank: Int32 = 0, count: Int32 = 1
    try check(liae_mpi_start(&rank, &count), "MPI does not start")
    return MPIPeers(rank: Int(rank), count: Int(count))
  }

  package func sum(_ values: UnsafeMutablePointer<Float>, _ count: Int) throws(LiaeError) {
    // MPI counts in 32 bits.
    let most = 1 << 30
    for from in stride(from: 0, to: count, by: most) {
      try Self.check(liae_mpi_sum(values + from, Int32(min(most, count - from))), "the peers of this training are lost")
    }
  }

  private static func check(_ code: Int32, _ what: String) throws(LiaeError) {
    guard code != 0 else { return }
    var text = [CChar](repeating: 0, count: Int(liae_mpi_message_size()))
    liae_mpi_message(code, &text)
    let message = String(decoding: text.prefix { $0 != 0 }.map { UInt8(truncatingIfNeeded: $0) }, as: UTF8.self)
    throw LiaeError(.inputOutput, "\(what): \(message)")
  }
}
