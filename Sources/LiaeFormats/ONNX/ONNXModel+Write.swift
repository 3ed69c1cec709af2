// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeTensor

extension ONNXModel {
  /// Writes the model as one file, whole or not at all. Tensor data goes from where it lies straight to the file.
  ///
  /// - Throws: `fileExists` without `replacing`, `limitExceeded` past 2 GB, `unsupported` (tensors as attributes), `inputOutput`.
  package func write(to path: String, replacing: Bool) throws(LiaeError) {
    // The length of the graph stands before it, so its parts are made first; only tensor data is left out of them.
    for node in graph.nodes {
      for case (let name, .tensor) in node.attributes { throw unwritable(node, name) }
      for case (let name, .other) in node.attributes { throw unwritable(node, name) }
    }
    func unwritable(_ node: Node, _ name: String) -> LiaeError {
      LiaeError(.unsupported, "\(path): attribute \(name) of \(node.label) has no written form; use an initializer")
    }
    var nodes = ProtobufWriter()
    for node in graph.nodes { nodes.message(1) { Self.encode(node, into: &$0) } }
    nodes.string(2, graph.name)

    var heads: [[UInt8]] = []
    var graphSize = nodes.bytes.count
    for name in graph.initializers.names {
      guard let tensor = graph.initializers[name] else { continue }
      var inner = ProtobufWriter()
      for dimension in tensor.shape { inner.integer(1, dimension) }
      inner.integer(2, ONNXDataType.code(tensor.dtype))
      inner.string(8, name)
      inner.header(9, count: tensor.byteCount)
      var head = ProtobufWriter()
      head.header(5, count: inner.bytes.count + tensor.byteCount)
      heads.append(head.bytes + inner.bytes)
      graphSize += head.bytes.count + inner.bytes.count + tensor.byteCount
    }

    var ends = ProtobufWriter()
    for input in graph.inputs { ends.message(11) { Self.encode(input, into: &$0) } }
    for output in graph.outputs { ends.message(12) { Self.encode(output, into: &$0) } }
    graphSize += ends.bytes.count

    var start = ProtobufWriter()
    start.integer(1, irVersion)
    start.string(2, producer)
    start.header(7, count: graphSize)

    var rest = ProtobufWriter()
    for set in operatorSets {
      rest.message(8) {
        $0.string(1, set.domain)
        $0.integer(2, set.version)
      }
    }

    let total = start.bytes.count + graphSize + rest.bytes.count
    guard total <= Limit.fileBytes else {
      throw LiaeError(.limitExceeded, "\(path): \(total) bytes; an ONNX file holds at most \(Limit.fileBytes)")
    }
    let (first, middle, last) = (start.bytes + nodes.bytes, heads, ends.bytes + rest.bytes)
    try File.writeAtomically(path, replacing: replacing) { (writer) throws(LiaeError) in
      try writer.write(first)
      for (name, head) in zip(graph.initializers.names, middle) {
        try writer.write(head)
        if let tensor = graph.initializers[name] { try writer.write(tensor) }
      }
      try writer.write(last)
    }
  }

  private static func encode(_ node: Node, into message: inout ProtobufWriter) {
    for input in node.inputs { message.string(1, input) }
    for output in node.outputs { message.string(2, output) }
    if !node.name.isEmpty { message.string(3, node.name) }
    message.string(4, node.operation)
    // Sorted, so that the same model always gives the same bytes.
    for (name, value) in node.attributes.sorted(by: { $0.key < $1.key }) {
      message.message(5) {
        $0.string(1, name)
        switch value {
        case .float(let float):
          $0.float(2, float)
          $0.integer(20, 1)
        case .integer(let integer):
          $0.integer(3, integer)
          $0.integer(20, 2)
        case .string(let string):
          $0.string(4, string)
          $0.integer(20, 3)
        case .floats(let floats):
          for float in floats { $0.float(7, float) }
          $0.integer(20, 6)
        case .integers(let integers):
          for integer in integers { $0.integer(8, integer) }
          $0.integer(20, 7)
        case .tensor, .other: break  // refused by write()
        }
      }
    }
    if !node.domain.isEmpty { message.string(7, node.domain) }
  }

  private static func encode(_ value: ValueInfo, into message: inout ProtobufWriter) {
    message.string(1, value.name)
    message.message(2) {
      $0.message(1) { tensor in
        if let dtype = value.dtype { tensor.integer(1, ONNXDataType.code(dtype)) }
        guard let shape = value.shape else { return }
        tensor.message(2) { dimensions in
          for dimension in shape {
            dimensions.message(1) {
              switch dimension {
              case .fixed(let size): $0.integer(1, size)
              case .symbolic(let name): $0.string(2, name)
              }
            }
          }
        }
      }
    }
  }
}
