// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import Synchronization

/// Runs the body of a fallible export: in the standard floating-point environment, under the memory limit of calls, with
/// the thread's last error cleared; and turns what is thrown into a status.
func call(_ body: () throws(LiaeError) -> Void) -> CStatus {
  FloatingPointEnvironment.standard {
    LastError.clear()
    MemoryShortage.clear()
    CallScope.forgetAbandoned()
    do throws(LiaeError) {
      try CallLimit.hold(body)
      // A callback of the host may have called liae_context_cancel() on this thread, in vain.
      LastError.clear()
      return Status.ok.rawValue
    } catch {
      // Whatever failed once memory had run out failed for want of it.
      let status = MemoryShortage.isThere && error.status != .cancelled ? .outOfMemory : error.status
      Log.write(.error, error.message)
      // Behind the callback, which may have called the library all the same.
      LastError.set(error.message)
      return status.rawValue
    }
  }
}

/// The limit of the bytes of buffers that one call may take at a time.
enum CallLimit {
  private static let bytes = Atomic<Int>(0)

  /// - Parameter limit: 0: none.
  static func set(_ limit: Int) { bytes.store(limit, ordering: .relaxed) }

  fileprivate static func hold(_ body: () throws(LiaeError) -> Void) throws(LiaeError) {
    let limit = bytes.load(ordering: .relaxed)
    if limit == 0 { return try body() }
    try CallScope.with(budget: MemoryBudget(limit: limit), body)
  }
}

/// The message of the thread's last error.
enum LastError {
  private static let buffer = ThreadBuffer(capacity: 1024)

  static var text: UnsafePointer<CChar>? { buffer.current.map { UnsafePointer($0) } }

  static func clear() { buffer.current?.pointee = 0 }

  /// Cuts a message that is too long before a character, so that it stays UTF-8.
  static func set(_ message: String) {
    guard let out = buffer.current else { return }
    var count = 0
    var wholeCharacters = 0
    for byte in message.utf8 {
      if byte & 0xc0 != 0x80 { wholeCharacters = count }
      guard count < buffer.capacity - 1 else {
        count = wholeCharacters
        break
      }
      out[count] = CChar(truncatingIfNeeded: byte)
      count += 1
    }
    out[count] = 0
  }
}

/// The host's log callback.
enum Log {
  private struct Sink: @unchecked Sendable {
    var callback: CLogCallback
    var userData: UnsafeMutableRawPointer?
  }
  private static let sink = Mutex<Sink?>(nil)

  static func set(_ callback: CLogCallback?, _ userData: UnsafeMutableRawPointer?) {
    let new = callback.map { Sink(callback: $0, userData: userData) }
    sink.withLock { $0 = new }
  }

  /// A byte for each thread that is not 0 while the thread is in the callback.
  private static let isInside = ThreadBuffer(capacity: 1)

  /// The callback is called outside the lock, so that it may take its time. Of what it calls itself it is told nothing:
  /// a call that fails would lead to the next one until the stack ends.
  static func write(_ level: LogLevel, _ message: String) {
    guard let sink = sink.withLock({ $0 }), let isInside = isInside.current, isInside.pointee == 0 else { return }
    isInside.pointee = 1
    defer { isInside.pointee = 0 }
    message.printable.withCString { sink.callback(sink.userData, level.rawValue, $0) }
  }
}

/// The text at a C string.
func text(_ string: UnsafePointer<CChar>?, _ what: String) throws(LiaeError) -> String {
  guard let string else { throw LiaeError(.invalidArgument, "\(what) is NULL") }
  guard let text = String(validatingCString: string) else {
    throw LiaeError(.invalidArgument, "\(what) is not UTF-8")
  }
  return text
}

func require<T>(_ pointer: T?, _ what: String) throws(LiaeError) -> T {
  guard let pointer else { throw LiaeError(.invalidArgument, "\(what) is NULL") }
  return pointer
}

func within(_ value: Int32, _ range: ClosedRange<Int>, _ what: String) throws(LiaeError) -> Int {
  guard range.contains(Int(value)) else {
    throw LiaeError(
      .invalidArgument, "\(what) is \(value); expected \(range.lowerBound) to \(range.upperBound)")
  }
  return Int(value)
}

func choice<E: RawRepresentable>(_ value: Int32, _ what: String) throws(LiaeError) -> E where E.RawValue == Int32 {
  guard let choice = E(rawValue: value) else {
    throw LiaeError(.invalidArgument, "\(what) is \(value), which is not one of its values")
  }
  return choice
}
