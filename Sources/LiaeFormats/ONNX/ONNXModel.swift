// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeTensor

/// An ONNX file: one flat graph of operators, and its constant tensors as views into the file.
///
/// Field numbers are those of onnx.proto (IR version 3 and later). Subgraphs, functions, sparse and external tensors
/// are refused.
package struct ONNXModel: Sendable {
  package struct OperatorSet: Sendable, Equatable {
    package var domain: String
    package var version: Int
    package init(domain: String = "", version: Int) { (self.domain, self.version) = (domain, version) }
  }

  package enum Attribute: Sendable {
    case integer(Int)
    case float(Float)
    case string(String)
    case integers([Int])
    case floats([Float])
    case tensor(TensorView)
    /// A kind that no known operator takes.
    case other
  }

  package struct Node: Sendable {
    package var name: String
    package var operation: String
    package var domain: String
    /// An empty name is an input left out.
    package var inputs: [String]
    package var outputs: [String]
    package var attributes: [String: Attribute]

    package init(
      _ operation: String, name: String = "", domain: String = "", inputs: [String], outputs: [String],
      attributes: [String: Attribute] = [:]
    ) {
      (self.operation, self.name, self.domain) = (operation, name, domain)
      (self.inputs, self.outputs, self.attributes) = (inputs, outputs, attributes)
    }

    /// The name of the node in messages.
    package var label: String { "node \(name.isEmpty ? outputs.first ?? "" : name) (\(operation))" }

    package func integer(_ name: String) -> Int? {
      if case .integer(let value)? = attributes[name] { value } else { nil }
    }
    package func float(_ name: String) -> Float? {
      if case .float(let value)? = attributes[name] { value } else { nil }
    }
    package func string(_ name: String) -> String? {
      if case .string(let value)? = attributes[name] { value } else { nil }
    }
    package func integers(_ name: String) -> [Int]? {
      if case .integers(let value)? = attributes[name] { value } else { nil }
    }
  }

  package enum Dimension: Sendable, Equatable {
    case fixed(Int)
    /// Known at run time only; the name may be empty.
    case symbolic(String)
  }

  /// An input or output of the graph.
  package struct ValueInfo: Sendable {
    package var name: String
    /// The value is nil where the element type is none of ours.
    package var dtype: DType?
    /// The value is nil where the file does not say.
    package var shape: [Dimension]?

    package init(name: String, dtype: DType?, shape: [Dimension]?) {
      (self.name, self.dtype, self.shape) = (name, dtype, shape)
    }
  }

  package struct Graph: Sendable {
    package var name: String
    package var nodes: [Node]
    package var initializers: TensorDictionary
    /// The inputs without those that are initializers, which old files list too.
    package var inputs: [ValueInfo]
    package var outputs: [ValueInfo]

    package init(
      name: String, nodes: [Node] = [], initializers: TensorDictionary = TensorDictionary(), inputs: [ValueInfo] = [],
      outputs: [ValueInfo] = []
    ) {
      (self.name, self.nodes, self.initializers) = (name, nodes, initializers)
      (self.inputs, self.outputs) = (inputs, outputs)
    }
  }

  package var irVersion: Int
  package var producer: String
  package var operatorSets: [OperatorSet]
  package var graph: Graph

  package init(irVersion: Int, producer: String, operatorSets: [OperatorSet], graph: Graph) {
    (self.irVersion, self.producer, self.operatorSets, self.graph) = (irVersion, producer, operatorSets, graph)
  }

  /// Limits on a file; anything past these is refused before memory is taken for it.
  package enum Limit {
    package static let nodes = 20_000
    package static let tensors = 20_000
    package static let graphValues = 64
    /// Inputs or outputs of one node.
    package static let nodeValues = 256
    package static let attributes = 64
    /// Numbers in one attribute.
    package static let attributeValues = 4096
    package static let rank = 8
    /// Separate fields that hold the elements of one tensor.
    package static let tensorPieces = 1 << 20
    package static let stringBytes = 4096
    package static let operatorSets = 64
    /// Protobuf counts a message's bytes in 31 bits.
    package static let fileBytes = Int(Int32.max)
  }
}

/// onnx.proto TensorProto.DataType.
package enum ONNXDataType {
  package static func dtype(_ code: Int) -> DType? {
    switch code {
    case 1: return .float32
    case 2: return .uint8
    case 3: return .int8
    case 5: return .int16
    case 6: return .int32
    case 7: return .int64
    case 9: return .bool
    case 10: return .float16
    case 11: return .float64
    case 16: return .bfloat16
    default: return nil
    }
  }

  static func code(_ dtype: DType) -> Int {
    switch dtype {
    case .float32: return 1
    case .uint8: return 2
    case .int8: return 3
    case .int16: return 5
    case .int32: return 6
    case .int64: return 7
    case .bool: return 9
    case .float16: return 10
    case .float64: return 11
    case .bfloat16: return 16
    }
  }
}
