// SPDX-License-Identifier: Apache-2.0
import LiaeConvert
import LiaeFormats
import LiaeGraph
import LiaeSystem
import LiaeTensor
import LiaeTestSupport
import Testing

/// The bytes of ONNX files lied about. The encoder here is the test's own and checks nothing.
@Suite struct HostileONNXTests {
  static func varint(_ value: UInt64) -> [UInt8] {
    var (rest, out) = (value, [UInt8]())
    repeat {
      out.append(UInt8(rest & 0x7f) | (rest > 0x7f ? 0x80 : 0))
      rest >>= 7
    } while rest > 0
    return out
  }
  static func integer(_ number: UInt64, _ value: Int) -> [UInt8] {
    varint(number << 3) + varint(UInt64(bitPattern: Int64(value)))
  }
  static func field(_ number: UInt64, _ content: [UInt8]) -> [UInt8] {
    varint(number << 3 | 2) + varint(UInt64(content.count)) + content
  }
  static func text(_ number: UInt64, _ value: String) -> [UInt8] { field(number, Array(value.utf8)) }
  static func model(_ graph: [UInt8]) -> [UInt8] { integer(1, 7) + field(7, graph) }
  /// An initializer of 2 floats with `parts` in place of its data.
  static func tensor(_ parts: [UInt8], shape: [Int] = [2], type: Int = 1) -> [UInt8] {
    model(field(5, shape.flatMap { integer(1, $0) } + integer(2, type) + text(8, "w") + parts))
  }
  static func attribute(_ parts: [UInt8]) -> [UInt8] {
    model(field(1, text(4, "Conv") + field(5, text(1, "a") + parts)))
  }

  struct Lie: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var status: Status
    var bytes: [UInt8]
    init(_ name: String, _ status: Status, _ bytes: [UInt8]) {
      (testDescription, self.status, self.bytes) = (name, status, bytes)
    }
  }

  static let lies: [Lie] = [
    Lie("nothing but a version", .corruptFile, integer(1, 7)),
    Lie("two graphs", .corruptFile, model([]) + field(7, [])),
    Lie("a length past the end", .corruptFile, integer(1, 7) + [0x3a, 0x7f, 0]),
    Lie("a length of 64 bits", .corruptFile, integer(1, 7) + [0x3a] + varint(.max)),
    Lie("field number 0", .corruptFile, [0, 1]),
    Lie("a field number of 61 bits", .corruptFile, varint(.max & ~7)),
    Lie("a group", .corruptFile, [0x0b, 0x0c]),
    Lie("wire type 7", .corruptFile, [0x0f]),
    Lie("a number of 11 bytes", .corruptFile, [0x08] + [UInt8](repeating: 0xff, count: 10) + [1]),
    Lie("a number of 65 bits", .corruptFile, [0x08] + [UInt8](repeating: 0xff, count: 9) + [2]),
    Lie("an end within a number", .corruptFile, [0x08, 0xff]),
    Lie("an end within a float", .corruptFile, attribute([0x15, 0, 0])),
    Lie("a graph that is a number", .corruptFile, integer(1, 7) + integer(7, 1)),
    Lie("a version that is text", .corruptFile, text(1, "7")),
    Lie("a name that is not UTF-8", .corruptFile, model(field(2, [0xff, 0xfe]))),
    Lie("a name of 5000 bytes", .limitExceeded, model(text(2, String(repeating: "n", count: 5000)))),
    Lie("functions", .unsupported, integer(1, 7) + field(25, [])),
    Lie("sparse initializers", .unsupported, model(field(15, []))),
    Lie("a subgraph", .unsupported, attribute(field(6, []) + integer(20, 5))),
    Lie("subgraphs", .unsupported, attribute(field(11, []) + integer(20, 10))),
    Lie("a tensor attribute without a tensor", .corruptFile, attribute(integer(20, 4))),
    Lie(
      "two attributes of one name", .corruptFile,
      model(field(1, text(4, "Conv") + field(5, text(1, "a")) + field(5, text(1, "a"))))),
    Lie(
      "too many numbers in an attribute", .limitExceeded,
      attribute(field(8, [UInt8](repeating: 1, count: 5000)) + integer(20, 7))),
    Lie(
      "too many floats in an attribute", .limitExceeded,
      attribute(field(7, [UInt8](repeating: 0, count: 20_000)) + integer(20, 6))),
    Lie("too many inputs of a node", .limitExceeded, model(field(1, (0..<300).flatMap { _ in text(1, "x") }))),
    Lie(
      "too many dimensions of an input", .limitExceeded,
      model(field(11, text(1, "x") + field(2, field(1, field(2, (0..<9).flatMap { _ in field(1, integer(1, 1)) })))))),
    Lie("raw data too short", .corruptFile, tensor(field(9, [0, 0, 0, 0]))),
    Lie("raw data too long", .corruptFile, tensor(field(9, [UInt8](repeating: 0, count: 12)))),
    Lie("no data", .corruptFile, tensor([])),
    Lie(
      "raw data and floats", .corruptFile,
      tensor(field(9, [UInt8](repeating: 0, count: 8)) + field(4, [UInt8](repeating: 0, count: 8)))),
    Lie(
      "raw data twice", .corruptFile,
      tensor(field(9, [UInt8](repeating: 0, count: 8)) + field(9, [UInt8](repeating: 0, count: 8)))),
    Lie("three floats for two", .corruptFile, tensor(field(4, [UInt8](repeating: 0, count: 12)))),
    Lie("half a float", .corruptFile, tensor(field(4, [UInt8](repeating: 0, count: 6)))),
    Lie("doubles as floats", .corruptFile, tensor(field(10, [UInt8](repeating: 0, count: 8)))),
    Lie("integers as floats", .corruptFile, tensor(field(7, [0, 0]))),
    Lie("floats as integers", .corruptFile, tensor(field(4, [UInt8](repeating: 0, count: 8)), type: 7)),
    Lie("one integer for two", .corruptFile, tensor(field(7, [1]), type: 7)),
    Lie("three integers for two", .corruptFile, tensor(field(7, [1, 1, 1]), type: 7)),
    Lie("integers in the wrong field", .corruptFile, tensor(field(5, [1, 1]), type: 7)),
    Lie("an integer cut off", .corruptFile, tensor(field(7, [1, 0xff]), type: 7)),
    Lie("a negative dimension", .corruptFile, tensor(field(9, []), shape: [-2])),
    Lie("dimensions that overflow", .corruptFile, tensor(field(9, []), shape: [1 << 40, 1 << 40])),
    Lie("dimensions that overflow in bytes", .corruptFile, tensor(field(9, []), shape: [1 << 62])),
    Lie("10 TB of integers", .corruptFile, tensor(field(7, [1]), shape: [10 << 40], type: 7)),
    Lie("nine dimensions", .limitExceeded, tensor([], shape: [1, 1, 1, 1, 1, 1, 1, 1, 1])),
    Lie("texts as weights", .unsupported, tensor(field(6, []), type: 8)),
    Lie("an unknown type", .unsupported, tensor(field(9, []), type: 99)),
    Lie("a negative type", .unsupported, tensor(field(9, []), type: -1)),
    Lie(
      "external data", .unsupported, tensor(field(13, text(1, "location") + text(2, "/etc/passwd")) + integer(14, 1))),
    Lie("a location alone", .unsupported, tensor(integer(14, 1))),
    Lie("a segment", .unsupported, tensor(field(3, []))),
    Lie(
      "two initializers of one name", .corruptFile,
      model(field(5, integer(2, 1) + field(9, [0, 0, 0, 0])) + field(5, integer(2, 1) + field(9, [0, 0, 0, 0])))),
  ]

  @Test(arguments: lies)
  func aLie(_ lie: Lie) throws {
    expectError(lie.status, "lie.onnx") { _ = try ONNXModel.parse(try bytes(lie.bytes), name: "lie.onnx") }
  }

  /// The same numbers in every way that the format has for them.
  @Test func numbersInEveryWayTheyMayBeWritten() throws {
    func read(_ bytes: [UInt8]) throws -> [Float] {
      let model = try ONNXModel.parse(try LiaeConvertTests.bytes(bytes), name: "a")
      let tensor = try #require(model.graph.initializers["w"])
      return (0..<tensor.count).map { tensor[$0] }
    }
    func littleEndian(_ value: Float) -> [UInt8] { withUnsafeBytes(of: value.bitPattern) { Array($0) } }
    let (one, two) = (littleEndian(1.5), littleEndian(-2))
    #expect(try read(Self.tensor(Self.field(9, one + two))) == [1.5, -2])
    #expect(try read(Self.tensor(Self.field(4, one + two))) == [1.5, -2])
    #expect(try read(Self.tensor(Self.field(4, one) + Self.field(4, two))) == [1.5, -2])
    #expect(try read(Self.tensor([0x25] + one + [0x25] + two)) == [1.5, -2])
    #expect(try read(Self.tensor(Self.field(7, [3]) + [0x38, 0x84, 0x80, 0], type: 7)) == [3, 4])
    #expect(try read(Self.tensor(Self.integer(7, -3) + Self.integer(7, 4), type: 7)) == [-3, 4])
    // float16 in the low bits of int32_data: 0x3e00 is 1.5, 0xc000 is -2.
    #expect(
      try read(Self.tensor(Self.field(5, Self.varint(0x3e00) + Self.varint(0xc000)), type: 10)) == [1.5, -2])
    #expect(try read(Self.tensor(Self.field(9, [0xc0, 0x3f, 0x00, 0xc0]), type: 16)) == [1.5, -2])
  }

  @Test func rawDataIsNotCopied() throws {
    let storage = try Bytes.read(path: try golden("liae-ud").path("golden.dfm"))
    let model = try ONNXModel.parse(storage, name: "a")
    #expect(model.graph.initializers.names.allSatisfy { model.graph.initializers[$0]?.storage === storage })
  }

  @Test(arguments: ["golden.dfm", "golden_tf24.dfm", "golden_fp16.dfm"])
  func cutOffAtEveryPercent(_ file: String) throws {
    let whole = try Bytes.read(path: try golden("liae-ud").path(file))
    for percent in 0..<100 {
      let part = UnsafeRawBufferPointer(rebasing: whole.raw[..<(whole.count * percent / 100)])
      let cut = try Bytes.copy(part)
      #expect(throws: LiaeError.self, "\(percent)%") { try ModelReader.open(memory: cut, name: "cut") }
    }
  }

  /// Random bytes, and a genuine file with random bytes in its structure: refused or read, never a crash.
  @Test func randomBytes() throws {
    var generator = SplitMix64(state: 11)
    for _ in 0..<200 {
      let noise = (0..<Int(generator.next() % 4000)).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
      #expect(throws: LiaeError.self) { _ = try ONNXModel.parse(try bytes(Self.integer(1, 7) + noise), name: "noise") }
    }
    let whole = try Bytes.read(path: try golden("liae-udt").path("golden.dfm"))
    for _ in 0..<150 {
      let copy = try Bytes.copy(whole.raw)
      for _ in 0..<4 {
        // The nodes stand in the first part, names and shapes of weights everywhere.
        let place = Int(generator.next() % UInt64(generator.flip() ? 30_000 : copy.count))
        copy.base.storeBytes(of: UInt8(truncatingIfNeeded: generator.next()), toByteOffset: place, as: UInt8.self)
      }
      do { _ = try ModelReader.open(memory: copy, name: "flipped") } catch { #expect(!error.message.isEmpty) }
    }
  }

  /// Seeds of the fuzz targets and whatever they once found.
  @Test(arguments: ["ONNX", "ModelReader"])
  func everyKeptFuzzInput(_ target: String) throws {
    let folder = GoldenSet.repository.path("../fuzz/corpus/\(target)")
    let files = try File.list(folder)
    #expect(!files.isEmpty)
    for file in files {
      let input = try Bytes.read(path: "\(folder)/\(file)")
      do throws(LiaeError) {
        if target == "ONNX" {
          _ = try ONNXModel.parse(input, name: "input")
        } else {
          _ = try ModelReader.open(memory: input, name: "input")
        }
      } catch { #expect(error.message.hasPrefix("input"), "\(file): \(error)") }
    }
  }

  /// Reading and writing with every allocation failing in turn: an error each time, and no half-written file.
  @Test func everyAllocationMayFail() throws {
    let storage = try Bytes.read(path: try golden("liae-ud").path("golden.dfm"))
    let reading = failingEveryAllocation { () throws(LiaeError) in _ = try ModelReader.open(memory: storage, name: "a")
    }
    #expect(reading.surprises.isEmpty, "\(reading.surprises)")
    #expect(reading.failures > 20)

    let folder = try TemporaryFolder()
    let model = try golden("torch-udt").model()
    for (name, format) in [
      ("a.pt", ModelWriter.Format.torch), ("a.dfm", .dfm(.float32)), ("a.safetensors", .safetensors(.float16)),
    ] {
      let writing = failingEveryAllocation { () throws(LiaeError) in
        try ModelWriter.write(model, to: folder(name), as: format, replacing: false)
      }
      #expect(writing.surprises.isEmpty, "\(writing.surprises)")
      #expect(writing.failures > 4)
    }
    #expect(try File.list(folder.path) == ["a.dfm", "a.pt", "a.safetensors"])
  }
}
