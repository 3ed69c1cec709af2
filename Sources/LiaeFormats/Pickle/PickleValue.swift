// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeTensor

/// The contents of a pickle: plain values and tensors.
///
/// Values from `PickleReader` are at most `FormatLimits.pickleDepth` deep and hold at most `pickleValues` values, so
/// that they may be walked by recursion. What the pickle shares, arrays and strings share here.
package enum PickleValue: Sendable {
  case none
  case bool(Bool)
  case int(Int)
  case float(Double)
  case string(String)
  /// uint8, one axis.
  indirect case bytes(TensorView)
  case list([PickleValue])
  case tuple([PickleValue])
  /// A dictionary in the order of the file; no text stands twice among the keys.
  case dictionary([(key: PickleValue, value: PickleValue)])
  /// A numpy array or scalar (no axis), or a PyTorch tensor.
  indirect case tensor(TensorView)
  indirect case enumeration(type: String, value: Int)
  /// An object that is known to be harmless and is of no use here; the text says what it was.
  case opaque(String)

  /// The value of a text key, or nil where this is no dictionary or has no such key. Linear in the number of keys.
  package subscript(key: String) -> PickleValue? {
    guard case .dictionary(let pairs) = self else { return nil }
    return pairs.first { if case .string(key) = $0.key { true } else { false } }?.value
  }

  /// A whole number, exactly: an int, a bool, a float or numpy scalar without fraction; nil for anything else.
  package var intValue: Int? {
    switch self {
    case .int(let value): return value
    case .bool(let value): return value ? 1 : 0
    case .float(let value): return Int(exactly: value)
    case .tensor(let view) where view.count == 1:
      switch view.dtype {
      case .int64: return Int(view.first(as: Int64.self))
      case .float64: return Int(exactly: view.first(as: Double.self))
      case .int32: return Int(view.first(as: Int32.self))  // a float would round it
      default: return Int(exactly: view[0])
      }
    default: return nil
    }
  }

  /// A number: a float, an int, a bool or a numpy scalar; nil for anything else.
  package var doubleValue: Double? {
    switch self {
    case .float(let value): return value
    case .int(let value): return Double(value)
    case .bool(let value): return value ? 1 : 0
    case .tensor(let view) where view.count == 1 && view.dtype == .float64:
      return view.first(as: Double.self)
    case .tensor(let view) where view.count == 1:
      return view.dtype.isFloatingPoint ? Double(view[0]) : intValue.map(Double.init)
    default: return nil
    }
  }

  /// A truth value: a bool, or a number that is 0 or 1.
  package var boolValue: Bool? {
    switch intValue {
    case 0: return false
    case 1: return true
    default: return nil
    }
  }

  package var stringValue: String? {
    if case .string(let value) = self { value } else { nil }
  }

  package var tensorValue: TensorView? {
    if case .tensor(let value) = self { value } else { nil }
  }

  /// The elements of a list or tuple.
  package var elements: [PickleValue]? {
    switch self {
    case .list(let values), .tuple(let values): return values
    default: return nil
    }
  }

  /// The pairs of a dictionary.
  package var pairs: [(key: PickleValue, value: PickleValue)]? {
    if case .dictionary(let pairs) = self { pairs } else { nil }
  }

  /// The kind of the value, for messages.
  package var kind: String {
    switch self {
    case .none: return "None"
    case .bool: return "a truth value"
    case .int: return "an integer"
    case .float: return "a float"
    case .string: return "a text"
    case .bytes: return "bytes"
    case .list: return "a list"
    case .tuple: return "a tuple"
    case .dictionary: return "a dictionary"
    case .tensor(let view): return "a \(view.dtype.rawValue) array of shape \(view.shape)"
    case .enumeration(let type, _): return "a \(type)"
    case .opaque(let what): return what
    }
  }
}

extension TensorView {
  /// The bits of the first element, which is there.
  fileprivate func first<T: BitwiseCopyable>(as type: T.Type) -> T {
    withExtendedLifetime(storage) { raw.loadUnaligned(as: type) }
  }
}
