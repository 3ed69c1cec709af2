// SPDX-License-Identifier: Apache-2.0
@preconcurrency import Glibc

/// A program that runs beside this one, on pipes. No shell takes part: arguments are passed as they are.
///
/// What it says on standard error is kept for messages. It has a process group of its own, so that Ctrl-C reaches this
/// program alone, which then ends it. Belongs to one thread at a time.
package final class Subprocess {
  package let name: String
  private var pid: pid_t = 0
  /// Our ends of the pipes; -1 where there is none.
  private var input: Int32 = -1
  private var output: Int32 = -1
  /// A file without name: a pipe that nobody reads could block the program.
  private let errors: Int32

  /// Starts `arguments[0]`, looked up in PATH.
  ///
  /// - Parameters:
  ///   - writing: whether `write` is its standard input; else that is empty.
  ///   - reading: whether `read` is its standard output; else that is thrown away.
  /// - Throws: `fileNotFound` where the program is not installed, `inputOutput` where it cannot start, `outOfMemory` where
  ///   there is no pipe or no temporary file for it.
  package init(_ arguments: [String], writing: Bool = false, reading: Bool = false) throws(LiaeError) {
    name = arguments.first ?? ""
    guard let file = tmpfile() else {
      throw LiaeError(.outOfMemory, "a temporary file cannot be made: \(systemMessage(errno))")
    }
    errors = dup(fileno(file))
    fclose(file)
    _ = fcntl(errors, F_SETFD, FD_CLOEXEC)
    var child = (input: open("/dev/null", O_RDONLY | O_CLOEXEC), output: open("/dev/null", O_WRONLY | O_CLOEXEC))
    defer {
      close(child.input)
      close(child.output)
    }
    if writing { (child.input, input) = try Self.pipe(replacing: child.input, readEnd: true) }
    if reading { (child.output, output) = try Self.pipe(replacing: child.output, readEnd: false) }

    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, child.input, STDIN_FILENO)
    posix_spawn_file_actions_adddup2(&actions, child.output, STDOUT_FILENO)
    posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var (none, usual) = (sigset_t(), sigset_t())
    sigemptyset(&none)
    sigemptyset(&usual)
    sigaddset(&usual, SIGPIPE)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &usual)
    posix_spawnattr_setpgroup(&attributes, 0)
    posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP))

    var argv: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
    defer { for argument in argv { free(argument) } }
    let code = posix_spawnp(&pid, name, &actions, &attributes, &argv, environ)
    guard code == 0 else {
      pid = 0
      closeAll()
      throw code == ENOENT
        ? LiaeError(.fileNotFound, "\(name) is not installed")
        : LiaeError(.inputOutput, "\(name) cannot be started: \(systemMessage(code))")
    }
  }

  deinit {
    stop()
    close(errors)
  }

  /// F_SETPIPE_SZ of Linux, which Glibc's module does not show.
  private static let setPipeSize: Int32 = 1031

  private static func pipe(replacing old: Int32, readEnd isChilds: Bool) throws(LiaeError) -> (
    child: Int32, ours: Int32
  ) {
    var ends: [Int32] = [-1, -1]
    guard Glibc.pipe(&ends) == 0 else {
      throw LiaeError(.outOfMemory, "a pipe cannot be made: \(systemMessage(errno))")
    }
    close(old)
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    // A frame is far larger than the 64 KB a pipe has; the system may refuse more.
    _ = fcntl(ends[0], setPipeSize, 1 << 20)
    // Ours alone: the flag belongs to one end of a pipe.
    _ = fcntl(ends[isChilds ? 1 : 0], F_SETFL, O_NONBLOCK)
    return isChilds ? (ends[0], ends[1]) : (ends[1], ends[0])
  }

  /// The longest wait for the program between two looks at the cancellation, milliseconds.
  private static let pause: Int32 = 20

  /// Waits until the program takes or gives bytes, or for a pause.
  ///
  /// - Throws: `cancelled`.
  private static func waitUntilReady(_ descriptor: Int32, _ events: Int32) throws(LiaeError) {
    guard !CallScope.isCancelled else { throw CallScope.cancelled }
    var entry = pollfd(fd: descriptor, events: Int16(events), revents: 0)
    poll(&entry, 1, pause)
  }

  /// Hands bytes to its standard input.
  ///
  /// - Throws: `inputOutput` where the program does not take them, with what it said; `cancelled`.
  package func write(_ bytes: UnsafeRawBufferPointer) throws(LiaeError) {
    var rest = bytes
    while !rest.isEmpty {
      // A program that ends before its input does is no reason to die.
      let (n, code) = writeWithoutSignals(input, rest.baseAddress, rest.count)
      if n <= 0 {
        if code == EINTR { continue }
        if code == EAGAIN {
          try Self.waitUntilReady(input, POLLOUT)
          continue
        }
        let reason = systemMessage(code)
        closeInput()
        try wait()
        throw LiaeError(.inputOutput, "\(name) does not take more: \(reason)")
      }
      rest = UnsafeRawBufferPointer(rebasing: rest[n...])
    }
  }

  /// Reads from its standard output until `buffer` is full or the output ends.
  ///
  /// - Returns: how many bytes were read.
  /// - Throws: `inputOutput`, `cancelled`.
  package func read(into buffer: UnsafeMutableRawBufferPointer) throws(LiaeError) -> Int {
    var count = 0
    while count < buffer.count {
      let n = Glibc.read(output, buffer.baseAddress.map { $0 + count }, buffer.count - count)
      if n < 0 {
        if errno == EINTR { continue }
        if errno == EAGAIN {
          try Self.waitUntilReady(output, POLLIN)
          continue
        }
        throw LiaeError(.inputOutput, "\(name) cannot be read from: \(systemMessage(errno))")
      }
      if n == 0 { break }
      count += n
    }
    return count
  }

  /// All that is left of its standard output.
  package func readAll() throws(LiaeError) -> [UInt8] {
    var all: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = try buffer.withUnsafeMutableBufferPointer { (bytes) throws(LiaeError) in
        try read(into: UnsafeMutableRawBufferPointer(bytes))
      }
      if count == 0 { return all }
      all += buffer[..<count]
    }
  }

  package func closeInput() {
    if input >= 0 { close(input) }
    input = -1
  }

  /// Waits for the program to end. Its standard input is closed.
  ///
  /// - Returns: the last lines it said on standard error.
  /// - Throws: `inputOutput` with what it said, where it did not end well; `cancelled`, after which it has been ended.
  @discardableResult
  package func wait() throws(LiaeError) -> String {
    closeInput()
    guard pid > 0 else { return "" }
    var status: Int32 = 0
    // Most programs have ended by now: pauses begin short.
    var pause: Int32 = 0
    while true {
      let ended = waitpid(pid, &status, WNOHANG)
      if ended == pid || ended < 0 && errno != EINTR { break }
      if CallScope.isCancelled {
        stop()
        throw CallScope.cancelled
      }
      if pause == 0 { usleep(200) } else { poll(nil, 0, pause) }
      pause = min(pause + 1, Self.pause)
    }
    pid = 0
    let said = messages
    closeAll()
    guard status != 0 else { return said }
    let ending = status & 0x7f == 0 ? "ended with status \(status >> 8 & 0xff)" : "was ended by signal \(status & 0x7f)"
    throw LiaeError(.inputOutput, "\(name) \(ending)" + (said.isEmpty ? "" : ": \(said)"))
  }

  /// Ends the program, whatever it is doing.
  package func stop() {
    if pid > 0 {
      kill(pid, SIGKILL)
      while waitpid(pid, nil, 0) < 0 && errno == EINTR {}
      pid = 0
    }
    closeAll()
  }

  private func closeAll() {
    closeInput()
    if output >= 0 { close(output) }
    output = -1
  }

  /// The last 4 lines of standard error, of at most 2000 bytes.
  private var messages: String {
    let end = lseek(errors, 0, SEEK_END)
    guard end > 0 else { return "" }
    let count = min(Int(end), 2000)
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      initialized = max(0, pread(errors, buffer.baseAddress, count, end - off_t(count)))
    }
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    return lines.suffix(4).joined(separator: "; ")
  }
}
