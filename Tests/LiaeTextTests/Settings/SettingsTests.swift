// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeTestSupport
import LiaeText
import Testing

/// A table with one setting of each kind.
private struct Sample: SettingsTable {
  enum Color: String, CaseIterable { case red, green }
  enum Number: Int32, CaseIterable { case zero, one, two }
  var count = 3
  var limit: Int?
  var rate: Float = 0.1
  var share: Double?
  var isOn = false
  var color = Color.red
  var number = Number.zero

  nonisolated(unsafe) static let table: [Setting<Sample>] = [
    .whole("count", 0...10, \.count), .whole("limit", 1...Int.max, \.limit), .real("rate", 0...1, \.rate),
    .real("share", 0...1, \.share),
    .boolean("is-on", \.isOn), .named("color", \.color), .choice("number", ["zero", "one", "two"], \.number),
  ]

  /// An older word.
  static func translated(_ key: String, _ value: JSON) -> (key: String, value: JSON) {
    key == "colour" ? ("color", value) : (key, value)
  }
}

@Suite struct SettingsTests {
  @Test func valuesGoInAndOut() throws {
    var sample = Sample()
    let given: [(String, JSON)] = [
      ("count", .number(10)), ("limit", .integer(9)), ("rate", .number(0.3)), ("share", .number(0.25)),
      ("is-on", .boolean(true)),
      ("colour", .string("green")), ("number", .string("2")),
    ]
    for (key, value) in given { try sample.set(key, value, source: "--") }
    #expect(sample.count == 10 && sample.limit == 9 && sample.rate == 0.3 && sample.share == 0.25 && sample.isOn)
    #expect(sample.color == .green && sample.number == .two)
    // A float32 is written by its shortest decimal number.
    #expect(
      sample.json.line
        == #"{"count": 10, "limit": 9, "rate": 0.3, "share": 0.25, "is-on": true, "color": "green", "number": "two"}"#)
    try sample.set("limit", .null, source: "file: ")
    #expect(sample.limit == nil)
    try sample.set("share", .null, source: "file: ")
    #expect(sample.share == nil)
  }

  @Test(arguments: [
    ("count", JSON.integer(11), "--count is 11; expected 0 to 10"), ("count", .number(1.5), "expected 0 to 10"),
    ("limit", .integer(0), "expected a whole number, 1 or more"), ("rate", .number(1.5), "expected 0 to 1"),
    ("share", .number(-0.1), "--share is -0.1; expected 0 to 1"), ("share", .number(.nan), "--share is nan"),
    ("rate", .number(.nan), "--rate is nan"), ("is-on", .string("true"), "expected true or false"),
    ("color", .string("blue"), "expected red, green"), ("number", .integer(3), "expected zero, one, two"),
    ("cuont", .integer(1), "there is no such setting; the nearest is \"count\""),
  ]) func valuesThatAreNot(key: String, value: JSON, text: String) {
    var sample = Sample()
    let error = failure { try sample.set(key, value, source: "--") }
    #expect(error?.status == .invalidArgument && error?.message.contains(text) == true, "\(error as Any)")
  }

  @Test func files() throws {
    let folder = try TemporaryFolder()
    func read(_ text: String) throws -> Sample {
      try File.writeAtomically(folder("a.json"), replacing: true, text: text)
      var sample = Sample()
      try sample.read(folder("a.json"))
      return sample
    }
    #expect(try read(#"{"count": 7, "limit": null}"#).count == 7)
    for (text, message) in [("[1]", "are not an object"), ("{", "a.json"), (#"{"count": 77}"#, "a.json: count is 77")] {
      let error = failure { _ = try read(text) }
      #expect(error?.status == .invalidArgument && error?.message.contains(message) == true, "\(error as Any)")
    }
    let large = failure { _ = try read(String(repeating: " ", count: 1 << 20) + "{}") }
    #expect(large?.status == .limitExceeded)
    var absent = Sample()
    #expect(failure { try absent.read(folder("absent.json")) }?.status == .fileNotFound)
    #expect(Sample.differences(Sample().json, try read(#"{"rate": 0.5}"#).json) == ["rate (0.1 -> 0.5)"])
    #expect(Sample.differences(Sample().json, .null).count == 7)
  }

  /// The distances were counted by hand: the distances of Levenshtein.
  @Test func distances() {
    for (a, b, distance) in [
      ("", "", 0), ("abc", "abc", 0), ("kitten", "sitting", 3), ("", "abc", 3), ("flaw", "lawn", 2),
    ] {
      #expect(a.distance(to: b) == distance && b.distance(to: a) == distance)
    }
  }
}
