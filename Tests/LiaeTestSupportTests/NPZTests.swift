// SPDX-License-Identifier: Apache-2.0
import Foundation
import LiaeTestSupport
import Testing

/// The reader of expected values, against bytes that numpy 2.4 wrote.
@Suite struct NPZTests {
  /// `numpy.lib.format` writes a header of 118 bytes and the elements.
  private func array(_ type: String, _ shape: String, fortran: Bool = false, _ data: [UInt8]) throws -> NPYArray {
    var header = "{'descr': '\(type)', 'fortran_order': \(fortran ? "True" : "False"), 'shape': \(shape), }"
    while (header.utf8.count + 11) % 64 != 0 { header += " " }
    header += "\n"
    let bytes = [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count), 0] + Array(header.utf8) + data
    return try NPZ.npy(bytes[...], "array")
  }

  private func littleEndian(_ values: [Int64]) -> [UInt8] {
    values.flatMap { value in (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
  }

  /// `numpy.save(f, numpy.asfortranarray(numpy.arange(24).reshape(2, 3, 4)))`
  @Test func fortranOrder() throws {
    let stored = (0..<24).map { index -> Int64 in
      let (i, j, k) = (index % 2, index / 2 % 3, index / 6)
      return Int64((i * 3 + j) * 4 + k)
    }
    let found = try array("<i8", "(2, 3, 4)", fortran: true, littleEndian(stored))
    #expect(found.shape == [2, 3, 4] && found.values == (0..<24).map { Float($0) })
    #expect(found.item(1).first == 12)
  }

  @Test func texts() throws {
    let data: [UInt8] = [0x61, 0, 0, 0, 0x62, 0, 0, 0, 0x63, 0, 0, 0, 0, 0, 0, 0]
    let found = try array("<U2", "(2,)", data)
    #expect(found.texts == ["ab", "c"] && found.text == "abc")
  }

  @Test func whatIsNotKnown() {
    #expect(throws: NPZ.Malformed.self) { _ = try array("<c8", "(1,)", [0, 0, 0, 0, 0, 0, 0, 0]) }
    #expect(throws: NPZ.Malformed.self) { _ = try array("<f4", "(2,)", [0, 0, 0, 0]) }
    #expect(throws: NPZ.Malformed.self) { _ = try array("<U2", "(2,)", [0, 0, 0, 0]) }
  }
}
