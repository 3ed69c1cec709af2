// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeTensor

/// A serialised pickle: instructions in memory, tensors where they are, so that writing needs no second copy.
package struct PickleStream: Sendable {
  enum Segment: Sendable {
    case bytes([UInt8])
    case tensor(TensorView)
  }

  var segments: [Segment] = [.bytes([])]
  /// Bytes of the whole pickle.
  package private(set) var byteCount = 0

  mutating func append(_ bytes: some Collection<UInt8>) {
    if case .bytes(var last) = segments[segments.count - 1] {
      segments[segments.count - 1] = .bytes([])  // leaves `last` the only owner
      last.append(contentsOf: bytes)
      segments[segments.count - 1] = .bytes(last)
    } else {
      segments.append(.bytes(Array(bytes)))
    }
    byteCount += bytes.count
  }

  mutating func append(_ tensor: TensorView) {
    // Small ones are cheaper inside the instructions.
    if tensor.byteCount <= 4096 { return withExtendedLifetime(tensor) { append(tensor.raw) } }
    segments.append(.tensor(tensor))
    byteCount += tensor.byteCount
  }

  /// Calls `body` with each part in turn.
  func forEach(_ body: (UnsafeRawBufferPointer) throws(LiaeError) -> Void) throws(LiaeError) {
    for segment in segments {
      switch segment {
      case .bytes(let bytes):
        try bytes.withUnsafeBufferPointer { (buffer) throws(LiaeError) in try body(UnsafeRawBufferPointer(buffer)) }
      case .tensor(let view):
        defer { withExtendedLifetime(view) {} }
        try body(view.raw)
      }
    }
  }

  package func write(to writer: borrowing File.Writer) throws(LiaeError) {
    for segment in segments {
      switch segment {
      case .bytes(let bytes): try writer.write(bytes)
      case .tensor(let view): try writer.write(view)
      }
    }
  }

  /// The whole pickle in memory.
  package func joined() throws(LiaeError) -> Bytes {
    let bytes = try Bytes.allocate(byteCount, for: "a pickle")
    var end = bytes.base
    try forEach { (part) throws(LiaeError) in
      guard let base = part.baseAddress else { return }
      end.copyMemory(from: base, byteCount: part.count)
      end += part.count
    }
    return bytes
  }

  /// Writes the whole file or nothing.
  package func write(to path: String, replacing: Bool) throws(LiaeError) {
    try File.writeAtomically(path, replacing: replacing) { (writer) throws(LiaeError) in try write(to: writer) }
  }
}
