// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeSystem
import LiaeTensor

extension TensorView {
  /// `values` rounded to `dtype`, one of float32, float16 and bfloat16.
  package static func of(_ values: [Float], as dtype: DType, shape: [Int]) throws(LiaeError) -> TensorView {
    let bytes: Bytes
    switch dtype {
    case .float16: bytes = try copy(values.map(HalfPrecision.float16))
    case .bfloat16: bytes = try copy(values.map(HalfPrecision.bfloat16))
    default: bytes = try copy(values)
    }
    return try TensorView(dtype: dtype, shape: shape, storage: bytes)
  }

  private static func copy<Element>(_ values: [Element]) throws(LiaeError) -> Bytes {
    try values.withUnsafeBufferPointer { (buffer) throws(LiaeError) in try Bytes.copy(UnsafeRawBufferPointer(buffer)) }
  }
}

extension Model {
  /// The model with its weights rounded to `dtype`.
  package func rounded(to dtype: DType) throws(LiaeError) -> Model {
    try map { (tensor) throws(LiaeError) in
      try TensorView.of((0..<tensor.count).map { tensor[$0] }, as: dtype, shape: tensor.shape)
    }
  }

  /// The same numbers in float32.
  package func widened() throws(LiaeError) -> Model { try map { (tensor) throws(LiaeError) in try tensor.asFloat32() } }

  private func map(_ change: (TensorView) throws(LiaeError) -> TensorView) throws(LiaeError) -> Model {
    var result = TensorDictionary()
    for name in tensors.names { if let tensor = tensors[name] { result[name] = try change(tensor) } }
    return try Model(architecture: architecture, info: info, tensors: result)
  }
}
