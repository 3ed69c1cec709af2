// SPDX-License-Identifier: Apache-2.0

/// The outcome of an operation, one to one with `liae_status` of the C ABI.
///
/// Values are pinned, spaced in decades by class, and never reused.
package enum Status: Int32, Sendable, CaseIterable {
  case ok = 0
  /// A defect of the library itself.
  case internalError = 1

  // 10: the caller's mistake.
  case invalidArgument = 10
  case invalidHandle = 11
  case invalidStructSize = 12

  // 20: files and formats.
  case fileNotFound = 20
  case inputOutput = 21
  case unknownFormat = 22
  /// The file contradicts its own format.
  case corruptFile = 23
  /// A size in the file is past a limit that the library sets.
  case limitExceeded = 24
  /// A pickle asks for a global that is not on the allow-list.
  case unsafeFile = 25
  case fileExists = 26
  /// Packed weights that do not fit: another instruction set, version, choice or checkpoint.
  case packMismatch = 27

  // 30: what the file holds is not a network that this library knows.
  case unknownArchitecture = 30
  case missingTensor = 31
  case shapeMismatch = 32

  // 40: resources.
  case outOfMemory = 40
  case threadFailure = 41
  /// A buffer would pass the memory limit that the caller has set.
  case resourceLimit = 42

  // 50: during a run.
  case cancelled = 50
  case busy = 51

  // 60
  case unsupported = 60
}

/// The one error type of the library: its status, and a message that names the file, the tensor,
/// what was found, what was expected and, where possible, the next step.
package struct LiaeError: Error, CustomStringConvertible, Sendable, Equatable {
  package let status: Status
  package let message: String

  /// - Parameter message: becomes one line without control characters, whatever names of files and tensors it quotes.
  package init(_ status: Status, _ message: String) {
    self.status = status
    self.message = message.printable
  }

  package var description: String { message }

  /// The same error with `prefix: ` before its message, as errors of an inner part are named on their way out.
  package func within(_ prefix: String) -> LiaeError { LiaeError(status, "\(prefix): \(message)") }

  /// The same error with the name of a file before its message, unless the message begins with it already.
  package func naming(_ file: String) -> LiaeError { message.hasPrefix(file.printable) ? self : within(file) }
}
