// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// Arrays of anything, numbers with a fraction, and values that nobody asked for.
extension JSONReader {
  /// The first byte of the next value, or nil at the end. White space before it is passed over.
  package mutating func peek() -> UInt8? {
    skipSpace()
    return position < end ? bytes.raw[position] : nil
  }

  /// Calls `element` for every element of an array; it must read the value.
  package mutating func array(
    _ what: String, _ element: (inout JSONReader) throws(LiaeError) -> Void
  ) throws(LiaeError) {
    try require("[", what)
    if accept("]") { return }
    repeat {
      try CallScope.check()
      try element(&self)
    } while accept(",")
    try require("]", "the end of \(what)")
  }

  /// A number. `NaN` and `Infinity`, which some programs write, are no JSON and refused, as is what a double cannot hold.
  mutating func number(_ what: String) throws(LiaeError) -> Double { try numeral(what).value }

  /// A number; also as a whole one where it is written as one that 64 bits hold.
  package mutating func numeral(_ what: String) throws(LiaeError) -> (value: Double, whole: Int?) {
    skipSpace()
    let start = position
    _ = take("-")
    // An integer without leading zero, then a fraction, then an exponent.
    if !take("0") { try digits("a number of \(what)") }
    if take(".") { try digits("a digit of \(what)") }
    if take("e") || take("E") {
      if !take("+") { _ = take("-") }
      try digits("an exponent of \(what)")
    }
    guard position - start <= FormatLimits.numberBytes else {
      throw LiaeError(
        .limitExceeded,
        "\(name): a number of \(what) has more than \(FormatLimits.numberBytes) digits at \(place(start))"
      )
    }
    guard let text = bytes.text(start, position - start), let value = Double(text), value.isFinite else {
      throw error("\(what) has a number at \(place(start)) that is too large")
    }
    return (value, Int(text))
  }

  /// Takes `character` if it comes next, without white space.
  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard position < end, bytes.raw[position] == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func digits(_ what: String) throws(LiaeError) {
    let start = position
    while position < end, (0x30...0x39).contains(bytes.raw[position]) { position += 1 }
    guard position > start else { throw expected(what) }
  }

  /// Passes over a value of any kind. Its grammar is checked; strings need not be UTF-8.
  ///
  /// - Throws: `corruptFile`, `limitExceeded` for arrays and objects deeper than `FormatLimits.jsonDepth`.
  package mutating func skipValue(_ what: String) throws(LiaeError) {
    /// The closing characters of the open arrays and objects, the innermost last: no recursion that a file could drive.
    var closers: [Unicode.Scalar] = []
    repeat {
      switch peek() {
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        let isObject = accept("{")
        if !isObject { try require("[", what) }
        let closer: Unicode.Scalar = isObject ? "}" : "]"
        if accept(closer) { break }
        guard closers.count < FormatLimits.jsonDepth else {
          throw LiaeError(.limitExceeded, "\(name): \(what) nests deeper than \(FormatLimits.jsonDepth)")
        }
        closers.append(closer)
        if isObject { _ = try key(what) }
        continue
      case UInt8(ascii: "\""): try characters(what) { _ in }
      case UInt8(ascii: "t"): try word("true", what)
      case UInt8(ascii: "f"): try word("false", what)
      case UInt8(ascii: "n"): try word("null", what)
      default: _ = try number(what)
      }
      // A value is complete, and maybe what holds it.
      while let closer = closers.last {
        if accept(",") {
          if closer == "}" { _ = try key(what) }
          break
        }
        try require(closer, "the end of \(what)")
        closers.removeLast()
      }
    } while !closers.isEmpty
  }

  /// One of `true`, `false` and `null`.
  package mutating func word(_ word: StaticString, _ what: String) throws(LiaeError) {
    skipSpace()
    guard bytes.starts(with: Array("\(word)".utf8), at: position), position + word.utf8CodeUnitCount <= end else {
      throw expected("a value of \(what)")
    }
    position += word.utf8CodeUnitCount
  }
}
