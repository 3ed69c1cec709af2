// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeTensor

/// numpy's own `.npy` format, versions 1 to 3: magic, header (a Python dictionary as text), the elements.
///
/// Source: `numpy.lib.format`. DeepFaceLab's files have the same ending and another format: `DeepFaceLabFile`.
package struct NumpyArray {
  package static let magic: [UInt8] = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]

  private static let typeCodes: [(DType, String)] = [
    (.float64, "f8"), (.float32, "f4"), (.float16, "f2"), (.int64, "i8"), (.int32, "i4"), (.int16, "i2"),
    (.int8, "i1"), (.uint8, "u1"), (.bool, "b1"),
  ]

  /// numpy's code without byte order, as in `f4`; nil for bfloat16, which numpy has not.
  static func typeCode(_ dtype: DType) -> String? { typeCodes.first { $0.0 == dtype }?.1 }

  /// The array, row-major: a view, or a copy where the file has columns first.
  ///
  /// - Parameter name: how messages call the file.
  /// - Throws: `corruptFile`, `limitExceeded`, `unsupported` for big-endian numbers and other element types.
  package static func parse(_ bytes: Bytes, name: String) throws(LiaeError) -> TensorView {
    var reader = try ByteReader(bytes, name: name)
    guard bytes.starts(with: magic) else { throw reader.corrupt("it does not begin as a .npy file of numpy does") }
    _ = try reader.take(magic.count, "the header")
    let major = try reader.integer(UInt8.self, "the version")
    let minor = try reader.integer(UInt8.self, "the version")
    guard (1...3).contains(major), minor == 0 else {
      throw LiaeError(.unsupported, "\(name): .npy version \(major).\(minor); 1.0 to 3.0 are supported")
    }
    let length =
      major == 1
      ? Int(try reader.integer(UInt16.self, "the header's length"))
      : Int(try reader.integer(UInt32.self, "the header's length"))
    guard length <= FormatLimits.numpyHeaderBytes else {
      throw LiaeError(
        .limitExceeded, "\(name): a header of \(length) bytes; at most \(FormatLimits.numpyHeaderBytes) are read")
    }
    var header = NumpyHeader(Array(try reader.text(length, "the header").utf8), name: name)
    let (descriptor, isFortran, shape) = try header.parse()
    let dtype = try elementType(descriptor, name: name)
    let size = try checkedByteCount(shape: shape, dtype: dtype, what: name)
    guard size == reader.remaining else {
      throw reader.corrupt(
        "\(descriptor) of shape \(shape) takes \(size) bytes, and \(reader.remaining) follow the header")
    }
    guard isFortran, shape.count > 1 else {
      return try TensorView(dtype: dtype, shape: shape, storage: bytes, offset: reader.position)
    }
    let columns = try TensorView(dtype: dtype, shape: shape.reversed(), storage: bytes, offset: reader.position)
    return try columns.permuted(Array(shape.indices.reversed()))
  }

  private static func elementType(_ descriptor: String, name: String) throws(LiaeError) -> DType {
    let order = descriptor.first
    let dtype = typeCodes.first { $0.1 == descriptor.dropFirst() }?.0
    guard order != ">" || dtype == nil else {
      throw LiaeError(.unsupported, "\(name): big-endian numbers (\(descriptor)); save them as little-endian")
    }
    guard let dtype, order == "<" || (order == "|" && dtype.size == 1) else {
      let known = typeCodes.map(\.1).joined(separator: ", ")
      throw LiaeError(.unsupported, "\(name): the element type \(descriptor); supported are \(known)")
    }
    return dtype
  }

  /// Writes the whole file or nothing, in version 1.
  ///
  /// - Throws: `unsupported` for bfloat16.
  package static func write(
    _ tensor: TensorView, to path: String, replacing: Bool, in batch: WriteBatch? = nil
  ) throws(LiaeError) {
    guard let code = typeCode(tensor.dtype) else {
      throw LiaeError(.unsupported, "\(path): numpy has no element type \(tensor.dtype.rawValue)")
    }
    let sizes = tensor.shape.map(String.init).joined(separator: ", ") + (tensor.shape.count == 1 ? "," : "")
    let order = tensor.dtype.size == 1 ? "|" : "<"
    var text = Array("{'descr': '\(order)\(code)', 'fortran_order': False, 'shape': (\(sizes)), }".utf8)
    // The elements begin at a multiple of 64, and the header ends in a line break.
    text += [UInt8](repeating: 0x20, count: 63 - (magic.count + 4 + text.count) % 64) + [0x0a]
    var header = magic + [1, 0]
    header.append(littleEndian: UInt16(text.count))
    try File.writeAtomically(path, replacing: replacing, in: batch) { (writer) throws(LiaeError) in
      try writer.write(header + text)
      try writer.write(tensor)
    }
  }
}

/// The dictionary in a `.npy` header: exactly `descr`, `fortran_order` and `shape`.
private struct NumpyHeader {
  private let text: [UInt8]
  private let name: String
  private var position = 0

  init(_ text: [UInt8], name: String) { (self.text, self.name) = (text, name) }

  mutating func parse() throws(LiaeError) -> (descriptor: String, isFortran: Bool, shape: [Int]) {
    var descriptor: String?
    var isFortran: Bool?
    var shape: [Int]?
    try require("{")
    while !accept("}") {
      let key = try string()
      try require(":")
      switch key {
      case "descr" where descriptor == nil: descriptor = try string()
      case "fortran_order" where isFortran == nil: isFortran = try flag()
      case "shape" where shape == nil: shape = try tuple()
      default: throw expected("descr, fortran_order and shape once each")
      }
      if !accept(",") {
        try require("}")
        break
      }
    }
    skipSpace()
    guard position == text.count, let descriptor, let isFortran, let shape else {
      throw expected("descr, fortran_order and shape, and nothing else")
    }
    return (descriptor, isFortran, shape)
  }

  private func expected(_ what: String) -> LiaeError {
    LiaeError(.corruptFile, "\(name): the .npy header is not valid: \(what) expected at its byte \(position)")
  }

  private mutating func skipSpace() {
    while position < text.count, text[position] == 0x20 || text[position] == 0x0a { position += 1 }
  }

  private mutating func accept(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard position < text.count, text[position] == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func require(_ character: Unicode.Scalar) throws(LiaeError) {
    guard accept(character) else { throw expected("'\(character)'") }
  }

  private mutating func string() throws(LiaeError) -> String {
    let quote: Unicode.Scalar = accept("\"") ? "\"" : "'"
    if quote == "'" { try require("'") }
    let start = position
    while position < text.count, text[position] != UInt8(ascii: quote), text[position] != UInt8(ascii: "\\") {
      position += 1
    }
    guard position < text.count, text[position] == UInt8(ascii: quote) else { throw expected("the end of a text") }
    position += 1
    return String(decoding: text[start..<position - 1], as: UTF8.self)
  }

  private mutating func flag() throws(LiaeError) -> Bool {
    skipSpace()
    for (word, value) in [("True", true), ("False", false)] where text[position...].starts(with: word.utf8) {
      position += word.utf8.count
      return value
    }
    throw expected("True or False")
  }

  private mutating func tuple() throws(LiaeError) -> [Int] {
    try require("(")
    var sizes: [Int] = []
    while !accept(")") {
      guard sizes.count < FormatLimits.rank else {
        throw LiaeError(.limitExceeded, "\(name): more than \(FormatLimits.rank) axes")
      }
      sizes.append(try size())
      if !accept(",") {
        try require(")")
        break
      }
    }
    return sizes
  }

  private mutating func size() throws(LiaeError) -> Int {
    skipSpace()
    let start = position
    while position < text.count, (0x30...0x39).contains(text[position]) { position += 1 }
    guard let value = Int(String(decoding: text[start..<position], as: UTF8.self)) else {
      throw expected("a size that a file can have")
    }
    return value
  }
}
