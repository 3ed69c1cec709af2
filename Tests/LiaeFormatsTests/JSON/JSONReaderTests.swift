// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeSystem
import LiaeTestSupport
import Testing

private func reader(_ text: String) throws -> JSONReader {
  let bytes = try Bytes.of(Array(text.utf8))
  return JSONReader(bytes, offset: 0, end: bytes.count, name: "lie.json", part: "the JSON")
}

/// Tests what the formats' own tests do not reach: whole numbers among others, and single words.
@Suite struct JSONReaderTests {
  @Test(arguments: [
    // The second is no double.
    ("12", 12.0, 12), ("9007199254740993", 9_007_199_254_740_992.0, 9_007_199_254_740_993), ("-7", -7.0, -7),
    ("1.0", 1.0, nil), ("1e2", 100.0, nil), ("9223372036854775808", 9_223_372_036_854_775_808.0, nil),
  ])
  func numbersAreWholeAsTheyAreWritten(_ text: String, _ value: Double, _ whole: Int?) throws {
    var json = try reader(" \(text) ")
    let found = try json.numeral("a number")
    #expect(found.value == value && found.whole == whole)
    try json.finish()
  }

  @Test(arguments: ["1e400", "-", "+1", ".5", "1.", "1e", "NaN", "Infinity", ""])
  func whatIsNoNumber(_ text: String) throws {
    expectRefusal(.corruptFile, "lie.json: ") {
      var json = try reader(text)
      _ = try json.numeral("a number")
    }
  }

  @Test func words() throws {
    var json = try reader("[true, null,false]")
    var count = 0
    try json.array("a list") { (json) throws(LiaeError) in
      try json.word(["true", "null", "false"][count], "a list")
      count += 1
    }
    #expect(count == 3)
    try json.finish()
    expectRefusal(.corruptFile, "a value of x is expected at byte 0, found 't'") {
      var json = try reader("tru")
      try json.word("true", "x")
    }
  }

  /// Places are counted as an editor counts them: lines and columns from 1, columns in bytes.
  @Test func placesInTextsOfSeveralLines() throws {
    expectRefusal(.corruptFile, "a value of x is expected at line 3, column 2, found 'y'") {
      var json = try reader("[\n\n y")
      try json.array("x") { (json) throws(LiaeError) in try json.word("true", "x") }
    }
    expectRefusal(.corruptFile, "at line 1, column 2, found 'y'") {
      var json = try reader("[y\n]")
      try json.array("x") { (json) throws(LiaeError) in try json.word("true", "x") }
    }
  }
}
