// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeTensor

/// Writes values as pickles that Python loads without any package but numpy (or PyTorch, for its archives).
package enum PickleWriter {
  /// A pickle in which tensors are numpy arrays; those without an axis are numpy scalars.
  ///
  /// - Parameters:
  ///   - protocol: 2, 3 or 4. In protocol 2, bytes are written as text, which copies them.
  ///   - numpyModule: where `_reconstruct` is found. The default is loaded by numpy 1 and 2; `numpy._core.multiarray`
  ///     by numpy 2 alone.
  /// - Throws: `invalidArgument` for another protocol, `unsupported` for a value that has no form here (bfloat16,
  ///   opaque values), `limitExceeded` for a value that is nested too deeply.
  package static func serialize(
    _ value: PickleValue, protocol version: Int, numpyModule: String = "numpy.core.multiarray"
  ) throws(LiaeError) -> PickleStream {
    var encoder = try PickleEncoder(version: version, tensors: .numpy(module: numpyModule))
    try encoder.encode(value, depth: 0)
    return encoder.finish()
  }
}

/// The state of one serialisation.
struct PickleEncoder {
  enum Tensors {
    case numpy(module: String)
    /// Persistent ids; the tensors are collected in `storages`.
    case torch
  }

  /// The tensors of the storage keys 0, 1, ... for `Tensors.torch`.
  private(set) var storages: [TensorView] = []
  private var stream = PickleStream()
  private let version: Int
  private let tensors: Tensors
  /// Memo indices of globals and element types.
  private var memo: [String: Int] = [:]

  init(version: Int, tensors: Tensors) throws(LiaeError) {
    guard (2...4).contains(version) else {
      throw LiaeError(.invalidArgument, "pickle protocol \(version) cannot be written; 2, 3 and 4 can")
    }
    (self.version, self.tensors) = (version, tensors)
    stream.append([0x80, UInt8(version)])
  }

  consuming func finish() -> PickleStream {
    stream.append([UInt8(ascii: ".")])
    return stream
  }

  mutating func encode(_ value: PickleValue, depth: Int) throws(LiaeError) {
    guard depth <= FormatLimits.pickleDepth else {
      throw LiaeError(.limitExceeded, "a value nested deeper than \(FormatLimits.pickleDepth) cannot be pickled")
    }
    switch value {
    case .none: op("N")
    case .bool(let value): stream.append([value ? 0x88 : 0x89])
    case .int(let value): integer(value)
    case .float(let value):
      op("G")
      stream.append(Swift.withUnsafeBytes(of: value.bitPattern.bigEndian) { Array($0) })
    case .string(let value): try text(value)
    case .bytes(let view): try bytes(view)
    case .list(let values):
      op("]")
      try group(values.count, append: "a", appends: "e") { (encoder, index) throws(LiaeError) in
        try encoder.encode(values[index], depth: depth + 1)
      }
    case .tuple(let values): try tuple(values, depth: depth)
    case .dictionary(let pairs):
      op("}")
      try group(pairs.count, append: "s", appends: "u") { (encoder, index) throws(LiaeError) in
        try encoder.encode(pairs[index].key, depth: depth + 1)
        try encoder.encode(pairs[index].value, depth: depth + 1)
      }
    case .tensor(let view):
      switch tensors {
      case .numpy(let module): try numpyArray(view, module: module)
      case .torch: try torchTensor(view)
      }
    case .enumeration(let type, let value): try enumeration(type, value)
    case .opaque: throw LiaeError(.unsupported, "\(value.kind) cannot be pickled")
    }
  }

  // MARK: Plain values

  private mutating func op(_ opcode: Unicode.Scalar) { stream.append([UInt8(ascii: opcode)]) }

  private mutating func number(_ value: some FixedWidthInteger) {
    stream.append(Swift.withUnsafeBytes(of: value.littleEndian) { Array($0) })
  }

  private mutating func integer(_ value: Int) {
    switch value {
    case 0...0xff:
      op("K")
      number(UInt8(value))
    case 0...0xffff:
      op("M")
      number(UInt16(value))
    case Int(Int32.min)...Int(Int32.max):
      op("J")
      number(Int32(value))
    default:
      stream.append([0x8a, 8])
      number(value)
    }
  }

  private mutating func text(_ value: String) throws(LiaeError) {
    try textHeader(value.utf8.count)
    stream.append(value.utf8)
  }

  private mutating func textHeader(_ count: Int) throws(LiaeError) {
    if version >= 4, count <= 0xff {
      stream.append([0x8c, UInt8(count)])
    } else {
      guard let count = UInt32(exactly: count) else {
        throw LiaeError(.unsupported, "a text of \(count) bytes cannot be pickled")
      }
      op("X")
      number(count)
    }
  }

  private mutating func bytes(_ view: TensorView) throws(LiaeError) {
    let count = view.byteCount
    guard version >= 3 else { return try bytesAsText(view) }
    if count <= 0xff {
      op("C")
      number(UInt8(count))
    } else if let count = UInt32(exactly: count) {
      op("B")
      number(count)
    } else {
      guard version >= 4 else {
        throw LiaeError(.unsupported, "\(count) bytes cannot be pickled in protocol \(version)")
      }
      stream.append([0x8e])
      number(UInt64(count))
    }
    stream.append(view)
  }

  /// Protocol 2 has no bytes: `_codecs.encode(text, "latin1")`.
  private mutating func bytesAsText(_ view: TensorView) throws(LiaeError) {
    try global("_codecs", "encode")
    defer { withExtendedLifetime(view) {} }
    let doubled = view.raw.count { $0 >= 0x80 }
    let text = try Bytes.allocate(view.byteCount + doubled, for: "a pickle of protocol 2")
    var end = text.base
    for byte in view.raw {
      if byte >= 0x80 {
        end.storeBytes(of: 0xc0 | byte >> 6, as: UInt8.self)
        end += 1
      }
      end.storeBytes(of: byte >= 0x80 ? 0x80 | byte & 0x3f : byte, as: UInt8.self)
      end += 1
    }
    try textHeader(text.count)
    stream.append(try TensorView(dtype: .uint8, shape: [text.count], storage: text))
    try self.text("latin1")
    stream.append([0x86])
    op("R")
  }

  /// Elements in groups of 1000, as Python writes them, so that a reader's stack stays small.
  private mutating func group(
    _ count: Int, append: Unicode.Scalar, appends: Unicode.Scalar,
    _ element: (inout PickleEncoder, Int) throws(LiaeError) -> Void
  ) throws(LiaeError) {
    for start in stride(from: 0, to: count, by: 1000) {
      let end = min(start + 1000, count)
      if end - start > 1 { op("(") }
      for index in start..<end { try element(&self, index) }
      op(end - start > 1 ? appends : append)
    }
  }

  private mutating func tuple(_ values: [PickleValue], depth: Int) throws(LiaeError) {
    if values.isEmpty { return op(")") }
    if values.count > 3 { op("(") }
    for value in values { try encode(value, depth: depth + 1) }
    if values.count > 3 { op("t") } else { stream.append([0x84 + UInt8(values.count)]) }
  }

  private mutating func sizes(_ values: [Int]) throws(LiaeError) { try tuple(values.map { .int($0) }, depth: 0) }

  // MARK: Objects

  /// Pushes what was memoised under `key`, or what `make` pushes and memoises it.
  private mutating func shared(
    _ key: String, _ make: (inout PickleEncoder) throws(LiaeError) -> Void
  ) throws(LiaeError) {
    if let index = memo[key] {
      op("h")
      return number(UInt8(index))
    }
    try make(&self)
    // Globals and element types are few; past one byte of index they are simply written again.
    guard memo.count < 256 else { return }
    if version >= 4 {
      stream.append([0x94])
    } else {
      op("q")
      number(UInt8(memo.count))
    }
    memo[key] = memo.count
  }

  private mutating func global(_ module: String, _ name: String) throws(LiaeError) {
    try shared("\(module).\(name)") { (encoder) throws(LiaeError) in
      if encoder.version >= 4 {
        try encoder.text(module)
        try encoder.text(name)
        encoder.stream.append([0x93])
      } else {
        encoder.op("c")
        encoder.stream.append("\(module)\n\(name)\n".utf8)
      }
    }
  }

  /// A member of a class that is called with its number.
  private mutating func enumeration(_ type: String, _ value: Int) throws(LiaeError) {
    guard let dot = type.utf8.lastIndex(of: UInt8(ascii: ".")) else {
      throw LiaeError(.unsupported, "the enumeration \(type), which names no module, cannot be pickled")
    }
    try global(String(type[..<dot]), String(type[type.utf8.index(after: dot)...]))
    integer(value)
    stream.append([0x85])
    op("R")
  }

  private mutating func numpyType(_ dtype: DType) throws(LiaeError) {
    guard let code = NumpyArray.typeCode(dtype) else {
      throw LiaeError(.unsupported, "numpy has no element type \(dtype.rawValue)")
    }
    try shared("dtype \(code)") { (encoder) throws(LiaeError) in
      try encoder.global("numpy", "dtype")
      try encoder.text(code)
      encoder.stream.append([0x89, 0x88, 0x87])  // False, True, a tuple of three
      encoder.op("R")
      encoder.op("(")
      encoder.integer(3)
      try encoder.text(dtype.size == 1 ? "|" : "<")
      for _ in 0..<3 { encoder.op("N") }
      for value in [-1, -1, 0] { encoder.integer(value) }
      encoder.op("t")
      encoder.op("b")
    }
  }

  private mutating func numpyArray(_ view: TensorView, module: String) throws(LiaeError) {
    if view.shape.isEmpty {
      try global(module, "scalar")
      try numpyType(view.dtype)
      try bytes(view)
      stream.append([0x86])
      return op("R")
    }
    try global(module, "_reconstruct")
    try global("numpy", "ndarray")
    try sizes([0])
    try bytes(try Self.placeholder())
    stream.append([0x87])
    op("R")
    op("(")
    integer(1)
    try sizes(view.shape)
    try numpyType(view.dtype)
    stream.append([0x89])
    try bytes(view)
    op("t")
    op("b")
  }

  /// numpy reconstructs an array from an empty one of type `b`.
  private static func placeholder() throws(LiaeError) -> TensorView {
    let storage = try Bytes.allocate(1)
    storage.base.storeBytes(of: UInt8(ascii: "b"), as: UInt8.self)
    return try TensorView(dtype: .uint8, shape: [1], storage: storage)
  }

  private mutating func torchTensor(_ view: TensorView) throws(LiaeError) {
    guard let type = TorchArchive.storageName(view.dtype) else {
      throw LiaeError(.unsupported, "PyTorch has no storage of \(view.dtype.rawValue)")
    }
    try global("torch._utils", "_rebuild_tensor_v2")
    op("(")
    op("(")
    try text("storage")
    try global("torch", type)
    try text(String(storages.count))
    try text("cpu")
    integer(view.count)
    op("t")
    op("Q")
    integer(0)
    try sizes(view.shape)
    var strides = [Int](repeating: 1, count: view.shape.count)
    for axis in strides.indices.dropLast().reversed() {
      strides[axis] = strides[axis + 1] * max(view.shape[axis + 1], 1)
    }
    try sizes(strides)
    stream.append([0x89])
    try global("collections", "OrderedDict")
    op(")")
    op("R")
    op("t")
    op("R")
    storages.append(view)
  }
}
