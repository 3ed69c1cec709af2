// SPDX-License-Identifier: Apache-2.0

/// Reads the declarations that make up the C interface from Swift sources.
///
/// It knows the few forms in which LiaeABI writes them, which `swift format` keeps, and refuses what it does not
/// understand where it matters: an export without a doc comment, a type that C does not have, a struct with padding.
///
/// - A file that takes part says `// liae.h NUMBER: TITLE`; sections come in the order of the numbers.
/// - `package typealias CX = CEnum<E>`: constants, from `enum E: Int32` of any module.
/// - `package typealias CX = @convention(c) (...) -> T`: a callback type.
/// - `package enum CX {}`: an opaque type.
/// - `package struct CX: CStruct` or `: GrowingStruct`: a struct; members are `package var name: Type = default`.
/// - `@_cdecl("liae_x")` before `package func`: a function.
struct Reader {
  private let file: String
  private let lines: [String]
  private var next = 0
  private var doc: [String] = []

  init(file: String, text: String) {
    self.file = file
    lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
  }

  mutating func read(into interface: inout Interface) throws(GeneratorError) {
    var section: Interface.Section?
    while next < lines.count {
      let line = lines[next].trimmed
      next += 1
      if let marker = line.after("// liae.h ") {
        let parts = marker.split(separator: ":", maxSplits: 1)
        guard parts.count == 2, let number = Int(parts[0]) else { throw fail("expected // liae.h NUMBER: TITLE") }
        section = Interface.Section(number: number, title: String(parts[1]).trimmed)
      } else if line == "///" || line.hasPrefix("/// ") {
        doc.append(String(line.dropFirst(4)))
        continue
      } else if line.hasPrefix("package enum "), line.contains(": Int32") {
        try readConstants(line, into: &interface)
      } else if line.hasPrefix("package static let "), file.hasSuffix("LiaeSystem/Version.swift") {
        let parts = String(line.dropFirst(19)).split(separator: "=").map { String($0).trimmed }
        if parts.count == 2 { interface.version[parts[0]] = parts[1].filter { $0 != "\"" } }
      } else if section != nil, let item = try readItem(line) {
        section?.items.append(item)
      } else if line.hasPrefix("@") {
        continue  // an attribute between a doc comment and its declaration
      }
      doc = []
    }
    if let section { interface.sections.append(section) }
  }

  // MARK: - Items

  private mutating func readItem(_ line: String) throws(GeneratorError) -> Interface.Item? {
    if let quoted = line.after("@_cdecl(\"") {
      let name = String(quoted.prefix { $0 != "\"" })
      guard name.hasPrefix("liae_"), !doc.isEmpty else {
        throw fail("\(name) needs the prefix liae_ and a doc comment")
      }
      let (parameters, result) = try readSignature(String(try statement(until: "{").dropLast()))
      return .function(.init(name: name, parameters: parameters, result: try cType(result), doc: doc))
    }
    if let name = line.after("package typealias ").flatMap({ typeName($0.prefix { $0 != " " }) }) {
      if let enumeration = line.after("= CEnum<", anywhere: true) {
        let path = enumeration.prefix { $0 != ">" }.split(separator: ".")
        return .constants(name: name, of: String(path.last ?? ""), doc: doc)
      }
      next -= 1
      let (parameters, result) = try readSignature(try statement { $0.contains("->") })
      return .callback(.init(name: name, parameters: parameters, result: try cType(result), doc: doc))
    }
    if line.hasSuffix("{}"), let name = line.after("package enum ").flatMap({ typeName($0.prefix { $0 != " " }) }) {
      return .opaque(name: name, doc: doc)
    }
    if let name = line.after("package struct ").flatMap({ typeName($0.prefix { $0 != ":" }) }) {
      return .structure(try readStructure(name))
    }
    return nil
  }

  private mutating func readStructure(_ name: String) throws(GeneratorError) -> Interface.Structure {
    var result = Interface.Structure(name: name, members: [], tail: [], doc: doc)
    var doc: [String] = []
    while next < lines.count, lines[next] != "}" {
      let line = lines[next].trimmed
      next += 1
      if line.hasPrefix("///") {
        doc.append(String(line.dropFirst(4)))
      } else if let member = line.after("package var ") {
        let parts = member.prefix { $0 != "=" }.split(separator: ":").map { String($0).trimmed }
        guard parts.count == 2 else { throw fail("expected package var name: Type = default") }
        result.members.append(.init(name: snakeCase(parts[0]), type: try cType(parts[1]), doc: doc))
        doc = []
      } else if let comment = line.after("// ") {
        result.tail.append(comment)
      }
    }
    return result
  }

  private mutating func readConstants(_ line: String, into interface: inout Interface) throws(GeneratorError) {
    let name = String(line.dropFirst(13).prefix { $0 != ":" })
    let indentation = lines[next - 1].prefix { $0 == " " }
    var constants: [Interface.Constant] = []
    var value = -1
    var doc: [String] = []
    while next < lines.count, lines[next] != "\(indentation)}" {
      let line = lines[next].trimmed
      next += 1
      if line.hasPrefix("///") {
        doc.append(String(line.dropFirst(4)))
      } else if let cases = line.after("case "), lines[next - 1].hasPrefix("\(indentation)  case ") {
        for part in cases.split(separator: ",") {
          let sides = part.split(separator: "=").map { String($0).trimmed }
          if sides.count == 2 {
            guard let explicit = Int(sides[1]) else { throw fail("expected a number after \(sides[0])") }
            value = explicit
          } else {
            value += 1
          }
          constants.append(.init(name: sides[0], value: value, doc: doc))
        }
        doc = []
      } else {
        doc = []
      }
    }
    interface.enums[name] = constants
  }

  // MARK: - Signatures

  /// The lines from the next one on, joined, up to the one that ends with `end`.
  private mutating func statement(until end: String) throws(GeneratorError) -> String {
    try statement { line in line.contains(end) }.split(separator: end, maxSplits: 1).first.map { $0 + end } ?? end
  }

  private mutating func statement(_ isLast: (String) -> Bool) throws(GeneratorError) -> String {
    var result = ""
    while next < lines.count {
      let line = lines[next].trimmed
      next += 1
      result += result.isEmpty ? line : " \(line)"
      if isLast(line) { return result }
    }
    throw fail("a declaration has no end")
  }

  /// Parameters and result of `... (_ a: A, _ b: B) -> R`.
  private func readSignature(_ text: String) throws(GeneratorError) -> ([(name: String, type: String)], String) {
    // The parameters of a callback stand behind @convention(c).
    let text = text.after("@convention(c) ", anywhere: true) ?? text
    guard let open = text.firstIndex(of: "("), let close = text.lastIndex(of: ")") else { throw fail("no parameters") }
    var parameters: [(name: String, type: String)] = []
    for part in text[text.index(after: open)..<close].split(separator: ",") {
      let sides = part.split(separator: ":", maxSplits: 1).map { String($0).trimmed }
      guard sides.count == 2, let name = sides[0].split(separator: " ").last else {
        throw fail("a parameter has no name")
      }
      parameters.append((snakeCase(String(name)), try cType(sides[1])))
    }
    let result = String(text[text.index(after: close)...]).after("->", anywhere: true)?.trimmed
    return (parameters, result ?? "Void")
  }

  private func fail(_ message: String) -> GeneratorError { GeneratorError(message: "\(file):\(next): \(message)") }
}

extension String {
  fileprivate var trimmed: String {
    var result = drop { $0 == " " }
    while result.last == " " { result.removeLast() }
    return String(result)
  }

  /// Returns what stands behind `prefix`, at the start or, with `anywhere`, behind its first occurrence.
  fileprivate func after(_ prefix: String, anywhere: Bool = false) -> String? {
    if !anywhere { return hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil }
    guard let range = firstRange(of: prefix) else { return nil }
    return String(self[range.upperBound...])
  }
}
