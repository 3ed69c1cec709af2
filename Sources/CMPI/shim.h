/* SPDX-License-Identifier: Apache-2.0 */
/* What Swift cannot import of mpi.h: its constants are macros that cast. */
#ifndef LIAE_CMPI_SHIM_H
#define LIAE_CMPI_SHIM_H
#include <mpi.h>

static inline int liae_mpi_start(int *rank, int *count) {
  int provided = 0, code = MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &provided);
  if (code == MPI_SUCCESS) code = MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  if (code == MPI_SUCCESS) code = MPI_Comm_rank(MPI_COMM_WORLD, rank);
  if (code == MPI_SUCCESS) code = MPI_Comm_size(MPI_COMM_WORLD, count);
  return code;
}
static inline int liae_mpi_sum(float *values, int count) {
  return MPI_Allreduce(MPI_IN_PLACE, values, count, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
}
static inline int liae_mpi_end(void) { return MPI_Finalize(); }
static inline void liae_mpi_message(int code, char text[MPI_MAX_ERROR_STRING]) {
  int length = 0;
  if (MPI_Error_string(code, text, &length) != MPI_SUCCESS) text[0] = 0;
}
static inline int liae_mpi_message_size(void) { return MPI_MAX_ERROR_STRING; }
#endif
