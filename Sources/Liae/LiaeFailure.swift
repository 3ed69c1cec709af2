// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// An operation that failed: the kind of failure, and a message that names the file, the tensor or the option.
public struct LiaeFailure: Error, CustomStringConvertible, Sendable {
  /// Kinds of failures, one to one with `liae_status` of the C interface.
  public enum Kind: Int32, Sendable, CaseIterable {
    case internalError = 1
    case invalidArgument = 10
    case fileNotFound = 20, inputOutput, unknownFormat, corruptFile, limitExceeded, unsafeFile, fileExists, packMismatch
    case unknownArchitecture = 30, missingTensor, shapeMismatch
    case outOfMemory = 40, threadFailure, resourceLimit
    case cancelled = 50, busy
    case unsupported = 60
  }
  public let kind: Kind
  public let message: String
  public var description: String { message }

  init(_ error: LiaeError) {
    kind = Kind(rawValue: error.status.rawValue) ?? .internalError
    message = error.message
  }

  init(_ kind: Kind, _ message: String) { (self.kind, self.message) = (kind, message) }
}

/// Runs a call of the library: in the standard floating-point environment, with errors as the public type.
func call<Result>(_ body: () throws(LiaeError) -> Result) throws(LiaeFailure) -> Result {
  try FloatingPointEnvironment.standard { () throws(LiaeFailure) in
    MemoryShortage.clear()
    do throws(LiaeError) { return try body() } catch { throw LiaeFailure(error) }
  }
}
