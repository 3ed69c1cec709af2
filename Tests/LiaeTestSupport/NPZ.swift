// SPDX-License-Identifier: Apache-2.0
import Foundation

/// An array of a `.npy` file: float32, C order.
package struct NPYArray: Sendable {
  package var shape: [Int]
  package var values: [Float]

  /// Entry `index` of the first axis, flat.
  package func item(_ index: Int) -> [Float] {
    let size = values.count / shape[0]
    return Array(values[index * size..<(index + 1) * size])
  }
}

/// Reads `.npz` as `numpy.savez` writes it: a zip of stored (not compressed) `.npy` members.
///
/// For trusted fixtures: it throws on what it does not know and checks nothing else. The zip reader of LiaeFormats is
/// not used, so that the expected values do not come through the code under test.
package enum NPZ {
  package struct Malformed: Error { package var what: String }

  package static func read(_ path: String) throws -> [String: NPYArray] {
    let data = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    func number(_ offset: Int, _ size: Int) throws -> Int {
      guard offset >= 0, offset + size <= data.count else { throw Malformed(what: "\(path): truncated") }
      return (0..<size).reduce(0) { $0 | Int(data[offset + $1]) << (8 * $1) }
    }
    // The end record stands last: no archive of numpy's has a comment.
    let end = data.count - 22
    guard try number(end, 4) == 0x0605_4b50 else { throw Malformed(what: "\(path): no end of central directory") }
    var entry = try number(end + 16, 4)
    var arrays: [String: NPYArray] = [:]
    for _ in 0..<(try number(end + 10, 2)) {
      let size = try number(entry + 24, 4)
      let nameLength = try number(entry + 28, 2)
      guard try number(entry, 4) == 0x0201_4b50, try number(entry + 10, 2) == 0, try number(entry + 20, 4) == size
      else {
        throw Malformed(what: "\(path): a member is not stored plainly")
      }
      let name = String(decoding: data[entry + 46..<entry + 46 + nameLength], as: UTF8.self)
      // The local header repeats the name and has an extra field of a length of its own.
      let local = try number(entry + 42, 4)
      let start = try local + 30 + number(local + 26, 2) + number(local + 28, 2)
      guard name.hasSuffix(".npy"), start + size <= data.count else { throw Malformed(what: "\(path): member \(name)") }
      arrays[String(name.dropLast(4))] = try npy(data[start..<start + size], "\(path): \(name)")
      entry += try 46 + nameLength + number(entry + 30, 2) + number(entry + 32, 2)
    }
    return arrays
  }

  /// A `.npy` file of version 1, little-endian float32 in C order.
  package static func npy(_ data: ArraySlice<UInt8>, _ name: String) throws -> NPYArray {
    let bytes = Array(data)
    guard bytes.count > 10, bytes[0] == 0x93, bytes[6] == 1 else {
      throw Malformed(what: "\(name): not .npy version 1")
    }
    let headerEnd = 10 + Int(bytes[8]) + Int(bytes[9]) << 8
    let header = String(decoding: bytes[10..<headerEnd], as: UTF8.self)
    guard header.contains("'<f4'"), header.contains("'fortran_order': False"),
      let open = header.lastIndex(of: "("), let close = header.lastIndex(of: ")")
    else { throw Malformed(what: "\(name): \(header)") }
    let shape = header[header.index(after: open)..<close].split(separator: ",").compactMap {
      Int($0.trimmingCharacters(in: .whitespaces))
    }
    let count = shape.reduce(1, *)
    guard bytes.count == headerEnd + count * 4 else { throw Malformed(what: "\(name): \(bytes.count) bytes") }
    let values = bytes.withUnsafeBytes { raw in
      (0..<count).map { raw.loadUnaligned(fromByteOffset: headerEnd + $0 * 4, as: Float.self) }
    }
    return NPYArray(shape: shape, values: values)
  }
}
