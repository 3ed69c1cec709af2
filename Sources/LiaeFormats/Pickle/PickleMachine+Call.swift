// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeTensor

/// The allowed calls, interpreted: numpy's and PyTorch's ways to write an array.
extension PickleMachine {
  /// REDUCE: what `callable` would give for `arguments`.
  mutating func call(_ callable: Item, _ arguments: Item) throws(LiaeError) -> Item {
    guard case .object(let index) = callable, case .global(let global, let path) = nodes[Int(index)] else {
      throw corrupt("something that is no function is called")
    }
    guard case .object(let index) = arguments, case .tuple(let arguments) = nodes[Int(index)] else {
      throw corrupt("\(path) is called without a tuple of arguments")
    }
    let reader = reader
    func refuse() -> LiaeError {
      reader.corrupt("pickle: \(path) is called with \(arguments.count) arguments of the wrong kind")
    }
    switch global {
    case .reconstructArray:
      guard arguments.count == 3, case .object(let type) = arguments[0],
        case .global(.ndarray, _) = nodes[Int(type)]
      else { throw refuse() }
      return try add(.emptyArray)
    case .numpyType:
      guard let first = arguments.first else { throw refuse() }
      let code = try shortText(first)
      return try add(.numpyType(Self.elementType(code), code: code))
    case .scalar:
      guard arguments.count == 2 else { throw refuse() }
      return try array(type: arguments[0], shape: [], isFortran: false, content: arguments[1])
    case .arrayFromBuffer:
      guard arguments.count == 4 else { throw refuse() }
      let order = try shortText(arguments[3])
      return try array(
        type: arguments[1], shape: try sizes(arguments[2], "shape"), isFortran: order == "F", content: arguments[0])
    case .encode: return try encode(arguments, refuse)
    case .orderedDictionary:
      guard let first = arguments.first else { return try add(.dictionary([])) }
      guard case .object(let index) = first, case .dictionary(let items) = nodes[Int(index)] else { throw refuse() }
      return try add(.dictionary(items))
    case .defaultDictionary:
      guard arguments.count <= 1 else { throw refuse() }
      return try add(.dictionary([]))
    case .rebuildTensor: return try rebuildTensor(arguments, refuse)
    case .rebuildParameter:
      guard let tensor = arguments.first else { throw refuse() }
      return tensor
    case .size:
      guard arguments.count == 1 else { throw refuse() }
      return try add(.tuple(try sizes(arguments[0], "size").map { .int($0) }))
    case .enumeration(let type):
      guard arguments.count == 1, case .int(let value) = arguments[0] else { throw refuse() }
      return try add(.value(.enumeration(type: type, value: value)))
    case .opaque: return try add(.value(.opaque(path)))
    case .ndarray, .name: throw corrupt("\(path) is called, which no file of this kind does")
    }
  }

  /// BUILD: gives `target` its state.
  mutating func build(_ target: Item, _ state: Item) throws(LiaeError) {
    guard case .object(let index) = target else { throw corrupt("a state for something that is no object") }
    switch nodes[Int(index)] {
    case .emptyArray:
      // (version, shape, type, is Fortran, content)
      guard case .object(let tuple) = state, case .tuple(let items) = nodes[Int(tuple)], items.count == 5 else {
        throw corrupt("the state of an array is not its tuple of five")
      }
      let isFortran = try flag(items[3])
      let built = try array(
        type: items[2], shape: try sizes(items[1], "shape"), isFortran: isFortran, content: items[4])
      guard case .object(let value) = built else { return }
      nodes[Int(index)] = nodes[Int(value)]
    case .numpyType(let type, let code):
      // (version, byte order, ...)
      guard case .object(let tuple) = state, case .tuple(let items) = nodes[Int(tuple)], items.count >= 2 else {
        throw corrupt("the state of a numpy type is not its tuple")
      }
      let order = try shortText(items[1])
      guard order != ">" || type?.size == 1 else {
        throw LiaeError(.unsupported, "\(reader.name): an array of big-endian \(code); only little-endian is supported")
      }
    case .dictionary: break  // attributes of an OrderedDict, as `_metadata` of a state dict
    default: throw corrupt("a state for an object that has none")
    }
  }

  private static func elementType(_ code: String) -> DType? {
    switch code {
    case "f8": return .float64
    case "f4": return .float32
    case "f2": return .float16
    case "i8": return .int64
    case "i4": return .int32
    case "i2": return .int16
    case "i1": return .int8
    case "u1": return .uint8
    case "b1": return .bool
    default: return nil
    }
  }

  /// A numpy array or scalar as a view of its bytes; `opaque` for element types that we have not.
  private mutating func array(
    type: Item, shape: [Int], isFortran: Bool, content: Item
  ) throws(LiaeError) -> Item {
    guard case .object(let index) = type, case .numpyType(let dtype, let code) = nodes[Int(index)] else {
      throw corrupt("an array whose type is no numpy type")
    }
    guard let dtype else { return try add(.value(.opaque("a numpy array of type \(code)"))) }
    let (storage, offset, count) = try bytes(content)
    let size = try checkedByteCount(shape: shape, dtype: dtype, what: "\(reader.name): an array")
    guard size == count else {
      throw corrupt("a \(dtype.rawValue) array of shape \(shape) takes \(size) bytes, and \(count) are there")
    }
    guard isFortran, shape.count > 1 else {
      return try add(.value(.tensor(try TensorView(dtype: dtype, shape: shape, storage: storage, offset: offset))))
    }
    try spend(size)
    let columns = try TensorView(dtype: dtype, shape: shape.reversed(), storage: storage, offset: offset)
    return try add(.value(.tensor(try columns.permuted(Array(shape.indices.reversed())))))
  }

  /// Takes `count` bytes from what may be copied.
  private mutating func spend(_ count: Int) throws(LiaeError) {
    guard count <= copyBudget else { throw exceeded("its arrays are copies of each other, larger than the file") }
    copyBudget -= count
  }

  private func bytes(_ item: Item) throws(LiaeError) -> (Bytes, offset: Int, count: Int) {
    guard case .object(let index) = item else { throw corrupt("bytes are expected where something else stands") }
    switch nodes[Int(index)] {
    case .bytes(let start, let count): return (reader.bytes, start, count)
    case .value(.bytes(let view)): return (view.storage, view.offset, view.byteCount)
    default: throw corrupt("bytes are expected where something else stands")
    }
  }

  /// `_codecs.encode(text, "latin1")`: how protocol 2 writes bytes, each one a character up to U+00FF; or
  /// `bytes` and `bytearray`.
  private mutating func encode(_ arguments: [Item], _ refuse: () -> LiaeError) throws(LiaeError) -> Item {
    if arguments.isEmpty { return try add(.bytes(start: reader.position, count: 0)) }
    guard case .object(let index) = arguments[0] else { throw refuse() }
    guard case .text(let start, let count) = nodes[Int(index)], arguments.count == 2,
      ["latin1", "latin-1"].contains(try shortText(arguments[1]))
    else {
      if case .bytes = nodes[Int(index)], arguments.count == 1 { return arguments[0] }
      if case .value(.bytes) = nodes[Int(index)], arguments.count == 1 { return arguments[0] }
      throw refuse()
    }
    try spend(count)
    let result = try Bytes.allocate(count, for: "bytes of \(reader.name)")
    var length = 0
    var position = start
    while position < start + count {
      let byte = reader.bytes.raw[position]
      if byte < 0x80 {
        result.base.storeBytes(of: byte, toByteOffset: length, as: UInt8.self)
        position += 1
      } else {
        guard byte & 0xfe == 0xc2, position + 1 < start + count, reader.bytes.raw[position + 1] & 0xc0 == 0x80 else {
          throw corrupt("the text at byte \(start) does not stand for bytes")
        }
        let value = byte << 6 | reader.bytes.raw[position + 1] & 0x3f
        result.base.storeBytes(of: value, toByteOffset: length, as: UInt8.self)
        position += 2
      }
      length += 1
    }
    return try add(.value(.bytes(try TensorView(dtype: .uint8, shape: [length], storage: result))))
  }

  /// (storage, offset, shape, strides, ...): a view of a storage that `persistent` gave.
  private mutating func rebuildTensor(_ arguments: [Item], _ refuse: () -> LiaeError) throws(LiaeError) -> Item {
    guard arguments.count >= 4, case .object(let index) = arguments[0],
      case .value(let storage) = nodes[Int(index)], case .int(let offset) = arguments[1]
    else { throw refuse() }
    let shape = try sizes(arguments[2], "shape")
    let strides = try sizes(arguments[3], "strides")
    switch storage {
    case .opaque(let what): return try add(.value(.opaque(what)))
    case .tensor(let view):
      var copied = 0
      let tensor = try StridedTensor.view(
        of: view, offset: offset, shape: shape, strides: strides, copied: &copied, limit: copyBudget,
        name: reader.name)
      try spend(copied)
      return try add(.value(.tensor(tensor)))
    default: throw refuse()
    }
  }

  /// A tuple (or list) of integers.
  private func sizes(_ item: Item, _ what: String) throws(LiaeError) -> [Int] {
    guard case .object(let index) = item else { throw corrupt("a \(what) that is no tuple") }
    let items: [Item]
    switch nodes[Int(index)] {
    case .tuple(let values), .list(let values): items = values
    default: throw corrupt("a \(what) that is no tuple")
    }
    guard items.count <= FormatLimits.rank else {
      throw exceeded("a \(what) of \(items.count) axes; at most \(FormatLimits.rank) are supported")
    }
    var sizes: [Int] = []
    for item in items {
      guard case .int(let value) = item else { throw corrupt("a \(what) with something that is no integer") }
      sizes.append(value)
    }
    return sizes
  }

  /// A truth value, which old numpy writes as 0 or 1.
  private func flag(_ item: Item) throws(LiaeError) -> Bool {
    switch item {
    case .bool(let value): return value
    case .int(let value): return value != 0
    default: throw corrupt("a flag that is neither true nor false")
    }
  }
}
