// SPDX-License-Identifier: Apache-2.0
import CZlib
import Foundation

/// An array of a `.npy` file in C order.
package struct NPYArray: Sendable {
  package var shape: [Int]
  /// Any kind of number, as float32; truth values are 0 and 1.
  package var values: [Float]
  /// The exact values of float64 and of integers of 32 and 64 bits; empty for all else.
  package var doubles: [Double] = []
  /// The elements of a `<U` array.
  package var texts: [String] = []

  /// The text of a `<U` array of one element.
  package var text: String { texts.joined() }

  /// Entry `index` of the first axis, flat.
  package func item(_ index: Int) -> [Float] {
    let size = values.count / shape[0]
    return Array(values[index * size..<(index + 1) * size])
  }
}

/// Reads `.npz` as `numpy.savez` and `numpy.savez_compressed` write it: a zip of `.npy` members.
///
/// For trusted fixtures: it throws on what it does not know and checks nothing else. The zip reader of LiaeFormats is
/// not used, so that the expected values do not come through the code under test.
package enum NPZ {
  package struct Malformed: Error {
    package let what: String
    package init(what: String) { self.what = what }
  }

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
      let (method, packed, size) = try (number(entry + 10, 2), number(entry + 20, 4), number(entry + 24, 4))
      let nameLength = try number(entry + 28, 2)
      guard try number(entry, 4) == 0x0201_4b50, method == 8 || method == 0 && packed == size else {
        throw Malformed(what: "\(path): a member is neither stored nor deflated")
      }
      let name = String(decoding: data[entry + 46..<entry + 46 + nameLength], as: UTF8.self)
      // The local header repeats the name and has an extra field of a length of its own.
      let local = try number(entry + 42, 4)
      let start = try local + 30 + number(local + 26, 2) + number(local + 28, 2)
      guard name.hasSuffix(".npy"), start + packed <= data.count else {
        throw Malformed(what: "\(path): member \(name)")
      }
      let member = Array(data[start..<start + packed])
      let content = method == 0 ? member : try inflated(member, size: size, "\(path): \(name)")
      arrays[String(name.dropLast(4))] = try npy(content[...], "\(path): \(name)")
      entry += try 46 + nameLength + number(entry + 30, 2) + number(entry + 32, 2)
    }
    return arrays
  }

  /// `size` bytes out of a raw deflate stream.
  package static func inflated(_ data: [UInt8], size: Int, _ name: String) throws -> [UInt8] {
    var (input, output) = (data, [UInt8](repeating: 0, count: size))
    let ok = input.withUnsafeMutableBufferPointer { input in
      output.withUnsafeMutableBufferPointer { output in
        var stream = z_stream()
        stream.next_in = input.baseAddress
        stream.avail_in = UInt32(input.count)
        stream.next_out = output.baseAddress
        stream.avail_out = UInt32(output.count)
        // A zip member is a bare stream, without zlib's header.
        guard inflateInit2_(&stream, -15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
          return false
        }
        defer { inflateEnd(&stream) }
        return inflate(&stream, Z_FINISH) == Z_STREAM_END && stream.avail_out == 0
      }
    }
    guard ok else { throw Malformed(what: "\(name): cannot be inflated") }
    return output
  }

  /// A `.npy` file of version 1, little-endian.
  package static func npy(_ data: ArraySlice<UInt8>, _ name: String) throws -> NPYArray {
    let bytes = Array(data)
    guard bytes.count > 10, bytes[0] == 0x93, bytes[6] == 1 else {
      throw Malformed(what: "\(name): not .npy version 1")
    }
    let headerEnd = 10 + Int(bytes[8]) + Int(bytes[9]) << 8
    let header = String(decoding: bytes[10..<headerEnd], as: UTF8.self)
    guard let open = header.lastIndex(of: "("),
      let close = header.lastIndex(of: ")"), let type = header.split(separator: "'").dropFirst(3).first
    else { throw Malformed(what: "\(name): \(header)") }
    let shape = header[header.index(after: open)..<close].split(separator: ",").compactMap {
      Int($0.trimmingCharacters(in: .whitespaces))
    }
    let count = shape.reduce(1, *)
    var array = NPYArray(shape: shape, values: [])
    try bytes.withUnsafeBytes { raw in
      func load<T: BitwiseCopyable>(_ type: T.Type) throws -> [T] {
        guard raw.count == headerEnd + count * MemoryLayout<T>.size else {
          throw Malformed(what: "\(name): \(raw.count) bytes")
        }
        return (0..<count).map {
          raw.loadUnaligned(fromByteOffset: headerEnd + $0 * MemoryLayout<T>.size, as: T.self)
        }
      }
      switch type {
      case "<f4": array.values = try load(Float.self)
      case "<f8": array.doubles = try load(Double.self)
      case "<i8": array.doubles = try load(Int64.self).map(Double.init)
      case "<i4": array.doubles = try load(Int32.self).map(Double.init)
      case "<u4": array.doubles = try load(UInt32.self).map(Double.init)
      case "<u2": array.values = try load(UInt16.self).map(Float.init)
      case "|u1", "|b1": array.values = try load(UInt8.self).map(Float.init)
      case _ where type.hasPrefix("<U"):
        let length = Int(type.dropFirst(2)) ?? 0
        guard raw.count == headerEnd + 4 * count * length else { throw Malformed(what: "\(name): \(raw.count) bytes") }
        array.texts = (0..<count).map { element in
          let units = (0..<length).map {
            raw.loadUnaligned(fromByteOffset: headerEnd + 4 * (element * length + $0), as: UInt32.self)
          }
          return String(String.UnicodeScalarView(units.compactMap { $0 == 0 ? nil : Unicode.Scalar($0) }))
        }
      default: throw Malformed(what: "\(name): elements of type \(type)")
      }
    }
    if !array.doubles.isEmpty { array.values = array.doubles.map(Float.init) }
    if header.contains("'fortran_order': True") {
      array.values = rowMajor(array.values, shape)
      array.doubles = rowMajor(array.doubles, shape)
      array.texts = rowMajor(array.texts, shape)
    }
    return array
  }

  /// Elements in C order that stand in Fortran order, the first axis fastest.
  private static func rowMajor<T>(_ values: [T], _ shape: [Int]) -> [T] {
    if values.isEmpty { return values }
    return (0..<values.count).map { index in
      var (rest, from, step) = (index, 0, values.count)
      for side in shape.reversed() {
        step /= side
        from += rest % side * step
        rest /= side
      }
      return values[from]
    }
  }
}
