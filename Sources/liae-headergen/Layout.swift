// SPDX-License-Identifier: Apache-2.0

/// Writes the two programs of `make check-abi` that print sizeof and offsetof of every public struct, one in C from the
/// header, one in Swift from the sources; their outputs must be the same.
struct Layout {
  let interface: Interface
  /// Swift names of structs and members by their C names.
  private func swiftName(_ name: String, isType: Bool) -> String {
    let parts = name.split(separator: "_").map { $0.prefix(1).uppercased() + $0.dropFirst() }
    let joined = parts.joined()
    return isType ? "C" + joined.dropFirst("Liae".count) : joined.prefix(1).lowercased() + joined.dropFirst()
  }

  var c: String {
    var out = "#include <liae.h>\n#include <stdio.h>\n\nint main(void) {\n"
    for structure in interface.structures {
      let name = structure.name
      out += "  printf(\"\(name) %zu\\n\", sizeof(\(name)));\n"
      for member in structure.members {
        out += "  printf(\"\(name).\(member.name) %zu\\n\", offsetof(\(name), \(member.name)));\n"
      }
    }
    return out + "  return 0;\n}\n"
  }

  var swift: String {
    var out = ""
    for case .constants(let name, _, _) in interface.sections.flatMap(\.items) {
      out += "package typealias \(swiftName(name, isType: true)) = Int32\n"
    }
    for structure in interface.structures {
      let type = swiftName(structure.name, isType: true)
      out += "print(\"\(structure.name)\", MemoryLayout<\(type)>.stride)\n"
      for member in structure.members {
        let path = "\\\(type).\(swiftName(member.name, isType: false))"
        out += "print(\"\(structure.name).\(member.name)\", MemoryLayout<\(type)>.offset(of: \(path)) ?? -1)\n"
      }
    }
    return out
  }
}
