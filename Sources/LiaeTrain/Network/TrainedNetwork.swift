// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeSystem
import LiaeTensor

/// A network whose weights are trained: its parameters, and its graph for `evaluate`.
package final class TrainedNetwork {
  package let architecture: Architecture
  /// The architecture's graph after the passes that make one node of what is one operation of a `Tape`.
  package let graph: Graph
  /// The parameters, in the order of `graph.tensors`; names are those of `Model`, which are DeepFaceLab's.
  package let parameters: [Parameter]
  private let byName: [String: Parameter]
  private let layouts: [String: WeightLayout]
  /// What tensors begin with that are neither random nor zeros.
  private let constants: [String: Float]
  /// Parameters of the nodes that compute several layers at once, by the name of the node.
  private(set) var joined: [String: JoinedConvolution] = [:]

  /// Channels of a result from which on a convolution writes depth-to-space itself: quarters of few channels would leave
  /// most of a vector empty.
  private static let fusedChannels = 8

  /// - Parameters:
  ///   - weights: initial weights; nil: Glorot's distribution from `seed`.
  /// - Throws: `corruptFile` for weights that are not finite; `outOfMemory`, `unknownArchitecture`.
  package init(_ architecture: Architecture, weights: Model?, seed: UInt64) throws(LiaeError) {
    self.architecture = architecture
    graph = try Graph(architecture).joiningConvolutions().fusingConvolutions(
      depthToSpace: [.crd, .dcr], ofAtLeast: Self.fusedChannels)
    // The tape's depth-to-space has DCR order: weights in CRD order are rearranged when they are read.
    var shuffled: Set<String> = [], grouped: Set<String> = []
    for node in graph.nodes {
      switch node.operation {
      case .convolution(let convolution):
        guard let order = convolution.depthToSpace else { break }
        if order == .crd { shuffled.formUnion(convolution.layers) }
        if convolution.layers.count == 1 { grouped.formUnion(convolution.layers) }
      case .depthToSpace(.crd):
        guard case .convolution(let convolution) = graph[node.inputs[0]].operation else {
          throw LiaeError(.unsupported, "node \(node.name): training has no depth-to-space of what is no convolution")
        }
        shuffled.formUnion(convolution.layers)
      default: break
      }
    }
    var constants: [String: Float] = [:]
    for case .responseNorm(let block) in graph.nodes.map(\.operation) {
      (constants["\(block).frn.weight"], constants["\(block).frn.eps"]) = (1, 1e-6)
    }
    self.constants = constants
    var layouts: [String: WeightLayout] = [:]
    var parameters: [Parameter] = []
    for spec in graph.tensors where !spec.isUnused {
      let layer = spec.name.split(separator: ".").dropLast().joined(separator: ".")
      let layout = WeightLayout(
        spec.shape, depthToSpace: shuffled.contains(layer), groups: grouped.contains(layer) ? 4 : 1)
      layouts[spec.name] = layout
      parameters.append(try Parameter(name: spec.name, shape: layout.shape, groups: layout.groups))
    }
    (self.parameters, self.layouts) = (parameters, layouts)
    byName = Dictionary(uniqueKeysWithValues: parameters.map { ($0.name, $0) })
    if let weights { try read(weights) } else { initialise(seed: seed) }
    for node in graph.nodes {
      guard case .convolution(let convolution) = node.operation, convolution.layers.count > 1 else { continue }
      var layers: [(weight: Parameter, bias: Parameter)] = []
      for layer in convolution.layers { layers.append(try self.layer(layer)) }
      joined[node.name] = try JoinedConvolution(
        node.name, layers, kernel: convolution.kernel, groups: convolution.depthToSpace == nil ? 1 : 4)
    }
  }

  package func parameter(_ name: String) -> Parameter? { byName[name] }

  /// Returns the parameters of a module such as `encoder`, `inter_AB`, `decoder_src`; none if there is no such module.
  package func parameters(of module: String) -> [Parameter] { parameters.filter { $0.name.hasPrefix("\(module).") } }

  /// Returns weight and bias of a layer.
  func layer(_ name: String) throws(LiaeError) -> (weight: Parameter, bias: Parameter) {
    guard let weight = byName["\(name).weight"], let bias = byName["\(name).bias"] else {
      throw LiaeError(.internalError, "\(name) is no layer of \(architecture.name)")
    }
    return (weight, bias)
  }

  /// Returns the parameters of a filter response norm with its threshold.
  func norm(_ block: String) throws(LiaeError) -> ResponseNormParameters {
    func parameter(_ leaf: String) throws(LiaeError) -> Parameter {
      guard let found = byName["\(block).\(leaf)"] else {
        throw LiaeError(.internalError, "\(block) is no block of \(architecture.name)")
      }
      return found
    }
    return ResponseNormParameters(
      weight: try parameter("frn.weight"), bias: try parameter("frn.bias"), epsilon: try parameter("frn.eps"),
      tau: try parameter("tlu.tau"))
  }

  /// Sets the parameters that `isIncluded` accepts to fresh values from `seed`. The values of a parameter do not depend on
  /// which others are set.
  package func initialise(seed: UInt64, where isIncluded: (Parameter) -> Bool = { _ in true }) {
    for (i, parameter) in parameters.enumerated() where isIncluded(parameter) {
      if let constant = constants[parameter.name] {
        parameter.initialise { constant }
        continue
      }
      let bound = layouts[parameter.name]?.glorotBound ?? 0
      var generator = SplitMix64(state: seed &+ UInt64(i) &* 0x9e37_79b9)
      parameter.initialise { bound * (2 * generator.uniform() - 1) }
    }
  }

  // MARK: - What the family has

  /// True if source and destination are decoded by the same layers.
  var sharesDecoder: Bool {
    get throws(LiaeError) {
      let (swap, destination) = (try graph.value("swap.code"), try graph.value("destination.code"))
      return try graph.layers(from: swap, to: graph.output("swap.rgb"))
        == graph.layers(from: destination, to: graph.output("destination.rgb"))
    }
  }

  /// True if the decoders of source and destination read the same code.
  var sharesCode: Bool { graph.namedValues["swap.code"] == graph.namedValues["destination.code"] }

  // MARK: - Model

  private func read(_ model: Model) throws(LiaeError) {
    for parameter in parameters {
      let tensor = try model.tensor(parameter.name).asFloat32()
      guard let layout = layouts[parameter.name], tensor.shape == layout.canonicalShape else {
        throw LiaeError(.shapeMismatch, "tensor \(parameter.name) has shape \(tensor.shape)")
      }
      try tensor.requireFinite("tensor \(parameter.name)")
      // The tensor may be a file's bytes at any address, and has to outlive them.
      withExtendedLifetime(tensor) {
        let source = tensor.raw
        layout.forEach { canonical, trainer in
          parameter.value[trainer] = source.loadUnaligned(fromByteOffset: canonical * 4, as: Float.self)
        }
      }
    }
  }

  /// Returns a copy of the weights as a model.
  ///
  /// - Throws: `outOfMemory`.
  package func model(info: ModelInfo) throws(LiaeError) -> Model {
    var tensors = TensorDictionary()
    for parameter in parameters {
      guard let layout = layouts[parameter.name] else { continue }
      let bytes = try Bytes.allocate(parameter.count * 4, for: parameter.name)
      let out = bytes.base.assumingMemoryBound(to: Float.self)
      layout.forEach { canonical, trainer in out[canonical] = parameter.value[trainer] }
      tensors[parameter.name] = try TensorView(dtype: .float32, shape: layout.canonicalShape, storage: bytes)
    }
    return try Model(architecture: architecture, info: info, tensors: tensors)
  }
}
