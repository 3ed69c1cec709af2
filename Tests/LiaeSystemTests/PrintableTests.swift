// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import Testing

/// Names out of files in messages.
@Suite struct PrintableTests {
  @Test(
    arguments: [
      ("plain text, ü, 😀, 漢字 and \u{a0}blanks", nil), ("a\u{1b}[31mred", "a\u{fffd}[31mred"),
      ("one\ntwo\r\tthree", "one\u{fffd}two\u{fffd}\u{fffd}three"), ("\u{0}\u{7f}\u{9b}", "\u{fffd}\u{fffd}\u{fffd}"),
      ("a\u{202e}gnp.exe", "a\u{fffd}gnp.exe"), ("\u{2066}x\u{2069}\u{200f}", "\u{fffd}x\u{fffd}\u{fffd}"),
      ("line\u{2028}paragraph\u{2029}", "line\u{fffd}paragraph\u{fffd}"), ("\u{feff}\u{200b}", "\u{fffd}\u{fffd}"),
      ("\u{e0041}tag", "\u{fffd}tag"),
    ] as [(String, String?)])
  func whatActsIsReplaced(text: String, expected: String?) {
    #expect(text.printable == expected ?? text)
    #expect(LiaeError(.corruptFile, text).message == expected ?? text)
  }

  @Test func linesAreKeptWhereTheyAreOurs() { #expect("a\nb\u{1b}".printableLines == "a\nb\u{fffd}") }

  /// The path that a message begins with is found again.
  @Test func anErrorIsNamedOnce() {
    let path = "a\u{1b}b"
    let error = LiaeError(.corruptFile, "\(path): is empty")
    #expect(error.naming(path) == error && error.naming("c").message == "c: a\u{fffd}b: is empty")
  }
}
