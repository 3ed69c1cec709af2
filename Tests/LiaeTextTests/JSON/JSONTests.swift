// SPDX-License-Identifier: Apache-2.0
import Foundation
import LiaeSystem
import LiaeTestSupport
import LiaeText
import Testing

@Suite struct JSONTests {
  private func parse(_ text: String) throws(LiaeError) -> JSON { try JSON(parsing: Array(text.utf8), name: "x.json") }

  @Test func everyKindOfValue() throws {
    let value = try parse(#" {"a": [1, -2.5, 1e3, true, false, null], "b": {"é\n": "\u00e9\ud83d\ude00"}, "c": []} "#)
    #expect(value["a"]?.elements?.map(\.whole) == [1, nil, 1000, nil, nil, nil])
    #expect(value["a"]?.elements?.map(\.real) == [1, -2.5, 1000, nil, nil, nil])
    #expect(value["a"]?.elements?.map(\.isNull) == [false, false, false, false, false, true])
    #expect(value["b"]?["é\n"]?.text == "é😀" && value["c"]?.elements?.isEmpty == true)
    #expect(value["d"] == nil && value["a"]?["b"] == nil)
  }

  /// Foundation reads what is written, and has the same values.
  @Test func foundationReadsIt() throws {
    let value = JSON.object([
      ("text", .string("a \"quote\" \\ \u{1} é")), ("whole", .integer(-7)), ("real", .number(0.1)),
      ("infinite", .number(.infinity)), ("list", .array([.boolean(true), .null, .array([]), .object([])])),
    ])
    for text in [value.text(), value.line] {
      let object = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
      #expect(object["text"] as? String == "a \"quote\" \\ \u{1} é" && object["whole"] as? Int == -7)
      #expect(object["real"] as? Double == 0.1 && object["infinite"] is NSNull)
      #expect((object["list"] as? [Any])?.count == 4)
      #expect(try parse(text).text() == value.text())
    }
    #expect(!value.line.contains("\n"))
  }

  @Test(arguments: [
    "", "{", "[1,]", "{\"a\": 1,}", "01", "1.", "+1", "nul", "\"a", "\"\u{1}\"", "[1] 2", "{\"a\": 1, \"a\": 2}",
    "{1: 2}",
  ]) func whatIsNoJSON(text: String) {
    let error = failure { _ = try parse(text) }
    #expect(error?.status == .corruptFile && error?.message.hasPrefix("x.json") == true, "\(text): \(error as Any)")
  }

  @Test func depthIsLimited() throws {
    func nested(_ depth: Int) -> String { String(repeating: "[", count: depth) + String(repeating: "]", count: depth) }
    #expect(failure { _ = try parse(nested(32)) } == nil)
    #expect(failure { _ = try parse(nested(33)) }?.status == .limitExceeded)
    #expect(failure { _ = try parse(nested(100_000)) }?.status == .limitExceeded)
  }
}

/// The error that `body` ends with; nil where it ends well.
func failure(_ body: () throws -> Void) -> LiaeError? {
  do {
    try body()
    return nil
  } catch { return error as? LiaeError ?? LiaeError(.internalError, "\(error)") }
}
