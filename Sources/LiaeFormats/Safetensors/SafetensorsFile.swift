// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeTensor

/// A safetensors file: eight bytes of header length, a JSON header, the tensors' bytes without a gap.
///
/// Source: the format's description in the `safetensors` repository. Stricter than that package in one point: a name
/// that stands twice is refused.
package struct SafetensorsFile: Sendable {
  /// The members of `__metadata__`.
  package var metadata: [String: String]
  /// The tensors in the order of the header: views into bytes that were parsed, or memory of each tensor's own.
  package var tensors: TensorDictionary
  /// Tensors of the file that were not read.
  package private(set) var leftOut = 0

  private static let metadataKey = "__metadata__"
  /// Our types and the names that the format has for them.
  private static let typeNames: [(DType, String)] = [
    (.float64, "F64"), (.float32, "F32"), (.float16, "F16"), (.bfloat16, "BF16"), (.int64, "I64"), (.int32, "I32"),
    (.int16, "I16"), (.int8, "I8"), (.uint8, "U8"), (.bool, "BOOL"),
  ]

  /// Describes the tensors of a file in memory; their bytes are not touched.
  ///
  /// - Parameter name: how messages call the file.
  /// - Throws: `corruptFile`, `limitExceeded`, and `unsupported` for an element type that we have not.
  package static func parse(_ bytes: Bytes, name: String) throws(LiaeError) -> SafetensorsFile {
    let header = try Header(bytes, fileBytes: bytes.count, name: name)
    var tensors = TensorDictionary()
    for entry in header.entries {
      tensors[entry.name] = try TensorView(
        dtype: entry.dtype, shape: entry.shape, storage: bytes, offset: header.dataStart + entry.begin)
    }
    return SafetensorsFile(metadata: header.metadata, tensors: tensors)
  }

  /// Reads a file. Each tensor has memory of its own, which goes with the tensor.
  ///
  /// - Parameter isKept: tells by name and the file's metadata which tensors are read; nil: all are.
  /// - Throws: as `parse`; `inputOutput` where the file cannot be read, or is changed meanwhile; `outOfMemory`.
  package static func read(
    _ file: File, keeping isKept: ((_ name: String, _ metadata: [String: String]) throws(LiaeError) -> Bool)? = nil
  ) throws(LiaeError) -> SafetensorsFile {
    let length = try file.length()
    let start = try file.prefix(8)
    var reader = try ByteReader(start, name: file.path)
    let claimed = try reader.integer(UInt64.self, "the length of the header")
    // A header that is too long for the file, or for anybody, is refused below.
    let headerBytes = claimed <= FormatLimits.safetensorsHeaderBytes ? min(length, 8 + Int(claimed)) : 8
    let header = try Header(file.prefix(headerBytes), fileBytes: length, name: file.path)
    var result = SafetensorsFile(metadata: header.metadata, tensors: TensorDictionary())
    var stretches: [FileStretch] = []
    for entry in header.entries {
      guard try isKept?(entry.name, header.metadata) ?? true else {
        result.leftOut += 1
        continue
      }
      let storage = try Bytes.allocate(entry.end - entry.begin, for: "tensor \(entry.name) of \(file.path)")
      stretches.append(FileStretch(offset: header.dataStart + entry.begin, count: storage.count, into: storage.base))
      result.tensors[entry.name] = try TensorView(dtype: entry.dtype, shape: entry.shape, storage: storage)
    }
    try file.read(stretches)
    return result
  }

  /// The header before the tensors' bytes.
  private struct Header {
    var metadata: [String: String] = [:]
    var entries: [Entry] = []
    /// The first byte behind the header.
    let dataStart: Int

    /// - Parameter bytes: the file's first, the header whole where the file has it whole.
    init(_ bytes: Bytes, fileBytes: Int, name: String) throws(LiaeError) {
      var reader = try ByteReader(bytes, name: name)
      let length = try reader.integer(UInt64.self, "the length of the header")
      guard length <= FormatLimits.safetensorsHeaderBytes else {
        throw LiaeError(
          .limitExceeded,
          "\(name): the header claims \(length) bytes; at most \(FormatLimits.safetensorsHeaderBytes) are read")
      }
      let start = try reader.take(Int(length), "the header")
      dataStart = reader.position
      guard bytes.starts(with: [UInt8(ascii: "{")], at: start) else {
        throw reader.corrupt("the header is not a JSON object")
      }
      var json = JSONReader(bytes, offset: start, end: reader.position, name: name)
      var hasMetadata = false
      var seen: Set<String> = []
      try json.object("the header") { (json, key) throws(LiaeError) in
        if key == metadataKey {
          guard !hasMetadata else { throw json.error("\(metadataKey) stands twice in the header") }
          hasMetadata = true
          metadata = try parseMetadata(&json)
          return
        }
        guard seen.insert(key).inserted else { throw json.error("tensor \(key) stands twice in the header") }
        guard entries.count < FormatLimits.tensors else {
          throw LiaeError(.limitExceeded, "\(name): more than \(FormatLimits.tensors) tensors")
        }
        entries.append(try parseEntry(&json, tensor: key, file: name))
      }
      try json.finish()
      try checkLayout(entries, dataCount: fileBytes - dataStart, name: name)
    }
  }

  private struct Entry {
    let name: String
    let dtype: DType
    let shape: [Int]
    let begin: Int
    let end: Int
  }

  private static func parseMetadata(_ json: inout JSONReader) throws(LiaeError) -> [String: String] {
    var metadata: [String: String] = [:]
    try json.object(metadataKey) { (json, key) throws(LiaeError) in
      let value = try json.string("\(metadataKey) \"\(key)\"", limit: FormatLimits.safetensorsHeaderBytes)
      guard metadata.updateValue(value, forKey: key) == nil else {
        throw json.error("\(metadataKey) \"\(key)\" stands twice")
      }
    }
    return metadata
  }

  private static func parseEntry(_ json: inout JSONReader, tensor: String, file: String) throws(LiaeError) -> Entry {
    var typeName: String?
    var shape: [Int]?
    var offsets: [Int]?
    try json.object("tensor \(tensor)") { (json, key) throws(LiaeError) in
      switch key {
      case "dtype" where typeName == nil: typeName = try json.string("dtype of tensor \(tensor)")
      case "shape" where shape == nil:
        shape = try json.sizes("shape of tensor \(tensor)", limit: FormatLimits.rank)
      case "data_offsets" where offsets == nil:
        offsets = try json.sizes("data_offsets of tensor \(tensor)", limit: 2)
      default: throw json.error("tensor \(tensor) has \"\(key)\" twice or where dtype, shape and data_offsets belong")
      }
    }
    guard let typeName, let shape, let offsets, offsets.count == 2 else {
      throw json.error("tensor \(tensor) lacks one of dtype, shape and data_offsets [begin, end]")
    }
    guard let dtype = typeNames.first(where: { $0.1 == typeName })?.0 else {
      throw LiaeError(
        .unsupported,
        "\(file): tensor \(tensor) has the element type \(typeName); supported are "
          + typeNames.map(\.1).joined(separator: ", "))
    }
    guard offsets[0] <= offsets[1] else {
      throw json.error("tensor \(tensor): data_offsets \(offsets) end before they begin")
    }
    let size = try checkedByteCount(shape: shape, dtype: dtype, what: "\(file): tensor \(tensor)")
    guard offsets[1] - offsets[0] == size else {
      throw json.error(
        "tensor \(tensor): \(typeName) of shape \(shape) takes \(size) bytes, "
          + "and data_offsets \(offsets) give \(offsets[1] - offsets[0])")
    }
    return Entry(name: tensor, dtype: dtype, shape: shape, begin: offsets[0], end: offsets[1])
  }

  /// The tensors cover the data once: no overlap, no hole, nothing left over.
  private static func checkLayout(_ entries: [Entry], dataCount: Int, name: String) throws(LiaeError) {
    var position = 0
    for entry in entries.sorted(by: { ($0.begin, $0.end) < ($1.begin, $1.end) }) {
      guard entry.begin == position else {
        let what = entry.begin < position ? "overlaps another: it begins" : "leaves a hole before it: it begins"
        throw LiaeError(
          .corruptFile, "\(name): tensor \(entry.name) \(what) at \(entry.begin), the one before ends at \(position)")
      }
      guard entry.end <= dataCount else {
        throw LiaeError(
          .corruptFile,
          "\(name): tensor \(entry.name) ends at byte \(entry.end) of the data, and the file has \(dataCount): "
            + "truncated?"
        )
      }
      position = entry.end
    }
    guard position == dataCount else {
      throw LiaeError(
        .corruptFile, "\(name): the tensors end at byte \(position) of the data, and the file has \(dataCount)")
    }
  }

  /// Writes the whole file or nothing. Tensors in the order of the dictionary; their bytes go straight to the file.
  package static func write(
    _ tensors: TensorDictionary, metadata: [String: String], to path: String, replacing: Bool
  ) throws(LiaeError) {
    try write(tensors.sources, metadata: metadata, to: path, replacing: replacing)
  }

  /// Writes the whole file or nothing; each tensor is made when its turn comes. Names differ.
  ///
  /// The header is padded with spaces so that the data begins at a multiple of 8.
  package static func write(
    _ tensors: [TensorSource], metadata: [String: String], to path: String, replacing: Bool
  ) throws(LiaeError) {
    var members: [String] = []
    if !metadata.isEmpty {
      let pairs = metadata.sorted { $0.key < $1.key }.map { "\(jsonQuoted($0.key)):\(jsonQuoted($0.value))" }
      members.append("\"\(metadataKey)\":{\(pairs.joined(separator: ","))}")
    }
    var written: [TensorSource] = []
    var offset = 0
    for tensor in tensors {
      guard let type = typeNames.first(where: { $0.0 == tensor.dtype })?.1 else { continue }
      guard tensor.name != metadataKey else {
        throw LiaeError(.invalidArgument, "\(path): a tensor cannot be called \(metadataKey)")
      }
      guard let size = CheckedSize.product(tensor.shape + [tensor.dtype.size]), let end = CheckedSize.sum(offset, size)
      else { throw LiaeError(.limitExceeded, "\(path): the tensors are too large for one file") }
      let shape = tensor.shape.map(String.init).joined(separator: ",")
      members.append(
        "\(jsonQuoted(tensor.name)):{\"dtype\":\"\(type)\",\"shape\":[\(shape)],\"data_offsets\":[\(offset),\(end)]}")
      written.append(tensor)
      offset = end
    }
    var header = Array("{\(members.joined(separator: ","))}".utf8)
    header += [UInt8](repeating: 0x20, count: (8 - header.count % 8) % 8)
    guard header.count <= FormatLimits.safetensorsHeaderBytes else {
      throw LiaeError(.limitExceeded, "\(path): the header would take \(header.count) bytes")
    }
    var start: [UInt8] = []
    start.append(littleEndian: UInt64(header.count))
    try File.writeAtomically(path, replacing: replacing) { (writer) throws(LiaeError) in
      try writer.write(start + header)
      for tensor in written { try writer.write(try tensor.view()) }
    }
  }
}
