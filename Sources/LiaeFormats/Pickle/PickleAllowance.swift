// SPDX-License-Identifier: Apache-2.0
import LiaeTensor

/// The globals that a pickle may name. All are interpreted here; none is looked up or called.
package struct PickleAllowance: Sendable {
  private let isTorch: Bool
  private let enumerations: Set<String>

  /// Arrays and scalars of numpy 1 and 2: what DeepFaceLab's model files hold.
  package static let numpy = PickleAllowance(isTorch: false, enumerations: [])
  /// The globals that `torch.save` writes for tensors, state dicts and optimisers, and numpy's arrays and scalars
  /// beside them.
  package static let torch = PickleAllowance(isTorch: true, enumerations: [])
  /// numpy and the two enumerations of DeepFaceLab's `faceset.pak`.
  package static let faceset = PickleAllowance(
    isTorch: false, enumerations: ["samplelib.Sample.SampleType", "facelib.FaceType.FaceType"])

  /// Returns the meaning of the global, or nil where it is not allowed.
  func resolve(module: String, name: String) -> PickleGlobal? {
    switch (module, name) {
    case ("numpy", "ndarray"): return .ndarray
    case ("numpy", "dtype"): return .numpyType
    case ("numpy.core.multiarray", "_reconstruct"), ("numpy._core.multiarray", "_reconstruct"):
      return .reconstructArray
    case ("numpy.core.multiarray", "scalar"), ("numpy._core.multiarray", "scalar"): return .scalar
    case ("numpy.core.numeric", "_frombuffer"), ("numpy._core.numeric", "_frombuffer"): return .arrayFromBuffer
    // Protocol 2 writes bytes by the one, and empty bytes by the other.
    case ("_codecs", "encode"), ("__builtin__", "bytes"), ("builtins", "bytes"): return .encode
    default: break
    }
    let path = "\(module).\(name)"
    if enumerations.contains(path) { return .enumeration(path) }
    return isTorch ? Self.torchGlobal(module: module, name: name) : nil
  }

  private static func torchGlobal(module: String, name: String) -> PickleGlobal? {
    switch (module, name) {
    case ("collections", "OrderedDict"), ("collections", "Counter"): return .orderedDictionary
    case ("collections", "defaultdict"): return .defaultDictionary
    case ("torch._utils", "_rebuild_tensor"), ("torch._utils", "_rebuild_tensor_v2"): return .rebuildTensor
    case ("torch._utils", "_rebuild_parameter"): return .rebuildParameter
    case ("torch", "Size"): return .size
    case ("torch", "device"), ("torch.serialization", "_get_layout"), ("builtins", "set"), ("__builtin__", "set"),
      ("builtins", "complex"), ("__builtin__", "complex"):
      return .opaque
    case ("builtins", "bytearray"), ("__builtin__", "bytearray"): return .encode
    // Factories of a defaultdict.
    case ("builtins", "dict"), ("builtins", "list"), ("builtins", "int"), ("builtins", "float"),
      ("__builtin__", "dict"), ("__builtin__", "list"), ("__builtin__", "int"), ("__builtin__", "float"):
      return .name
    case ("torch.storage", "UntypedStorage"), ("torch", "UntypedStorage"): return .name
    case ("torch", _) where storageTypes.contains(name) || elementTypes.contains(name): return .name
    default: return nil
    }
  }

  private static let storageTypes: Set<String> = [
    "DoubleStorage", "FloatStorage", "HalfStorage", "BFloat16Storage", "LongStorage", "IntStorage", "ShortStorage",
    "CharStorage", "ByteStorage", "BoolStorage", "ComplexDoubleStorage", "ComplexFloatStorage", "QUInt8Storage",
    "QInt8Storage", "QInt32Storage",
  ]

  /// `torch.float32` and its like, as hyperparameters mention them.
  private static let elementTypes: Set<String> = [
    "float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool", "complex64",
    "complex128", "uint16", "uint32", "uint64", "float8_e4m3fn", "float8_e5m2", "strided", "preserve_format",
    "contiguous_format", "channels_last",
  ]
}

/// The meaning of an allowed global.
enum PickleGlobal: Sendable {
  case ndarray, numpyType, reconstructArray, scalar, arrayFromBuffer
  /// `_codecs.encode(text, "latin1")`, `bytes` and `bytearray` are ways to write bytes.
  case encode
  case orderedDictionary, defaultDictionary
  case rebuildTensor, rebuildParameter
  case size
  case enumeration(String)
  /// Calling it gives an object of no use here.
  case opaque
  /// It is mentioned, and cannot be called.
  case name
}
