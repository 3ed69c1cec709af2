// SPDX-License-Identifier: Apache-2.0
import Foundation

// liae-headergen            writes include/liae.h and include/liae.symbols
// liae-headergen --check    exits with 1 when one of them is not what it would write
// liae-headergen --layout c|swift   prints a program that prints the layout of every struct
// Run in the top folder of the package.

func read(_ path: String) throws(GeneratorError) -> String {
  guard let data = FileManager.default.contents(atPath: path) else {
    throw GeneratorError(message: "\(path): cannot be read; run in the top folder of the package")
  }
  return String(decoding: data, as: UTF8.self)
}

func interface() throws(GeneratorError) -> Interface {
  var interface = Interface()
  for module in ["LiaeSystem", "LiaeTensor", "LiaeRuntime", "LiaeFrame", "LiaeABI"] {
    let folder = "Sources/\(module)"
    let names = (FileManager.default.subpaths(atPath: folder) ?? []).filter { $0.hasSuffix(".swift") }.sorted()
    for name in names {
      var reader = Reader(file: "\(folder)/\(name)", text: try read("\(folder)/\(name)"))
      try reader.read(into: &interface)
    }
  }
  guard !interface.functions.isEmpty else { throw GeneratorError(message: "no exports found in Sources/LiaeABI") }
  return interface
}

do {
  let interface = try interface()
  let arguments = CommandLine.arguments.dropFirst()
  switch Array(arguments) {
  case ["--layout", "c"]: print(Layout(interface: interface).c, terminator: "")
  case ["--layout", "swift"]: print(Layout(interface: interface).swift, terminator: "")
  case [], ["--check"]:
    let symbols = interface.functions.map(\.name).sorted().joined(separator: "\n") + "\n"
    for (path, text) in [
      ("include/liae.h", try Header(interface: interface).text()), ("include/liae.symbols", symbols),
    ] {
      if arguments.isEmpty {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
      } else if (try? read(path)) != text {
        throw GeneratorError(message: "\(path) is stale: run `make header` and commit it")
      }
    }
  default:
    throw GeneratorError(message: "usage: liae-headergen [--check | --layout c|swift]")
  }
} catch {
  FileHandle.standardError.write(Data("liae-headergen: \((error as? GeneratorError)?.message ?? "\(error)")\n".utf8))
  exit(1)
}
