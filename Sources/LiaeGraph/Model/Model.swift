// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeTensor

/// The properties of a checkpoint beside its weights.
package struct ModelInfo: Sendable, Equatable {
  /// The origin of the weights.
  package enum Origin: String, Sendable, CaseIterable {
    case safetensors, deepFaceLab = "deepfacelab", dfm, torch, trained, random
  }
  package var origin: Origin
  package var colorOrder: ColorOrder = .bgr
  /// DeepFaceLab's `half_face`, `midfull_face`, `full_face`, `whole_face`, `head`; nil where the file does not say.
  package var faceType: String?
  package var iteration: Int?
  /// The share of AMP's code that training mixed in, 0.1...0.5; nil where the file does not say.
  package var trainedMorph: Double?
  /// True of a df `.dfm`, which holds only the mask branch of decoder_dst: the rest of that decoder is zeros and the
  /// destination cannot be reconstructed.
  package var lacksDestinationPicture = false
  /// Assumptions about what the file could not tell, a sentence each. Shown to the user.
  package var guesses: [String] = []
  /// Contents of the file that a run does not use, a sentence each (unused tensors, optimiser state).
  package var notes: [String] = []

  package init(origin: Origin) { self.origin = origin }
}

extension ModelInfo {
  /// The face types that models have: DeepFaceLab's option `face_type`, and the name that its faces bear.
  package static let faceTypes: [(letters: String, name: String)] = [
    ("h", "half_face"), ("mf", "midfull_face"), ("f", "full_face"), ("wf", "whole_face"),
    ("head", "head"),
  ]

  /// The name of the face type that a person calls by its name or by DeepFaceLab's letters; nil for any other text.
  package static func faceType(_ text: String) -> String? {
    faceTypes.first { $0.name == text || $0.letters == text }?.name
  }
}

/// A network with its weights: canonical names, canonical layouts, checked and immutable.
///
/// Convolutions are (out, in, kh, kw) with depth-to-space channels ordered c*4 + dy*2 + dx; dense layers (out, in) with
/// flat indices ordered channel, row, column. Elements are float32, float16 or bfloat16 as the file stores them.
package struct Model: Sendable {
  package let architecture: Architecture
  package let graph: Graph
  /// What is known of the weights may be corrected; the weights themselves may not.
  package var info: ModelInfo
  package let tensors: TensorDictionary

  /// - Throws: `missingTensor`, `shapeMismatch`, `unknownArchitecture`, naming the tensor, what was found and what was
  ///   expected.
  package init(architecture: Architecture, info: ModelInfo, tensors: TensorDictionary) throws(LiaeError) {
    let graph = try Graph(architecture)
    for spec in graph.tensors {
      guard let tensor = tensors[spec.name] else {
        if spec.isUnused { continue }
        throw LiaeError(
          .missingTensor, "tensor \(spec.name) is missing; \(architecture.name) needs it with shape \(spec.shape)")
      }
      guard tensor.shape == spec.shape else {
        throw LiaeError(
          .shapeMismatch,
          "tensor \(spec.name) has shape \(tensor.shape); \(architecture.name) at resolution \(architecture.resolution) needs \(spec.shape)"
        )
      }
      guard [.float32, .float16, .bfloat16].contains(tensor.dtype) else {
        throw LiaeError(
          .shapeMismatch,
          "tensor \(spec.name) holds \(tensor.dtype.rawValue); expected float32, float16 or bfloat16")
      }
    }
    (self.architecture, self.graph, self.info, self.tensors) = (architecture, graph, info, tensors)
  }

  /// A canonical tensor. Only for names in `graph.tensors` that are not unused, which are there by construction.
  package func tensor(_ name: String) throws(LiaeError) -> TensorView {
    guard let tensor = tensors[name] else { throw LiaeError(.missingTensor, "tensor \(name) is missing") }
    return tensor
  }
}

extension Model {
  /// Random weights of a trained network's scale, for benchmarks and tests: normal with deviation gain / sqrt(fan in),
  /// biases normal with deviation 0.05; factors of a response norm around 1, its epsilon 0.05 to 0.06. The same seed
  /// gives the same weights.
  package static func random(_ architecture: Architecture, seed: UInt64 = 0, gain: Float = 1.25) throws(LiaeError)
    -> Model
  {
    var generator = SplitMix64(state: seed)
    var tensors = TensorDictionary()
    for spec in try Graph(architecture).tensors where !spec.isUnused {
      let count = spec.shape.reduce(1, *)
      let isBias = spec.shape.count == 1
      let deviation = isBias ? 0.05 : gain / Float(count / spec.shape[0]).squareRoot()
      let bytes = try Bytes.allocate(count * 4, for: spec.name)
      let out = bytes.base.assumingMemoryBound(to: Float.self)
      for i in 0..<count { out[i] = generator.normal() * deviation }
      if spec.name.hasSuffix(".frn.weight") { for i in 0..<count { out[i] += 1 } }
      if spec.name.hasSuffix(".frn.eps") { out[0] = 0.05 + abs(out[0]) * 0.01 }
      tensors[spec.name] = try TensorView(dtype: .float32, shape: spec.shape, storage: bytes)
    }
    return try Model(architecture: architecture, info: ModelInfo(origin: .random), tensors: tensors)
  }
}
