// SPDX-License-Identifier: Apache-2.0
import LiaeFormats

/// A JSON value to be written (RFC 8259). Objects keep the order of their members.
package enum JSON {
  case null
  case string(String)
  case integer(Int)
  /// A number; one that is not finite, which JSON lacks, is written as null.
  case number(Double)
  case boolean(Bool)
  case array([JSON])
  case object([(String, JSON)])

  /// Indented by two spaces a level.
  package func text(indent: String = "") -> String {
    let inner = indent + "  "
    switch self {
    case .null: return "null"
    case .string(let value): return jsonQuoted(value)
    case .integer(let value): return String(value)
    case .number(let value): return value.isFinite ? "\(value)" : "null"
    case .boolean(let value): return value ? "true" : "false"
    case .array(let values):
      if values.isEmpty { return "[]" }
      return "[\n" + values.map { inner + $0.text(indent: inner) }.joined(separator: ",\n") + "\n\(indent)]"
    case .object(let members):
      if members.isEmpty { return "{}" }
      return "{\n"
        + members.map { "\(inner)\(jsonQuoted($0.0)): \($0.1.text(indent: inner))" }.joined(separator: ",\n")
        + "\n\(indent)}"
    }
  }

  /// The same on one line, as a line of a JSON-lines file.
  package var line: String {
    switch self {
    case .array(let values): return "[" + values.map(\.line).joined(separator: ", ") + "]"
    case .object(let members):
      return "{" + members.map { "\(jsonQuoted($0.0)): \($0.1.line)" }.joined(separator: ", ") + "}"
    default: return text()
    }
  }
}
