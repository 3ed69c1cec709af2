// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeSystem
import LiaeTensor

/// A network among stored values: its architecture, its weights, pictures, and what is expected of them.
package struct StoredNetwork {
  package let name: String
  package init(_ name: String) { self.name = name }

  /// The names of the stored networks.
  package static func all(_ values: StoredValues) -> [StoredNetwork] {
    values.names.filter { $0.hasSuffix("/architecture") }.map { StoredNetwork(String($0.dropLast(13))) }
  }

  package func store(_ model: Model, in values: inout StoredValues) throws(LiaeError) {
    let a = model.architecture
    let flags = [
      a.family == .df, a.flavour == .torch, a.pixelNorm, a.doubleResolution, a.residualDeep, a.cosine,
      model.info.colorOrder == .rgb,
    ]
    let sizes = [a.resolution, a.eDims, a.aeDims, a.dDims, a.dMaskDims]
    values.set("\(name)/architecture", flags.map { $0 ? 1 : 0 } + sizes.map { Float($0) })
    for spec in model.graph.tensors where !spec.isUnused {
      let tensor = try model.tensor(spec.name)
      values.set("\(name)/\(spec.name)", (0..<tensor.count).map { tensor[$0] })
    }
  }

  /// - Throws: `corruptFile` for a network that is neither LIAE nor df, or not stored whole.
  package func model(_ values: StoredValues) throws(LiaeError) -> Model {
    guard let numbers = values["\(name)/architecture"], numbers.count == 12 else { throw missing("architecture") }
    var architecture = Architecture(
      family: numbers[0] == 1 ? .df : .liae, flavour: numbers[1] == 1 ? .torch : .dfl, resolution: Int(numbers[7]),
      eDims: Int(numbers[8]), aeDims: Int(numbers[9]), dDims: Int(numbers[10]), dMaskDims: Int(numbers[11]))
    (architecture.pixelNorm, architecture.doubleResolution) = (numbers[2] == 1, numbers[3] == 1)
    (architecture.residualDeep, architecture.cosine) = (numbers[4] == 1, numbers[5] == 1)
    var tensors = TensorDictionary()
    for spec in try Graph(architecture).tensors where !spec.isUnused {
      guard let weights = values["\(name)/\(spec.name)"] else { throw missing(spec.name) }
      tensors[spec.name] = try TensorView.of(weights, as: .float32, shape: spec.shape)
    }
    var info = ModelInfo(origin: .random)
    info.colorOrder = numbers[6] == 1 ? .rgb : .bgr
    return try Model(architecture: architecture, info: info, tensors: tensors)
  }

  package func set(_ array: String, _ images: [[Float]], in values: inout StoredValues) {
    for (i, image) in images.enumerated() { values.set("\(name)/\(array)/\(i)", image) }
  }

  /// The images of an array, as many as there are.
  package func images(_ array: String, _ values: StoredValues) -> [[Float]] {
    var images: [[Float]] = []
    while let image = values["\(name)/\(array)/\(images.count)"] { images.append(image) }
    return images
  }

  private func missing(_ what: String) -> LiaeError {
    LiaeError(.corruptFile, "stored network \(name) has no \(what)")
  }
}
