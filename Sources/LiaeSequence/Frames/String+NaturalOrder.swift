// SPDX-License-Identifier: Apache-2.0

extension Array where Element == String {
  /// Sorts by bytes, except that two runs of digits in one place are compared as numbers: frame9, frame10.
  func naturallySorted() -> [String] {
    let keys: [(name: String, bytes: [UInt8])] = map { ($0, [UInt8]($0.utf8)) }
    return keys.sorted { isBefore($0.bytes, $1.bytes) }.map(\.name)
  }
}

private func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

private func isBefore(_ a: [UInt8], _ b: [UInt8]) -> Bool {
  var (i, j) = (0, 0)
  while i < a.count, j < b.count {
    if isDigit(a[i]), isDigit(b[j]) {
      let (x, y) = (digits(a, &i), digits(b, &j))
      if x.count != y.count { return x.count < y.count }
      if let (p, q) = zip(x, y).first(where: { $0 != $1 }) { return p < q }
    } else {
      if a[i] != b[j] { return a[i] < b[j] }
      (i, j) = (i + 1, j + 1)
    }
  }
  if i == a.count, j == b.count { return a.lexicographicallyPrecedes(b) }
  return i == a.count
}

/// The run of digits from a place on, without leading zeros; the place is then behind it.
private func digits(_ bytes: [UInt8], _ place: inout Int) -> ArraySlice<UInt8> {
  let run = bytes[place...].prefix(while: isDigit)
  place = run.endIndex
  return run.drop { $0 == UInt8(ascii: "0") }
}

extension String {
  /// The last run of digits as a number; nil where there is none, or one that is too large.
  var lastNumber: Int? {
    guard let end = utf8.lastIndex(where: isDigit) else { return nil }
    let head = self[...end]
    let start = head.utf8.lastIndex { !isDigit($0) }.map { head.utf8.index(after: $0) } ?? head.startIndex
    return Int(head[start...])
  }
}
