// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeTensor

extension ONNXModel {
  /// Reads an ONNX file. Tensors with raw data stay views into `bytes`.
  ///
  /// - Parameter name: what messages call the file.
  /// - Throws: `corruptFile`, `limitExceeded`, `unsupported` (subgraphs, external data, element types that are not ours),
  ///   `outOfMemory`.
  package static func parse(_ bytes: Bytes, name: String) throws(LiaeError) -> ONNXModel {
    var reader = ProtobufReader(bytes, 0..<bytes.count, name: name)
    var model = ONNXModel(irVersion: 0, producer: "", operatorSets: [], graph: Graph(name: ""))
    var hasGraph = false
    while let field = try reader.next() {
      switch field.number {
      case 1: model.irVersion = try reader.integer(field)
      case 2: model.producer = try reader.string(field)
      case 7:
        guard !hasGraph else { throw reader.corrupt("holds two graphs") }
        hasGraph = true
        model.graph = try graph(try reader.message(field, "graph"))
      case 8:
        guard model.operatorSets.count < Limit.operatorSets else {
          throw LiaeError(.limitExceeded, "\(name): more than \(Limit.operatorSets) operator sets")
        }
        var inner = try reader.message(field, "operator set")
        var set = OperatorSet(version: 0)
        while let field = try inner.next() {
          switch field.number {
          case 1: set.domain = try inner.string(field)
          case 2: set.version = try inner.integer(field)
          default: break
          }
        }
        model.operatorSets.append(set)
      case 25: throw LiaeError(.unsupported, "\(name): holds functions of its own; expected plain operators")
      default: break
      }
    }
    guard hasGraph else { throw reader.corrupt("holds no graph, so it is no ONNX model") }
    return model
  }

  private static func graph(_ outer: ProtobufReader) throws(LiaeError) -> Graph {
    var reader = outer
    var graph = Graph(name: "")
    while let field = try reader.next() {
      switch field.number {
      case 1:
        guard graph.nodes.count < Limit.nodes else {
          throw LiaeError(.limitExceeded, "\(reader.name): more than \(Limit.nodes) nodes")
        }
        graph.nodes.append(try node(try reader.message(field, "node \(graph.nodes.count)")))
      case 2: graph.name = try reader.string(field)
      case 5:
        guard graph.initializers.count < Limit.tensors else {
          throw LiaeError(.limitExceeded, "\(reader.name): more than \(Limit.tensors) initializers")
        }
        let (name, tensor) = try ONNXTensor.parse(try reader.message(field, "initializer \(graph.initializers.count)"))
        guard graph.initializers[name] == nil else { throw reader.corrupt("two initializers are called \(name)") }
        graph.initializers[name] = tensor
      case 11: try append(try valueInfo(try reader.message(field, "input")), to: &graph.inputs, reader)
      case 12: try append(try valueInfo(try reader.message(field, "output")), to: &graph.outputs, reader)
      case 15: throw LiaeError(.unsupported, "\(reader.name): holds sparse initializers; expected dense ones")
      default: break
      }
    }
    let initializers = graph.initializers
    graph.inputs.removeAll { initializers[$0.name] != nil }
    guard graph.inputs.count <= Limit.graphValues else {
      throw LiaeError(.limitExceeded, "\(reader.name): more than \(Limit.graphValues) inputs")
    }
    return graph
  }

  private static func append(_ value: ValueInfo, to list: inout [ValueInfo], _ reader: ProtobufReader)
    throws(LiaeError)
  {
    guard list.count < Limit.tensors else {
      throw LiaeError(.limitExceeded, "\(reader.name): more than \(Limit.tensors) inputs or outputs")
    }
    list.append(value)
  }

  private static func node(_ outer: ProtobufReader) throws(LiaeError) -> Node {
    var reader = outer
    var node = Node("", inputs: [], outputs: [])
    func checked(_ count: Int, _ limit: Int, _ what: String) throws(LiaeError) {
      guard count < limit else { throw LiaeError(.limitExceeded, "\(outer.name): more than \(limit) \(what)") }
    }
    while let field = try reader.next() {
      switch field.number {
      case 1:
        try checked(node.inputs.count, Limit.nodeValues, "inputs")
        node.inputs.append(try reader.string(field))
      case 2:
        try checked(node.outputs.count, Limit.nodeValues, "outputs")
        node.outputs.append(try reader.string(field))
      case 3: node.name = try reader.string(field)
      case 4: node.operation = try reader.string(field)
      case 5:
        try checked(node.attributes.count, Limit.attributes, "attributes")
        let (name, value) = try attribute(try reader.message(field, "attribute"))
        guard node.attributes.updateValue(value, forKey: name) == nil else {
          throw reader.corrupt("has two attributes called \(name)")
        }
      case 7: node.domain = try reader.string(field)
      default: break
      }
    }
    return node
  }

  private static func attribute(_ outer: ProtobufReader) throws(LiaeError) -> (String, Attribute) {
    var reader = outer
    var name = ""
    var type: Int?
    var integer = 0
    var float: Float = 0
    var string = ""
    var tensor: TensorView?
    var integers: [Int] = []
    var floats: [Float] = []
    while let field = try reader.next() {
      switch field.number {
      case 1: name = try reader.string(field)
      case 2: float = try reader.float(field)
      case 3: integer = try reader.integer(field)
      case 4:
        // Bytes by the schema; ours are names of modes. Anything else is not read as text.
        let range = try reader.range(field)
        if range.count <= Limit.stringBytes { string = String(decoding: reader.bytes.raw[range], as: UTF8.self) }
      case 5: tensor = try ONNXTensor.parse(try reader.message(field, "tensor")).tensor
      case 6, 11:
        throw LiaeError(.unsupported, "\(reader.name): holds a subgraph; expected a network without branches or loops")
      case 7: try appendFloats(reader, field, to: &floats)
      case 8: try reader.integers(field, into: &integers, limit: Limit.attributeValues)
      case 20: type = try reader.integer(field)
      default: break
      }
    }
    switch type {
    case 1: return (name, .float(float))
    case 2: return (name, .integer(integer))
    case 3: return (name, .string(string))
    case 4:
      guard let tensor else { throw reader.corrupt("attribute \(name) is said to be a tensor and holds none") }
      return (name, .tensor(tensor))
    case 6: return (name, .floats(floats))
    case 7: return (name, .integers(integers))
    default: return (name, .other)
    }
  }

  private static func appendFloats(_ reader: ProtobufReader, _ field: ProtobufReader.Field, to list: inout [Float])
    throws(LiaeError)
  {
    if case .range(let range) = field.value {
      var packed = ProtobufReader(reader.bytes, range, name: reader.name)
      guard list.count + range.count / 4 <= Limit.attributeValues else {
        throw LiaeError(.limitExceeded, "\(reader.name): more than \(Limit.attributeValues) numbers in one attribute")
      }
      while !packed.isAtEnd { list.append(Float(bitPattern: try packed.fixed32())) }
    } else {
      guard list.count < Limit.attributeValues else {
        throw LiaeError(.limitExceeded, "\(reader.name): more than \(Limit.attributeValues) numbers in one attribute")
      }
      list.append(try reader.float(field))
    }
  }

  /// ValueInfoProto { name, TypeProto { Tensor { elem_type, TensorShapeProto { Dimension } } } }.
  private static func valueInfo(_ outer: ProtobufReader) throws(LiaeError) -> ValueInfo {
    var reader = outer
    var value = ValueInfo(name: "", dtype: nil, shape: nil)
    while let field = try reader.next() {
      switch field.number {
      case 1: value.name = try reader.string(field)
      case 2:
        var type = try reader.message(field, "type")
        while let field = try type.next() {
          guard field.number == 1 else { continue }  // not a tensor
          var tensor = try type.message(field, "tensor")
          while let field = try tensor.next() {
            switch field.number {
            case 1: value.dtype = ONNXDataType.dtype(try tensor.integer(field))
            case 2: value.shape = try shape(try tensor.message(field, "shape"))
            default: break
            }
          }
        }
      default: break
      }
    }
    return value
  }

  private static func shape(_ outer: ProtobufReader) throws(LiaeError) -> [Dimension] {
    var reader = outer
    var shape: [Dimension] = []
    while let field = try reader.next() {
      guard field.number == 1 else { continue }
      guard shape.count < Limit.rank else {
        throw LiaeError(.limitExceeded, "\(reader.name): more than \(Limit.rank) dimensions")
      }
      var inner = try reader.message(field, "dimension")
      var dimension = Dimension.symbolic("")
      while let field = try inner.next() {
        switch field.number {
        case 1: dimension = .fixed(try inner.integer(field))
        case 2: dimension = .symbolic(try inner.string(field))
        default: break
        }
      }
      shape.append(dimension)
    }
    return shape
  }
}
