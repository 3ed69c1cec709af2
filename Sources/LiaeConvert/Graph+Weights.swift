// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeSystem

// What formats need to know of a network's weights. All of it follows from the graph, so that a new family needs nothing
// here.

extension Graph {
  /// Names of the modules, with which the names of tensors begin, in the order of the network: `encoder`, `inter_AB`.
  var modules: [String] {
    var modules: [String] = []
    for spec in tensors {
      let module = spec.module
      if !modules.contains(module) { modules.append(module) }
    }
    return modules
  }

  /// Weights and biases whose output channels stand in the order of a depth-to-space: those of convolutions that are
  /// read by nothing but an activation with a depth-to-space in CRD order behind it.
  ///
  /// A convolution with another reader would need its channels in two orders; a format that stores DCR could not hold it.
  var shuffledTensors: Set<String> {
    let readers = self.readers
    var names: Set<String> = []
    for (index, node) in nodes.enumerated() where node.operation == .depthToSpace(.crd) {
      var (reader, value) = (index, node.inputs[0])
      while readers[value.index] == [reader], case .activation = self[value].operation {
        (reader, value) = (value.index, self[value].inputs[0])
      }
      guard readers[value.index] == [reader], case .convolution(let convolution) = self[value].operation else {
        continue
      }
      for layer in convolution.layers { names.formUnion(["\(layer).weight", "\(layer).bias"]) }
    }
    return names
  }

  /// Names of the layers whose results make up an output without another layer behind them, in the order in which their
  /// channels are concatenated: one convolution, or four before a depth-to-space.
  ///
  /// - Throws: `unsupported` if the network has no output of that name.
  func heads(of output: String) throws(LiaeError) -> [String] {
    var heads: [String] = []
    var pending = [try self.output(output)]
    while let value = pending.popLast() {
      let layers = self[value].operation.layers
      heads += layers
      if layers.isEmpty { pending += self[value].inputs.reversed() }
    }
    return heads
  }

  /// The axis that the three colours of the picture have in a tensor, for those tensors that have one: input channels of
  /// the convolutions that read the picture, output channels of the heads that make it.
  func colorAxes() throws(LiaeError) -> [String: Int] {
    var axes: [String: Int] = [:]
    for node in nodes where node.inputs.contains(where: { self[$0].operation == .input }) {
      for layer in node.operation.layers { axes["\(layer).weight"] = 1 }
    }
    for output in outputs where output.name.hasSuffix(".rgb") {
      for head in try heads(of: output.name) { (axes["\(head).weight"], axes["\(head).bias"]) = (0, 0) }
    }
    return axes
  }

  /// Tensors that only the picture of the destination depends on, and neither a swap nor a mask: those that a `.dfm` of
  /// df does not hold. Empty in families with one decoder.
  func destinationPictureTensors() throws(LiaeError) -> Set<String> {
    let others = try reaching(outputs.map(\.name).filter { $0 != "destination.rgb" })
    let read = Set(others.nodes.flatMap(\.operation.layers))
    return Set(tensors.filter { !$0.isUnused && !read.contains($0.layer) }.map(\.name))
  }
}

extension Architecture {
  /// The architecture of a kind with all sizes 1 at a resolution that every kind has. Its graph tells the names of
  /// tensors, and which sizes they grow with.
  static func smallest(_ family: Family, flavour: Flavour = .dfl, options: String = "") -> Architecture {
    if family == .xseg, flavour == .dfl, options.isEmpty { return .xseg(resolution: 64, baseDims: 1) }
    return Architecture(
      family: family, flavour: flavour, options: options, resolution: 64, eDims: 1, aeDims: 1, dDims: 1, dMaskDims: 1,
      interDims: family == .amp ? 1 : 0)
  }
}

extension Architecture.Family {
  /// Names of the modules of the family's networks.
  func modules() throws(LiaeError) -> [String] { try Graph(.smallest(self)).modules }

  /// Names of the modules of all families.
  static func allModules() throws(LiaeError) -> Set<String> {
    var modules: Set<String> = []
    for family in allCases { modules.formUnion(try family.modules()) }
    return modules
  }
}
