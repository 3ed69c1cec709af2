// SPDX-License-Identifier: Apache-2.0
import Glibc
import LiaeFormats
import LiaeSystem
import LiaeTensor
import Testing

/// The folder Tests.
let testsFolder = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(2).joined(separator: "/")

/// A file of Tests/golden.
func golden(_ name: String) throws -> Bytes { try Bytes.read(path: "\(testsFolder)/golden/\(name)") }

extension Bytes {
  static func of(_ bytes: [UInt8]) throws -> Bytes {
    try bytes.withUnsafeBytes { (raw) throws(LiaeError) in try copy(raw) }
  }

  /// A copy; `raw` alone does not keep what it points to.
  var array: [UInt8] { withExtendedLifetime(self) { Array(raw) } }
}

/// Element `i` of every array in golden/formats: see make_format_fixtures.py.
func fixtureValue(_ index: Int, _ dtype: DType) -> Float {
  let value = (7 * index) % 23
  switch dtype {
  case .bool: return Float(value % 2)
  case .uint8: return Float(value)
  default: return Float(value - 11)
  }
}

/// The elements, row-major.
func floats(_ view: TensorView) -> [Float] { (0..<view.count).map { view[$0] } }

func fixtureValues(_ count: Int, _ dtype: DType = .float32) -> [Float] { (0..<count).map { fixtureValue($0, dtype) } }

/// A new folder that is removed afterwards.
func withFolder(_ body: (String) throws -> Void) throws {
  var template = Array("/tmp/liae-formats-XXXXXX".utf8CString)
  let folder = try #require(mkdtemp(&template).map { String(cString: $0) })
  defer {
    for name in (try? File.list(folder)) ?? [] { unlink("\(folder)/\(name)") }
    rmdir(folder)
  }
  try body(folder)
}

/// The body fails with this status, and the message names the file `lie` and says `words`.
func expectRefusal(
  _ status: Status, _ words: String..., sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void
) {
  do {
    try body()
    Issue.record("was accepted", sourceLocation: sourceLocation)
  } catch let error as LiaeError {
    #expect(error.status == status, "\(error)", sourceLocation: sourceLocation)
    #expect(error.message.hasPrefix("lie"), "\(error)", sourceLocation: sourceLocation)
    // Foundation, where it is imported, says that no text contains the empty one.
    for word in words where !word.isEmpty {
      #expect(error.message.contains(word), "\(error)", sourceLocation: sourceLocation)
    }
  } catch { Issue.record(error, sourceLocation: sourceLocation) }
}

/// SplitMix64.
struct Random: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    return z ^ z >> 31
  }
}
