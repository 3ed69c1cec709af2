// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// A tensor that is made when it is written, so that a file of many takes the memory of one.
package struct TensorSource {
  package let name: String
  package let dtype: DType
  package let shape: [Int]
  /// - Throws: `outOfMemory`.
  package let view: () throws(LiaeError) -> TensorView

  package init(name: String, dtype: DType, shape: [Int], view: @escaping () throws(LiaeError) -> TensorView) {
    (self.name, self.dtype, self.shape, self.view) = (name, dtype, shape, view)
  }
}

extension TensorDictionary {
  /// Its tensors, in their order.
  package var sources: [TensorSource] {
    names.compactMap { name in
      self[name].map { view in TensorSource(name: name, dtype: view.dtype, shape: view.shape) { view } }
    }
  }
}
