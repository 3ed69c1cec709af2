// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeSystem
import LiaeTensor

extension TensorView {
  /// `values` rounded to `dtype`, one of float32, float16 and bfloat16.
  package static func of(_ values: [Float], as dtype: DType, shape: [Int]) throws -> TensorView {
    let bytes: Bytes
    switch dtype {
    case .float16: bytes = try values.map(HalfPrecision.float16).withUnsafeBytes { try Bytes.copy($0) }
    case .bfloat16: bytes = try values.map(HalfPrecision.bfloat16).withUnsafeBytes { try Bytes.copy($0) }
    default: bytes = try values.withUnsafeBytes { try Bytes.copy($0) }
    }
    return try TensorView(dtype: dtype, shape: shape, storage: bytes)
  }
}

extension Model {
  /// The model with its weights rounded to `dtype`.
  package func rounded(to dtype: DType) throws -> Model {
    try map { tensor in try TensorView.of((0..<tensor.count).map { tensor[$0] }, as: dtype, shape: tensor.shape) }
  }

  /// The same numbers in float32.
  package func widened() throws -> Model { try map { try $0.asFloat32() } }

  private func map(_ change: (TensorView) throws -> TensorView) throws -> Model {
    var result = TensorDictionary()
    for name in tensors.names { if let tensor = tensors[name] { result[name] = try change(tensor) } }
    return try Model(architecture: architecture, info: info, tensors: result)
  }
}
