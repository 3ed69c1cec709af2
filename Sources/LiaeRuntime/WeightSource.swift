// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeSystem
import LiaeTensor

/// The tensors of a model that is being packed. They go one by one.
final class WeightSource {
  private var tensors: TensorDictionary
  private let pool: ThreadPool
  private let allowsNonFinite: Bool
  private var checked: Set<String> = []
  /// The first tensor with elements that are not finite, where such are allowed.
  private(set) var nonFinite: String?

  init(_ model: consuming Model, _ pool: ThreadPool, allowsNonFinite: Bool) {
    tensors = model.tensors
    (self.pool, self.allowsNonFinite) = (pool, allowsNonFinite)
  }

  /// - Throws: as `finite`.
  func weightsAndBias(_ layer: String) throws(LiaeError) -> (weights: TensorView, bias: TensorView) {
    (try finite("\(layer).weight"), try finite("\(layer).bias"))
  }

  /// - Throws: `corruptFile` for elements that are not finite, unless they are allowed; `missingTensor`.
  func finite(_ name: String) throws(LiaeError) -> TensorView {
    let tensor = try tensor(name)
    guard checked.insert(name).inserted, !FiniteCheck.isFinite(tensor, pool) else { return tensor }
    let first = try tensor.firstNonFinite() ?? 0
    guard allowsNonFinite else { throw Plan.nonFinite("tensor \(name): element \(first) is \(tensor[first])") }
    if nonFinite == nil { nonFinite = name }
    return tensor
  }

  /// Returns the element type in which the weights of layers that are packed together are kept: their elements, or
  /// float32 where they differ.
  func type(_ layers: [String]) throws(LiaeError) -> DType {
    var types: Set<DType> = []
    for layer in layers { types.insert(try tensor("\(layer).weight").dtype) }
    return types.count == 1 ? types.first ?? .float32 : .float32
  }

  /// The layers are packed.
  func release(_ layers: [String]) {
    for layer in layers {
      for name in ["\(layer).weight", "\(layer).bias", "\(layer).eps", "\(layer).tau"] {
        tensors[name] = nil
      }
    }
  }

  private func tensor(_ name: String) throws(LiaeError) -> TensorView {
    guard let tensor = tensors[name] else { throw LiaeError(.missingTensor, "tensor \(name) is missing") }
    return tensor
  }
}
