// SPDX-License-Identifier: Apache-2.0
import LiaeCommandLine
import LiaeSystem
import LiaeText
import LiaeTrainingSession

/// Prints what a training session reports: its progress in the last line of a terminal, or in a line now and then where
/// standard error is none; complaints in lines of their own.
final class SessionPrinter {
  /// Nanoseconds between lines where there is no terminal.
  private let pause: Int
  private let target: Int
  private let isWatched = Console.isWatched
  private var lastShown = monotonicNanoseconds()
  /// Time of one iteration with all that belongs to it, averaged over the last 50 or so.
  private var milliseconds = 0.0
  private var count = 0
  /// Faces that are named at a time.
  private static let named = 10

  init(_ settings: some ModelSettings) {
    target = settings.targetIteration
    pause = Int(Double(settings.session.statusEvery) * 1e9)
  }

  func show(_ event: SessionEvent) {
    switch event {
    case .iteration(let iteration, let source, let destination, let milliseconds):
      showIteration(iteration, source, destination, milliseconds)
    case .skippedFaces(let path, let faces):
      for face in faces.prefix(Self.named) { Console.complain("\(path): \(face.name): \(face.reason); left out") }
      if faces.count > Self.named {
        Console.complain("\(path): \(faces.count - Self.named) more faces are left out; see liae-train samples")
      }
    case .rolledBack(let from, let to, let reason):
      Console.complain("iteration \(from): \(reason); back to the save of iteration \(to)")
    case .savedOnRequest(let iteration): Console.complain("saved on request, iteration \(iteration)")
    case .saveFailed(let error, let elsewhere):
      let place = elsewhere.map { "; the state is in \($0)" } ?? ""
      Console.complain("\(error.message)\(place); training goes on, and saving is tried again in a minute")
    case .backupFailed(let error): Console.complain("\(error.message); there is no backup, and training goes on")
    case .lastSaveFailed(let error):
      Console.complain(
        "\(error.message); what was learnt is kept in memory, and saving is tried again until it works: make room, or "
          + "bring the folder back" + (TerminalInput.isTerminal ? ", or type another folder and press Enter" : "")
          + ". Ctrl-C ends without saving")
    case .savedElsewhere(let path, let error): Console.complain("\(error.message); the state is in \(path)")
    case .progressFileFailed(let error): Console.complain("\(error.message); training goes on")
    }
  }

  private func showIteration(_ iteration: Int, _ source: Float, _ destination: Float?, _ latest: Double) {
    count = min(count + 1, 50)
    milliseconds += (latest - milliseconds) / Double(count)
    let now = monotonicNanoseconds()
    guard now - lastShown >= (isWatched ? 100_000_000 : pause) || iteration == target else { return }
    lastShown = now
    let losses =
      destination.map { "src \(Double(source).fixed(4))  dst \(Double($0).fixed(4))" }
      ?? "loss \(Double(source).fixed(4))"
    var text = "[\(iteration)] \(milliseconds.fixed(milliseconds < 100 ? 1 : 0)) ms  \(losses)"
    if target > iteration { text += "  \(duration(Double(target - iteration) * milliseconds / 1000)) left" }
    // A line that wraps could not be taken back.
    let line = isWatched ? "\r\u{1b}[K" + text.prefix(max(20, Console.columns - 1)) : text + "\n"
    StandardStream.error.write(line)
  }

  /// Leaves the line as it is.
  func end() { if isWatched, count > 0 { StandardStream.error.write("\n") } }
}
