// SPDX-License-Identifier: Apache-2.0

/// The declarations of the header, as the Swift sources state them.
struct Interface {
  struct Section {
    var number: Int
    var title: String
    var items: [Item] = []
  }
  enum Item {
    case constants(name: String, of: String, doc: [String])
    case opaque(name: String, doc: [String])
    case callback(Function)
    case structure(Structure)
    case function(Function)
  }
  struct Member {
    var name: String
    var type: String
    var doc: [String]
  }
  struct Structure {
    var name: String
    var members: [Member]
    /// Comment lines after the last member.
    var tail: [String]
    var doc: [String]
  }
  struct Function {
    var name: String
    var parameters: [(name: String, type: String)]
    var result: String
    var doc: [String]
  }
  struct Constant {
    var name: String
    var value: Int
    var doc: [String]
  }

  var sections: [Section] = []
  /// Swift enums of `Int32` by name, from all modules.
  var enums: [String: [Constant]] = [:]
  var version: [String: String] = [:]

  var functions: [Function] {
    sections.flatMap(\.items).compactMap { if case .function(let f) = $0 { f } else { nil } }
  }
  var structures: [Structure] {
    sections.flatMap(\.items).compactMap { if case .structure(let s) = $0 { s } else { nil } }
  }
}

struct GeneratorError: Error { var message: String }

// MARK: - Names

/// `userData` and `rawRGB` in C: `user_data`, `raw_rgb`.
func snakeCase(_ name: String) -> String {
  var result = ""
  var previousIsUppercase = true
  for character in name {
    if character.isUppercase, !previousIsUppercase { result += "_" }
    previousIsUppercase = character.isUppercase
    result += character.lowercased()
  }
  return result
}

/// The name in C of a type of LiaeABI: `liae_model_info` for `CModelInfo`; nil where it is not named like one.
///
/// The prefix is C, and not Liae, so that no type has the name of a module.
func typeName(_ swift: some StringProtocol) -> String? {
  guard swift.hasPrefix("C"), let second = swift.dropFirst().first, second.isUppercase,
    swift.allSatisfy({ $0.isLetter || $0.isNumber })
  else { return nil }
  return "liae_" + snakeCase(String(swift.dropFirst()))
}

/// `LIAE_<ENUM>_<VALUE>`; statuses are LIAE_OK and LIAE_ERROR_<VALUE>.
func constantName(_ value: String, of enumeration: String) -> String {
  let name = snakeCase(value).uppercased()
  guard enumeration == "liae_status" else { return "\(enumeration.uppercased())_\(name)" }
  return name == "OK" ? "LIAE_OK" : "LIAE_ERROR_\(name.hasSuffix("_ERROR") ? String(name.dropLast(6)) : name)"
}

// MARK: - Types

/// A Swift type of an export in C.
func cType(_ swift: String) throws(GeneratorError) -> String {
  let type = swift.hasSuffix("?") ? String(swift.dropLast()) : swift
  let plain = [
    "Int32": "int32_t", "UInt32": "uint32_t", "Int64": "int64_t", "UInt64": "uint64_t", "Int": "size_t",
    "Float": "float", "Double": "double", "CChar": "char", "Void": "void", "UnsafeRawPointer": "const void *",
    "UnsafeMutableRawPointer": "void *",
  ]
  if let known = plain[type] { return known }
  if let name = typeName(type) { return name }
  for (spelling, prefix) in [
    ("In", "const "), ("Out", ""), ("Handle", ""), ("UnsafePointer", "const "), ("UnsafeMutablePointer", ""),
  ] where type.hasPrefix("\(spelling)<") && type.hasSuffix(">") {
    let inner = try cType(String(type.dropFirst(spelling.count + 1).dropLast()))
    return prefix + inner + (inner.hasSuffix("*") ? "*" : " *")
  }
  throw GeneratorError(message: "the type \(swift) has no spelling in C")
}

/// Bytes of a C type on the 64-bit systems that the library supports; alignment is the same.
func size(ofC type: String, constants: Set<String>) -> Int {
  if type == "int32_t" || type == "uint32_t" || type == "float" || constants.contains(type) { return 4 }
  return 8
}

/// `const char *name`, `int32_t name`.
func declaration(_ type: String, _ name: String) -> String { type.hasSuffix("*") ? type + name : "\(type) \(name)" }
