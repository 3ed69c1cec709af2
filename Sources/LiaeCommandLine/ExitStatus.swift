// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeText

/// The exit status of a program. Numbers are promised to scripts: they are never reused.
package enum ExitStatus: Int32, CaseIterable {
  case done = 0
  case someFailed = 1
  case usage = 2
  case model = 3
  case files = 4
  case verification = 5
  case resources = 6
  case diverged = 7
  case unmatched = 8
  case interrupted = 130

  /// Translates an error of the library into the program's exit status. Damage is that of a file unless whoever opens
  /// the model says that it is the model's.
  package init(_ status: Status) {
    switch status {
    case .ok: self = .done
    case .invalidArgument, .invalidHandle, .invalidStructSize, .unsupported: self = .usage
    case .fileNotFound, .inputOutput, .fileExists, .unknownFormat, .corruptFile, .limitExceeded, .unsafeFile,
      .packMismatch:
      self = .files
    case .unknownArchitecture, .missingTensor, .shapeMismatch: self = .model
    case .cancelled: self = .interrupted
    case .internalError, .outOfMemory, .threadFailure, .resourceLimit, .busy: self = .resources
    }
  }

  private var meaning: String {
    switch self {
    case .done: return "everything was done"
    case .someFailed: return "some inputs failed, each with a message; the others were written"
    case .usage: return "the command line is wrong, or asks for what the model cannot do"
    case .model: return "the model is damaged, or of a kind that is not understood"
    case .files: return "a file is missing, damaged, unusable, or exists already (see --force)"
    case .verification: return "verify: weights that are no numbers, or results that do not agree"
    case .resources: return "memory or threads ran out, or a defect of the program"
    case .unmatched: return "half of the faces or more have no frame, or there is no face"
    case .diverged: return "training diverged again and again from its last good state"
    case .interrupted: return "interrupted (Ctrl-C)"
    }
  }

  /// The part of the help that lists those that a program can end with.
  package static func table(of statuses: [ExitStatus]) -> String {
    "Exit status:\n"
      + statuses.map { "  " + "\($0.rawValue)".padded(to: 5) + $0.meaning }.joined(separator: "\n")
  }
}

/// An end of the program that is no `LiaeError`: a status of its own and a message.
package struct Failure: Error {
  package var status: ExitStatus
  package var message: String

  package init(_ status: ExitStatus, _ message: String) {
    (self.status, self.message) = (status, message)
  }
}

/// Runs what reads a model. Errors that are those of a file become those of the model: no other file is damaged. Nor is
/// the command line wrong where this library does not run a kind.
///
/// - Throws: `Failure` with the status of a damaged model; what `body` throws else.
package func asModel<Result>(_ body: () throws(LiaeError) -> Result) throws -> Result {
  do throws(LiaeError) { return try body() } catch {
    switch error.status {
    case .unknownFormat, .corruptFile, .limitExceeded, .unsafeFile, .unsupported, .packMismatch:
      throw Failure(.model, error.message)
    default: throw error
    }
  }
}
