// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeTestSupport
import LiaeTrain
import Testing

/// Tensors of golden arrays.
enum Golden {
  /// (N, H, W, C) or (H, W, C), divided by `divisor`; 255 is how DeepFaceLab sees bytes.
  static func tensor(
    _ engine: Engine, _ array: NPYArray?, dividedBy divisor: Float = 255, isDifferentiable: Bool = false
  ) throws -> Tensor {
    let array = try #require(array)
    let s = array.shape.count == 3 ? [1] + array.shape : array.shape
    let tensor = try Tensor(
      engine, count: s[0], height: s[1], width: s[2], channels: s[3], isDifferentiable: isDifferentiable)
    for i in 0..<tensor.elements { tensor.value[i] = array.values[i] / divisor }
    return tensor
  }
}

extension Tensor {
  var values: [Float] { Array(UnsafeBufferPointer(start: value, count: elements)) }
  var gradients: [Float] { get throws { Array(UnsafeBufferPointer(start: try gradient(), count: elements)) } }

  /// Every `step`-th row and column of `all`, which is of this tensor's shape.
  func strided(_ all: [Float], _ step: Int) -> [Float] {
    var result: [Float] = []
    for n in 0..<count {
      for y in Swift.stride(from: 0, to: height, by: step) {
        for x in Swift.stride(from: 0, to: width, by: step) {
          let i = ((n * height + y) * width + x) * channels
          result += all[i..<i + channels]
        }
      }
    }
    return result
  }
}

/// |a - b| / |b|, in the Euclidean norm.
func relativeDistance(_ a: [Float], _ b: [Float]) -> Double {
  guard a.count == b.count else { return .infinity }
  let difference = zip(a, b).reduce(0.0) { $0 + (Double($1.0) - Double($1.1)) * (Double($1.0) - Double($1.1)) }
  return difference.squareRoot() / norm(b)
}

func norm(_ a: some Sequence<Float>) -> Double { a.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot() }
