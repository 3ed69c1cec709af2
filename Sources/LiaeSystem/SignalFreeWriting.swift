// SPDX-License-Identifier: Apache-2.0
import Glibc

/// `write`, without the signals that it may raise: SIGXFSZ past the limit of the file size and SIGPIPE for a reader that
/// went away are errors (EFBIG, EPIPE) and do not end the process. What the host does about these signals stays: they are
/// blocked in this thread meanwhile, and one that the call has raised is taken back.
///
/// - Returns: what `write` returns, and `errno` where that is below 0.
func writeWithoutSignals(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> (count: Int, code: Int32) {
  var raised = sigset_t(), before = sigset_t(), waiting = sigset_t()
  sigemptyset(&raised)
  sigaddset(&raised, SIGXFSZ)
  sigaddset(&raised, SIGPIPE)
  pthread_sigmask(SIG_BLOCK, &raised, &before)
  sigpending(&waiting)
  let result = write(descriptor, bytes, count)
  let code = result < 0 ? errno : 0
  // Bytes that were taken before the reader went are counted, and the signal is raised all the same.
  for signal in result < count ? [SIGXFSZ, SIGPIPE] : [] where sigismember(&waiting, signal) == 0 {
    // One that was waiting already is the host's.
    var one = sigset_t()
    sigemptyset(&one)
    sigaddset(&one, signal)
    var now = timespec()
    while sigtimedwait(&one, nil, &now) < 0, errno == EINTR {}
  }
  pthread_sigmask(SIG_SETMASK, &before, nil)
  return (result, code)
}
