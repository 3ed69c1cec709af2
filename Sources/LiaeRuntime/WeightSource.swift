// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeSystem
import LiaeTensor

/// The tensors of a model that is being packed. They go one by one.
final class WeightSource {
  private var tensors: TensorDictionary

  init(_ model: consuming Model) { tensors = model.tensors }

  func weightsAndBias(_ layer: String) throws(LiaeError) -> (weights: TensorView, bias: TensorView) {
    (try tensor("\(layer).weight"), try tensor("\(layer).bias"))
  }

  /// What the weights of layers that are packed together are kept in: their elements, or float32 where they differ.
  func type(_ layers: [String]) throws(LiaeError) -> DType {
    var types: Set<DType> = []
    for layer in layers { types.insert(try tensor("\(layer).weight").dtype) }
    return types.count == 1 ? types.first ?? .float32 : .float32
  }

  /// The layers are packed.
  func release(_ layers: [String]) {
    for layer in layers {
      for name in ["\(layer).weight", "\(layer).bias"] {
        tensors[name]?.dropPages()
        tensors[name] = nil
      }
    }
  }

  private func tensor(_ name: String) throws(LiaeError) -> TensorView {
    guard let tensor = tensors[name] else { throw LiaeError(.missingTensor, "tensor \(name) is missing") }
    return tensor
  }
}
