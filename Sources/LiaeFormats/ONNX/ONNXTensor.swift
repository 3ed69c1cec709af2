// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeTensor

/// TensorProto: a view where the file holds the elements as they lie in memory, else decoded into memory of its own.
enum ONNXTensor {
  /// The pieces of one TensorProto before they are put together.
  private struct Parts {
    var name = ""
    var shape: [Int] = []
    var type = 0
    var raw: Range<Int>?
    /// float_data and double_data: little-endian elements, in as many pieces as the writer liked.
    var fixed: [Range<Int>] = []
    var fixedSize = 0
    /// int32_data and int64_data: varints.
    var varints: [Range<Int>] = []
    var varintField = 0
  }

  static func parse(_ outer: ProtobufReader) throws(LiaeError) -> (name: String, tensor: TensorView) {
    let parts = try collect(outer)
    let reader = ProtobufReader(outer.bytes, 0..<0, name: "\(outer.name) \(parts.name)")
    guard let dtype = ONNXDataType.dtype(parts.type) else {
      throw LiaeError(.unsupported, "\(reader.name): element type \(parts.type) of ONNX is not one that networks use")
    }
    guard let count = CheckedSize.product(parts.shape), let size = CheckedSize.product(count, dtype.size) else {
      throw reader.corrupt("shape \(parts.shape) is not possible")
    }
    let storage: Bytes
    var offset = 0
    if let raw = parts.raw {
      guard parts.fixed.isEmpty, parts.varints.isEmpty else { throw reader.corrupt("holds its elements twice") }
      guard raw.count == size else {
        throw reader.corrupt("\(raw.count) bytes of data; shape \(parts.shape) of \(dtype.rawValue) needs \(size)")
      }
      (storage, offset) = (reader.bytes, raw.lowerBound)
    } else if dtype == .float32 || dtype == .float64 {
      let found = parts.fixed.reduce(0) { $0 + $1.count }
      guard parts.varints.isEmpty, found == size, size == 0 || parts.fixedSize == dtype.size else {
        throw reader.corrupt("\(found) bytes of data; shape \(parts.shape) of \(dtype.rawValue) needs \(size)")
      }
      if parts.fixed.count == 1 {
        (storage, offset) = (reader.bytes, parts.fixed[0].lowerBound)
      } else {
        storage = try Bytes.allocate(size, for: parts.name)
        var at = 0
        for piece in parts.fixed {
          UnsafeMutableRawBufferPointer(start: storage.base + at, count: piece.count)
            .copyMemory(from: UnsafeRawBufferPointer(rebasing: reader.bytes.raw[piece]))
          at += piece.count
        }
      }
    } else {
      let field = dtype == .int64 ? 7 : 5
      guard parts.fixed.isEmpty, count == 0 || parts.varintField == field else {
        throw reader.corrupt("no data for its shape \(parts.shape) of \(dtype.rawValue)")
      }
      storage = try decode(parts.varints, count, dtype, reader)
    }
    return (parts.name, try TensorView(dtype: dtype, shape: parts.shape, storage: storage, offset: offset))
  }

  private static func collect(_ outer: ProtobufReader) throws(LiaeError) -> Parts {
    var reader = outer
    var parts = Parts()
    while let field = try reader.next() {
      switch field.number {
      case 1: try reader.integers(field, into: &parts.shape, limit: ONNXModel.Limit.rank)
      case 2: parts.type = try reader.integer(field)
      case 3: throw LiaeError(.unsupported, "\(reader.name): is a segment of a tensor; expected a whole one")
      case 4, 10:
        let size = field.number == 4 ? 4 : 8
        guard parts.fixedSize == 0 || parts.fixedSize == size else { throw reader.corrupt("holds its elements twice") }
        parts.fixedSize = size
        switch field.value {
        case .range,
          .fixed32 where size == 4,
          .fixed64 where size == 8:
          try append(reader.valueStart..<reader.position, to: &parts.fixed, reader)
        default: throw reader.corrupt("field \(field.number) has another wire type than floats")
        }
      case 5, 7:
        guard parts.varintField == 0 || parts.varintField == field.number else {
          throw reader.corrupt("holds its elements twice")
        }
        parts.varintField = field.number
        switch field.value {
        case .range, .varint: try append(reader.valueStart..<reader.position, to: &parts.varints, reader)
        default: throw reader.corrupt("field \(field.number) has another wire type than integers")
        }
      case 8: parts.name = try reader.string(field)
      case 9:
        guard parts.raw == nil else { throw reader.corrupt("holds its elements twice") }
        parts.raw = try reader.range(field)
      case 13: throw external(reader)
      case 14: if try reader.integer(field) != 0 { throw external(reader) }
      default: break
      }
    }
    return parts
  }

  /// Writers pack all elements into one piece, or write one piece each (the old way, for small tensors).
  private static func append(_ piece: Range<Int>, to pieces: inout [Range<Int>], _ reader: ProtobufReader)
    throws(LiaeError)
  {
    guard pieces.count < ONNXModel.Limit.tensorPieces else {
      throw LiaeError(.limitExceeded, "\(reader.name): data in more than \(ONNXModel.Limit.tensorPieces) pieces")
    }
    pieces.append(piece)
  }

  private static func external(_ reader: ProtobufReader) -> LiaeError {
    LiaeError(
      .unsupported, "\(reader.name): its data lies in another file; save the model as one file and open that")
  }

  /// Decodes `count` varints into elements of `dtype`; float16 and bfloat16 stand in the low 16 bits.
  private static func decode(_ pieces: [Range<Int>], _ count: Int, _ dtype: DType, _ reader: ProtobufReader)
    throws(LiaeError) -> Bytes
  {
    // Each varint takes a byte at least, so the file bounds what is allocated.
    guard pieces.reduce(0, { $0 + $1.count }) >= count else {
      throw reader.corrupt("fewer than \(count) elements")
    }
    let storage = try Bytes.allocate(count * dtype.size, for: reader.name)
    var index = 0
    for piece in pieces {
      var packed = ProtobufReader(reader.bytes, piece, name: reader.name)
      while !packed.isAtEnd {
        let value = try packed.varint()
        guard index < count else { throw reader.corrupt("more than \(count) elements") }
        let target = storage.base + index * dtype.size
        switch dtype.size {
        case 8: target.storeBytes(of: value.littleEndian, as: UInt64.self)
        case 4: target.storeBytes(of: UInt32(truncatingIfNeeded: value).littleEndian, as: UInt32.self)
        case 2: target.storeBytes(of: UInt16(truncatingIfNeeded: value).littleEndian, as: UInt16.self)
        default: target.storeBytes(of: UInt8(truncatingIfNeeded: value), as: UInt8.self)
        }
        index += 1
      }
    }
    guard index == count else { throw reader.corrupt("\(index) elements; expected \(count)") }
    return storage
  }
}
