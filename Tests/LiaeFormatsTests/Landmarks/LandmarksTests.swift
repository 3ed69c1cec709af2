// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeSystem
import Testing

@Suite struct LandmarksTests {
  private func read(_ text: String) throws -> [LandmarksFile.Face] {
    try LandmarksFile.read(Bytes.of(Array(text.utf8)), name: "lie")
  }

  private let five = "[[1,2],[3.5,-4],[5e1,6E-1],[0,-0.0],[1e+2,8]]"

  @Test func everyForm() throws {
    let many = "[" + (0..<68).map { "[\($0), \($0).25]" }.joined(separator: ",") + "]"
    let text = """
      \u{feff}# made by hand
      {"frame": "00001.png", "landmarks": \(five)}
      \t
        # more
      {"mask": {"size": [1, {"a": [], "b": {}}], "text": "\\u00e9\\"]}", "ok": [true, false, null]}, "landmarks":\(many),\
      "index": 2, "score": 0.9e0, "frame":17 }\r

      { "landmarks" : \(five) , "frame" : "\\u00e9 #1.jpg" }
      """
    let faces = try read(text)
    #expect(faces.map(\.frame) == [.name("00001.png"), .index(17), .name("é #1.jpg")])
    #expect(faces.map(\.line) == [2, 5, 7])
    #expect(faces.map(\.index) == [nil, 2, nil])
    #expect(faces[0].points == [[1, 2], [3.5, -4], [50, 0.6], [0, 0], [100, 8]])
    #expect(faces[1].points == (0..<68).map { SIMD2(Double($0), Double($0) + 0.25) })
    #expect(try read("").isEmpty && read("\n\n#").isEmpty)
  }

  @Test func roundTrip() throws {
    let values: [Double] = [
      0.1, -1e-300, 1e300, 12345678.901234567, 2.5e-308, -0.0, 0.3333333333333333, 1e16, 123456, 2.5e-5,
    ]
    let points: [SIMD2<Double>] = (0..<5).map { SIMD2<Double>(values[2 * $0], values[2 * $0 + 1]) }
    let frames: [LandmarksFile.FrameName] = [.name("a \"b\".png"), .index(0), .index(.max), .name("\u{1}é")]
    let text = frames.map { LandmarksFile.line(frame: $0, points: points) }.joined(separator: "\n")
    let faces = try read(text)
    #expect(faces.map(\.frame) == frames)
    for face in faces { #expect(face.points == points) }
    expectRefusal(.corruptFile) {
      _ = try read(LandmarksFile.line(frame: .index(0), points: [SIMD2<Double>](repeating: [.nan, 0], count: 5)))
    }
  }

  /// Paths of any system lead to the name of the picture; a colon further on is a part of it.
  @Test func baseNames() throws {
    for (path, name) in [
      ("00001.png", "00001.png"), ("../a.png", "a.png"), ("/data/dst/a.png", "a.png"),
      ("C:\\dst\\00001.png", "00001.png"),
      ("\\\\server\\share/x\\b.c.png", "b.c.png"), ("c:00001.png", "00001.png"), ("take 1:2.png", "take 1:2.png"),
      ("1:2.png", "1:2.png"), ("é:2.png", "é:2.png"),
    ] {
      #expect(LandmarksFile.FrameName.baseName(path) == name)
      let line = LandmarksFile.line(frame: .name(path), points: [SIMD2](repeating: SIMD2(9, 9), count: 5))
      #expect(try read(line).map(\.frame) == [.name(path)])
    }
  }

  @Test func lies() throws {
    func refused(_ words: String, _ line: String, _ status: Status = .corruptFile) {
      expectRefusal(status, "lie, line 3: ", words) { _ = try read("\n\n\(line)\n\n") }
    }
    func frame(_ value: String) -> String { "{\"frame\": \(value), \"landmarks\": \(five)}" }
    func landmarks(_ value: String) -> String { "{\"frame\": 1, \"landmarks\": \(value)}" }
    func other(_ value: String) -> String { "{\"frame\": 1, \"x\": \(value), \"landmarks\": \(five)}" }
    refused("the face '{'", "[1]")
    refused("lacks \"frame\"", "{}")
    refused("lacks \"landmarks\"", "{\"frame\": 0}")
    refused("the end of the line", frame("1") + "{}")
    refused("line ends", "{\"frame\": 1,")
    refused("a whole number", frame("-1"))
    refused("the end of the face", frame("1.5"))
    refused("too large", frame("99999999999999999999"))
    refused("a whole number", frame("null"))
    for name in ["", "..", "a/..", "a/", "a.png\\\\", "C:", "C:\\\\"] {
      refused("the name of a file", frame("\"\(name)\""))
    }
    refused("\"frame\" stands twice", "{\"frame\": 1, \"frame\": 1}")
    refused("\"landmarks\" stands twice", "{\"landmarks\": \(five), \"landmarks\": \(five)}")
    refused("\"index\" stands twice", "{\"index\": 1, \"index\": 1}")
    refused("4 points; expected 68 or 5", landmarks("[[1,2],[1,2],[1,2],[1,2]]"))
    refused("0 points", landmarks("[]"))
    refused(
      "more than 68 points", landmarks("[" + [String](repeating: "[1,2]", count: 69).joined(separator: ",") + "]"))
    refused("point 0 of \"landmarks\" has more than two", landmarks("[[1,2,3]]"))
    refused("point 1 of \"landmarks\" has 1 numbers", landmarks("[[1,2],[1]]"))
    refused("a point of", landmarks("[1,2]"))
    for number in ["NaN", "Infinity", "-Infinity", "null", "\"1\"", "+1", ".5", "-", ""] {
      refused("a number of", landmarks("[[1,\(number)]]"))
    }
    for number in ["1.", "1.e1"] { refused("a digit of", landmarks("[[1,\(number)]]")) }
    for number in ["1e", "1e+"] { refused("an exponent of", landmarks("[[1,\(number)]]")) }
    for number in ["01", "0x10", "1 2"] { refused("the end of a point", landmarks("[[1,\(number)]]")) }
    refused("too large", landmarks("[[1,1e999]]"))
    refused("digits", landmarks("[[1,\(String(repeating: "1", count: 401))]]"), .limitExceeded)
    refused("a number of \"x\"", other("maybe"))
    refused("a value of \"x\"", other("nul"))
    refused("the end of \"x\"", other("[1 2]"))
    refused("the end of \"x\"", other("[1}"))
    refused("a key of \"x\"", other("{\"a\": 1, }"))
    refused("an escape of \"x\"", other("\"\\x\""))
    refused("deeper", other(String(repeating: "[", count: 100_000)), .limitExceeded)
    #expect(try read(other(String(repeating: "[", count: 64) + String(repeating: "]", count: 64))).count == 1)
  }

  @Test func manyLines() throws {
    let line = LandmarksFile.line(frame: .index(7), points: [SIMD2<Double>](repeating: [1.5, 2], count: 68))
    let faces = try read([String](repeating: line, count: 2000).joined(separator: "\r\n"))
    #expect(faces.count == 2000 && faces.last?.line == 2000)
  }
}
