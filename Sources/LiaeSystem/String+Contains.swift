// SPDX-License-Identifier: Apache-2.0

extension String {
  /// Tells whether `part` stands somewhere in it, byte by byte.
  ///
  /// Not the standard library's `contains`, which brings its regular expressions with it: 2 MB of libliae.so.
  package func contains(text part: String) -> Bool {
    let (text, part) = (Array(utf8), Array(part.utf8))
    guard part.count <= text.count else { return false }
    return (0...text.count - part.count).contains { text[$0..<$0 + part.count].elementsEqual(part) }
  }
}
