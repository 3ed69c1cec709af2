// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import LiaeCommandLine
import LiaeSamples
import LiaeSystem
import LiaeText
import LiaeTrainingSession

/// What the commands that train have in common around a session: the lock of the model, and what is said at the end.
enum ModelLock {
  static func take(_ folder: ModelFolder) throws -> FileLock {
    do throws(LiaeError) { return try folder.lock() } catch {
      throw error.status == .busy ? Failure(.files, error.message) : error
    }
  }

  /// Locks a model that was not there at the start.
  static func takeNew(_ folder: ModelFolder) throws -> FileLock {
    let lock = try take(folder)
    guard !folder.hasState else {
      throw Failure(.files, "\(folder.state): another liae-train has begun this model meanwhile; start again")
    }
    return lock
  }

  /// Waits before a save is tried again. On a terminal, a folder that is typed ends the wait.
  static func waitBeforeSaving(_ seconds: Int) -> String? {
    let end = monotonicNanoseconds() + seconds * 1_000_000_000
    let wasInterrupted = Interruption.came
    while monotonicNanoseconds() < end, Interruption.came == wasInterrupted {
      if let line = TerminalInput.line(within: 50), !line.isEmpty { return line }
    }
    return nil
  }
}

/// Opens a faceset. Errors of faces are those of files, not of the command line.
func readFaceset(_ path: String) throws -> FacesetSource {
  do throws(LiaeError) { return try FacesetSource(path: path) } catch {
    throw error.status == .invalidArgument || error.status == .unsupported ? Failure(.files, error.message) : error
  }
}

/// Checks the settings of a command line, before anything is opened.
///
/// - Throws: for a value that is not possible.
func check<Settings: SettingsTable>(_ given: [(key: String, value: JSON)], by settings: Settings) throws {
  var settings = settings
  do throws(LiaeError) {
    for (key, value) in given { try settings.set(key, value, source: "--") }
  } catch { throw ValidationError(error.message) }
}

/// Runs a session to its end or to a signal, and shows its progress.
func runToEnd(_ session: TrainingSession, changes: [String], _ printer: SessionPrinter) throws -> SessionOutcome {
  Interruption.watch(termination: true)
  Interruption.watchForRequests()
  defer { printer.end() }
  return try session.run(changes: changes) { Interruption.came }
}

/// Says how a session ended.
///
/// - Throws: where the model is not where it should be, or training did not come to its end.
func finish(_ session: TrainingSession, _ outcome: SessionOutcome, _ folder: ModelFolder, iteration: Int) throws {
  if let path = session.stateElsewhere {
    throw Failure(
      .files,
      "the model of iteration \(iteration) is in \(path), not in \(folder.state): move it there, or go on with the other "
        + "folder as --model")
  }
  switch outcome {
  case .finished: Console.say("saved    \(folder.state), iteration \(iteration)")
  case .stopped:
    throw Failure(.interrupted, "interrupted at iteration \(iteration); the model is saved in \(folder.state)")
  case .diverged(let iteration, let reason, let rollbacks):
    throw Failure(
      .diverged,
      "iteration \(iteration): \(reason); given up after going back \(rollbacks) times in a row. "
        + "\(folder.state) is the last good state: try --clipgrad, a lower --learning-rate, or other faces")
  }
}
