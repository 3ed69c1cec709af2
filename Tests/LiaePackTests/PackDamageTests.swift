// SPDX-License-Identifier: Apache-2.0
import Foundation
import LiaeGraph
import LiaeOpening
import LiaePack
import LiaeRuntime
import LiaeSystem
import LiaeTensor
import LiaeTestSupport
import Testing

/// Files that are damaged, and files that lie.
@Suite struct PackDamageTests {
  /// A good file and the end of its header.
  private struct Specimen {
    let bytes: [UInt8]
    let headerEnd: Int
    let results: [Float]

    init(_ memory: MemoryPolicy = .speed, _ element: DType = .float32) throws {
      let folder = try TemporaryFolder()
      var options = PlanOptions()
      options.memory = memory
      let plan = try Plan(model: Model.random(architectures[0], seed: 2).rounded(to: element), options: options)
      try PackFile.write(plan, to: folder("good"), replacing: false)
      (bytes, results) = (try fileBytes(folder("good")), try outputs(plan))
      headerEnd = 24 + bytes[20..<24].enumerated().reduce(0) { $0 | Int($1.element) << (8 * $1.offset) }
    }

    var json: String { String(decoding: bytes[24..<headerEnd], as: UTF8.self) }

    /// The file with another header, its length and checksum put right.
    func with(json: [UInt8]) -> [UInt8] {
      var tail = Array(bytes[16..<20])
      tail += (0..<4).map { UInt8(truncatingIfNeeded: json.count >> (8 * $0)) } + json
      let sum = tail.withUnsafeBytes { XXH64.hash($0) }
      var file = Array(bytes[..<8]) + (0..<8).map { UInt8(truncatingIfNeeded: sum >> (8 * UInt64($0))) } + tail
      file += [UInt8](repeating: 0, count: (4096 - file.count % 4096) % 4096)
      return file + bytes[((headerEnd + 4095) / 4096 * 4096)...]
    }
  }

  /// Opens the file; what goes wrong is an error that names it.
  private func open(_ bytes: [UInt8], verifying: Bool = false, _ what: @autoclosure () -> String) throws -> Plan? {
    // As aligned as a mapped file.
    let memory = try Bytes.allocate(max(bytes.count, 1 << 21))
    bytes.withUnsafeBytes { if let base = $0.baseAddress { memory.base.copyMemory(from: base, byteCount: $0.count) } }
    let file = Bytes.slice(memory, offset: 0, count: bytes.count)
    do throws(LiaeError) {
      let pack = try PackFile(file, name: "damaged")
      if verifying { try pack.verify() }
      return try pack.plan(PackRequest(PlanOptions()))
    } catch {
      #expect(error.message.hasPrefix("damaged"), "\(what()): \(error)")
      #expect(
        [.corruptFile, .limitExceeded, .unknownFormat, .unknownArchitecture, .packMismatch].contains(error.status),
        "\(what()): \(error)")
      return nil
    }
  }

  @Test func everyByteOfTheHeaderIsChecked() throws {
    let good = try Specimen()
    #expect(isBitEqual(try outputs(#require(try open(good.bytes, "whole"))), good.results))
    for offset in 0..<good.headerEnd {
      for bit in offset < 24 ? Array(0..<8) : [offset % 8] {
        var bytes = good.bytes
        bytes[offset] ^= 1 << bit
        #expect(try open(bytes, "byte \(offset)") == nil, "bit \(bit) of byte \(offset) was accepted")
      }
    }
    // Between the header and the first part nothing is read.
    for offset in good.headerEnd..<(good.headerEnd + 4095) / 4096 * 4096 {
      var bytes = good.bytes
      bytes[offset] = 0xff
      let plan = try #require(try open(bytes, verifying: true, "padding"))
      if offset == good.headerEnd { #expect(isBitEqual(try outputs(plan), good.results)) }
    }
  }

  /// As above, with the checksum put right, so that what reads the fields is reached.
  @Test(arguments: [(MemoryPolicy.speed, DType.float32), (.memory, .float16)])
  func everyByteOfTheHeaderMayLie(memory: MemoryPolicy, element: DType) throws {
    let good = try Specimen(memory, element)
    let json = Array(good.json.utf8)
    var random = SplitMix64(state: 1)
    for offset in json.indices {
      for byte in [json[offset] ^ 1 << UInt8(offset % 8), UInt8(0x20 + random.next() % 95), 0x39] {
        var changed = json
        changed[offset] = byte
        // It may be a name of a guess or a checksum, which nothing depends on here.
        if let plan = try open(good.with(json: changed), "byte \(offset)") {
          #expect(plan.architecture.resolution == 64 && plan.parts.count > 20)
        }
      }
    }
  }

  @Test func truncatedAnywhere() throws {
    let good = try Specimen()
    var lengths = Array(0..<good.headerEnd) + (0..<200).map { good.bytes.count * $0 / 200 }
    lengths += (1...64).map { good.bytes.count - $0 }
    for length in lengths {
      #expect(try open(Array(good.bytes[..<length]), "\(length) bytes") == nil, "\(length) bytes were accepted")
    }
    #expect(try open(good.bytes + [0], "a byte more") == nil)
  }

  @Test func everyPartHasItsChecksum() throws {
    let good = try Specimen()
    let start = (good.headerEnd + 4095) / 4096 * 4096
    let parts = try Self.parts(good)
    for part in parts {
      for offset in [part.offset, part.offset + part.size / 2, part.offset + part.size - 1] {
        var bytes = good.bytes
        bytes[start + offset] ^= 0x10
        // Opened, it is found in the first run, and in every later one.
        let plan = try #require(try open(bytes, "part \(part.name)"))
        for _ in 0..<2 {
          #expect {
            _ = try outputs(plan)
          } throws: {
            ($0 as? LiaeError)?.status == .corruptFile && "\($0)".contains(part.name) && "\($0)".hasPrefix("damaged")
          }
        }
        #expect(try open(bytes, verifying: true, "part \(part.name)") == nil, "\(part.name) \(offset)")
      }
    }
  }

  private static func parts(_ good: Specimen) throws -> [PackHeader.Part] {
    let memory = try good.bytes.withUnsafeBytes { try Bytes.copy($0) }
    return try PackFile(memory, name: "good").header.parts
  }

  @Test func liesAreFound() throws {
    let good = try Specimen()
    let json = good.json
    #expect(try open(good.with(json: Array(json.utf8)), "as it was") != nil)
    let parts = try Self.parts(good)
    let (first, last) = (parts[0], parts[parts.count - 1])
    func entry(_ part: PackHeader.Part, name: String? = nil, offset: Int? = nil, size: String? = nil) -> String {
      "{\"name\":\"\(name ?? part.name)\",\"offset\":\(offset ?? part.offset),\"size\":\(size ?? "\(part.size)"),"
    }
    let layout = "\"layout\":\(Plan.layoutVersion)"
    let lies: [(String, String, String)] = [
      ("layout", layout, "\"layout\":\(Plan.layoutVersion + 1)"), ("width", "\"width\":", "\"width\":1"),
      ("a member twice", layout, "\(layout),\(layout)"),
      ("a member more", layout, "\(layout),\"more\":1"), ("a member less", "\(layout),", ""),
      ("option", "{\"convolution\":\"automatic\",", "{\"convolution\":\"other\","),
      ("option", "\"planning\":\"model\"", "\"planning\":\"guess\""),
      ("option missing", ",\"planning\":\"model\"", ""),
      (
        "options in another order", "\"convolution\":\"automatic\",\"planning\":\"model\"",
        "\"planning\":\"model\",\"convolution\":\"automatic\""
      ),
      ("instruction set", "\"instruction_set\":\"", "\"instruction_set\":\"x"),
      ("resolution", "\"resolution\":64", "\"resolution\":96"), ("resolution", "\"resolution\":64", "\"resolution\":0"),
      ("resolution", "\"resolution\":64", "\"resolution\":9223372036854775807"),
      ("dims", "\"e_dims\":4", "\"e_dims\":4096"), ("dims", "\"d_dims\":4", "\"d_dims\":5"),
      ("family", "\"liae-ud\"", "\"df-ud\""), ("options of it", "\"liae-ud\"", "\"liae-udt\""),
      ("flavour", "\"dfl\"", "\"other\""), ("origin", "\"random\"", "\"nowhere\""),
      ("algorithm", "\"algorithm\":\"direct\"", "\"algorithm\":\"F6/4\""),
      ("algorithm", "\"algorithm\":\"direct\"", "\"algorithm\":\"F5\""),
      ("layer missing", "{\"name\":\"encoder.down1.downs.0.conv1\",\"algorithm\":\"direct\"},", ""),
      ("layer of another name", "{\"name\":\"encoder.down1.downs.0.conv1\"", "{\"name\":\"x\""),
      ("part of another name", entry(first), entry(first, name: "x")),
      ("part twice", entry(first), entry(first, name: parts[1].name)),
      ("offset", entry(parts[1]), entry(parts[1], offset: 0)),
      ("offset", entry(parts[1]), entry(parts[1], offset: parts[1].offset + 64)),
      ("offset", entry(parts[1]), entry(parts[1], offset: parts[1].offset + 4096)),
      ("offset", entry(last), entry(last, offset: .max)), ("size", entry(last), entry(last, size: "\(last.size + 1)")),
      ("size", entry(last), entry(last, size: "\(Int.max)")), ("size", entry(last), entry(last, size: "-1")),
      ("size", entry(last), entry(last, size: "99999999999999999999")), ("size", entry(first), entry(first, size: "0")),
      ("size", entry(first), entry(first, size: "\(first.size - 4)")),
      ("sizes exchanged", entry(first), entry(first, size: "4096")),
    ]
    for (what, old, new) in lies {
      let range = try #require(json.firstRange(of: old), "\(what): the header has no \(old)")
      let lie = json.replacingCharacters(in: range, with: new)
      #expect(try open(good.with(json: Array(lie.utf8)), what) == nil, "\(what): \(new) was accepted")
    }
    // A part that the network has no use for.
    let more =
      json.dropLast(2) + ",{\"name\":\"more\",\"offset\":\((last.offset + last.size + 4095) / 4096 * 4096),"
      + "\"size\":0,\"checksum\":\"0\"}]}"
    let file = good.with(json: Array(more.utf8))
    let padding = [UInt8](repeating: 0, count: (4096 - file.count % 4096) % 4096)
    #expect(try open(file + padding, "a part more") == nil)
  }

  /// The kept inputs of the fuzz target, which are headers without parts.
  @Test func everyKeptInput() throws {
    let folder = GoldenSet.repository.path("../fuzz/corpus/Pack")
    let names = try File.list(folder)
    #expect(!names.isEmpty)
    for name in names { #expect(try open(fileBytes("\(folder)/\(name)"), name) == nil) }
  }

  @Test func otherFilesAreNone() throws {
    let folder = try TemporaryFolder()
    #expect(status { () throws(LiaeError) in _ = try PackFile(path: folder("nothing")) } == .fileNotFound)
    #expect(status { () throws(LiaeError) in _ = try PackFile(path: folder.path) } == .inputOutput)
    #expect(mkfifo(folder("pipe"), 0o600) == 0)
    #expect(status { () throws(LiaeError) in _ = try PackFile(path: folder("pipe")) } == .inputOutput)
    #expect(status { () throws(LiaeError) in _ = try ModelOpening().open(folder("pipe")) } == .inputOutput)
    for (content, expected) in [("", Status.corruptFile), ("LIAEPAC", .unknownFormat), ("LIAEPACK", .corruptFile)] {
      try write(Array(content.utf8), to: folder("file"))
      #expect(status { () throws(LiaeError) in _ = try PackFile(path: folder("file")) } == expected)
    }
  }
}
