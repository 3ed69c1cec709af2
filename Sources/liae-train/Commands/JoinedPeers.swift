// SPDX-License-Identifier: Apache-2.0
import LiaeCommandLine
import LiaeSystem
import LiaeTrain

#if LIAE_MPI
  import LiaeMPI
#endif

/// The processes that `mpirun` has started together with this one; nil where it is alone.
///
/// - Throws: `Failure` where there are peers and this program was built without MPI: each would train the model alone.
func joinedPeers() throws -> (any TrainingPeers)? {
  #if LIAE_MPI
    return try MPIPeers.join()
  #else
    let variables = ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MPI_LOCALNRANKS"]
    for variable in variables {
      if let size = environmentVariable(variable).flatMap({ Int($0) }), size > 1 {
        throw Failure(
          .usage, "\(variable) is \(size), and this liae-train was built without MPI: make mpi builds one with it")
      }
    }
    return nil
  #endif
}
