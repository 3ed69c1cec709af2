// SPDX-License-Identifier: Apache-2.0

extension String {
  /// The text as one line that shows what it is: characters that move a cursor, end a line, colour a terminal or turn the
  /// direction of writing stand as U+FFFD. Names out of files, and paths, may hold them.
  package var printable: String { printable(keeping: nil) }

  /// The same of several lines.
  package var printableLines: String { printable(keeping: "\n") }

  private func printable(keeping kept: Unicode.Scalar?) -> String {
    if utf8.allSatisfy({ (0x20...0x7e).contains($0) }) { return self }
    return String(
      UnicodeScalarView(unicodeScalars.map { $0 == kept || !Self.acts($0) ? $0 : "\u{fffd}" }))
  }

  /// Tells whether a character does something in place of standing for itself.
  private static func acts(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    // Marks of direction are among the format characters.
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: true
    default: false
    }
  }
}
