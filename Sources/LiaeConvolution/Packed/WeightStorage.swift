// SPDX-License-Identifier: Apache-2.0
import LiaeKernels
import LiaeTensor

/// How a layer's weights are stored.
package enum WeightStorage: Sendable, Equatable {
  /// Weights stand as the kernel multiplies with them, float32: Winograd's U, or the taps of a plain sum.
  case transformed
  /// Weights keep the elements of the checkpoint, float32, float16 or bfloat16: those of dense layers, and the taps of a
  /// convolution by Winograd, which are transformed in every run.
  case taps(DType)

  package var name: String {
    switch self {
    case .transformed: return "transformed"
    case .taps(let type): return type.rawValue
    }
  }

  package init?(name: String) {
    if name == "transformed" {
      self = .transformed
    } else if let type = DType(rawValue: name), [.float32, .float16, .bfloat16].contains(type) {
      self = .taps(type)
    } else {
      return nil
    }
  }
}

extension DType {
  /// Returns the number by which kernels know the type of a weight, a `WeightElement`.
  package var weightElement: Int {
    switch self {
    case .float16: return WeightElement.float16
    case .bfloat16: return WeightElement.bfloat16
    default: return WeightElement.float32
    }
  }
}
