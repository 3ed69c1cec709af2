// SPDX-License-Identifier: Apache-2.0
import Foundation
import LiaeSystem
import LiaeTestSupport
import LiaeText
import LiaeTrainingSession
import Testing

/// The log's lines, and how lines of iterations that were lost are cut off.
@Suite struct TrainingLogTests {
  let folder: TemporaryFolder
  var path: String { folder("log") }

  init() throws { folder = try TemporaryFolder() }

  private func open(at iteration: Int = 0, every: Int = 1) throws -> TrainingLog {
    TrainingLog(path, at: iteration, every: every) { Issue.record("\($0)") }
  }

  private var text: String { get throws { String(decoding: try contents(path), as: UTF8.self) } }

  @Test func aLineForEachIteration() throws {
    let log = try open()
    log.append(1, source: 0.5, destination: 0.25, milliseconds: 12.34)
    log.event("phase", at: 1)
    log.append(2, source: 0.1, destination: .nan, milliseconds: 10)
    log.event("start", at: 2, [("changes", .array([.string("a \"b\"")]))])
    #expect(
      try text == """
        {"iter": 1, "src": 0.5, "dst": 0.25, "ms": 12.3}
        {"iter": 1, "event": "phase"}
        {"iter": 2, "src": 0.1, "dst": null, "ms": 10.0}
        {"iter": 2, "event": "start", "changes": ["a \\"b\\""]}

        """)
  }

  @Test func aLineSumsIterationsUp() throws {
    let log = try open(every: 3)
    for iteration in 1...7 {
      log.append(iteration, source: Float(iteration), destination: 2, milliseconds: Double(iteration))
    }
    #expect(
      try text == """
        {"iter": 3, "src": 2.0, "dst": 2.0, "ms": 2.0}
        {"iter": 6, "src": 5.0, "dst": 2.0, "ms": 5.0}

        """)
  }

  @Test(arguments: [
    // What is there, where training goes on, what stays.
    ("{\"iter\": 1}\n{\"iter\": 2}\n{\"iter\": 3}\n", 2, "{\"iter\": 1}\n{\"iter\": 2}\n"),
    ("{\"iter\": 1}\n{\"iter\": 2}\n{\"it", 5, "{\"iter\": 1}\n{\"iter\": 2}\n"),
    ("{\"iter\": 1}\n{\"iter\": 2", 5, "{\"iter\": 1}\n"), ("{\"iter\": 7}\n", 0, ""), ("no JSON", 9, ""),
    ("{\"iter\": 1}\nno JSON\n\n{\"x\": 1}\n", 9, "{\"iter\": 1}\n"), ("\n\n\n", 9, ""), ("", 9, ""),
    ("{\"iter\": 1}\r\n{\"iter\": 2}\r\n", 1, "{\"iter\": 1}\r\n"),
    ("{\"iter\": 1}\n{\"iter\": 1e300}\n", 9, "{\"iter\": 1}\n"),
    ("{\"iter\": 1}\n{\"iter\": 9223372036854775808}\n{\"iter\": -1}", 9, "{\"iter\": 1}\n"),
    ("{\"iter\": 1}\n" + String(repeating: "[", count: 2_000_000) + "\n", 9, "{\"iter\": 1}\n"),
    ("{\"iter\": 1}\n{\"iter\": 1, \"event\": \"stop\"}\n", 1, "{\"iter\": 1}\n{\"iter\": 1, \"event\": \"stop\"}\n"),
  ])
  func linesPastTheIterationAreCutOff(before: String, iteration: Int, after: String) throws {
    try File.writeAtomically(path, replacing: true, text: before)
    let log = try open(at: iteration)
    #expect(try text == after)
    log.event("start", at: iteration)
    #expect(try text == after + "{\"iter\": \(iteration), \"event\": \"start\"}\n")
  }

  @Test func aRewindForgetsWhatWasNotWrittenYet() throws {
    let log = try open(every: 2)
    for iteration in 1...3 { log.append(iteration, source: 1, destination: 1, milliseconds: 1) }
    log.rewind(to: 1)
    #expect(try text == "")
    for iteration in 2...3 { log.append(iteration, source: 3, destination: 3, milliseconds: 1) }
    #expect(try text == "{\"iter\": 3, \"src\": 3.0, \"dst\": 3.0, \"ms\": 1.0}\n")
  }

  /// What cannot be written is said once, until it can be again.
  @Test(arguments: ["folder", "pipe", "missing folder"]) func whatIsNoLogIsSaidOnce(kind: String) throws {
    let path = kind == "missing folder" ? folder("deeper/log") : path
    switch kind {
    case "folder": try File.makeFolder(path)
    case "pipe": mkfifo(path, 0o600)
    default: break
    }
    var failures: [LiaeError] = []
    let log = TrainingLog(path, at: 0, every: 1) { failures.append($0) }
    for iteration in 1...3 { log.append(iteration, source: 1, destination: 1, milliseconds: 1) }
    log.rewind(to: 1)
    log.event("start", at: 1)
    #expect(failures.count == 1 && failures[0].message.hasPrefix(path))
    // Once it is out of the way, the log begins.
    try? FileManager.default.removeItem(atPath: path)
    try File.makeFolder(folder("deeper"))
    log.append(2, source: 1, destination: 1, milliseconds: 1)
    #expect(try contents(path) == Array("{\"iter\": 2, \"src\": 1.0, \"dst\": 1.0, \"ms\": 1.0}\n".utf8))
    #expect(failures.count == 1)
  }
}
