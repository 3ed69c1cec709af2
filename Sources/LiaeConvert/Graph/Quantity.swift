// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeTensor

/// A number that a graph computes from shapes, constants and the morph value, without having seen a picture.
enum Quantity: Hashable, CustomStringConvertible {
  /// Booleans are 0 and 1.
  case integer(Int)
  case real(Double)
  /// The morph value, 0...1, times a number.
  case morph(scale: Double)
  /// slope * trunc(scale * morph) + offset: channels that AMP takes from one of its codes. The slope is not 0.
  case channels(slope: Int, offset: Int, scale: Double)

  var description: String {
    switch self {
    case .integer(let value): "\(value)"
    case .real(let value): "\(value)"
    case .morph(let scale): "\(scale) * morph"
    case .channels(let slope, let offset, let scale): "\(slope) * trunc(\(scale) * morph) + \(offset)"
    }
  }

  var integer: Int? { if case .integer(let value) = self { value } else { nil } }

  /// The value of a number that does not depend on the morph value.
  var number: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .real(let value): value
    default: nil
    }
  }

  /// The least and the greatest value of a whole number over all morph values.
  private var range: ClosedRange<Int>? {
    switch self {
    case .integer(let value): return value...value
    case .channels(let slope, let offset, let scale):
      guard scale >= 0, let most = Int(exactly: scale.rounded(.towardZero)) else { return nil }
      let (span, overflow) = slope.multipliedReportingOverflow(by: most)
      let (end, overflows) = offset.addingReportingOverflow(span)
      return overflow || overflows ? nil : min(offset, end)...max(offset, end)
    default: return nil
    }
  }

  // MARK: - Arithmetic. nil: overflow, division by zero, or a result that depends on the morph value otherwise.

  enum Operator: String {
    case add = "Add", subtract = "Sub", multiply = "Mul", divide = "Div", remainder = "Mod", power = "Pow"
    case minimum = "Min", maximum = "Max", equal = "Equal", less = "Less", greater = "Greater"
    case lessOrEqual = "LessOrEqual", greaterOrEqual = "GreaterOrEqual", and = "And", or = "Or"
  }

  func combined(_ operation: Operator, _ other: Quantity) -> Quantity? {
    switch (self, other) {
    case (.integer(let a), .integer(let b)): return Self.whole(operation, a, b)
    case (.real(let a), .real(let b)): return Self.real(operation, a, b)
    case (.morph(let scale), .real(let factor)), (.real(let factor), .morph(let scale)):
      if operation == .multiply { return .morph(scale: scale * factor) }
      guard operation == .divide, case .morph = self, factor != 0 else { return nil }
      return .morph(scale: scale / factor)
    case (.channels, .integer), (.integer, .channels), (.channels, .channels): break
    default: return nil
    }
    switch operation {
    case .add: return linear(other, 1)
    case .subtract: return linear(other, -1)
    case .multiply:
      if let factor = integer { return Quantity.integer(0).linear(other, factor) }
      return other.integer.flatMap { Quantity.integer(0).linear(self, $0) }
    default:
      // Comparisons that come out the same for every morph value.
      guard let a = range, let b = other.range else { return nil }
      switch operation {
      case .equal: return a.overlaps(b) ? nil : .integer(0)
      case .less: return Self.decided(a.upperBound < b.lowerBound, a.lowerBound >= b.upperBound)
      case .lessOrEqual: return Self.decided(a.upperBound <= b.lowerBound, a.lowerBound > b.upperBound)
      case .greater: return Self.decided(a.lowerBound > b.upperBound, a.upperBound <= b.lowerBound)
      case .greaterOrEqual: return Self.decided(a.lowerBound >= b.upperBound, a.upperBound < b.lowerBound)
      case .minimum where a.upperBound <= b.lowerBound, .maximum where a.lowerBound >= b.upperBound: return self
      case .minimum where b.upperBound <= a.lowerBound, .maximum where b.lowerBound >= a.upperBound: return other
      default: return nil
      }
    }
  }

  private static func decided(_ isTrue: Bool, _ isFalse: Bool) -> Quantity? {
    isTrue || isFalse ? .integer(isTrue ? 1 : 0) : nil
  }

  /// self + factor * other.
  private func linear(_ other: Quantity, _ factor: Int) -> Quantity? {
    func parts(_ quantity: Quantity) -> (slope: Int, offset: Int, scale: Double?)? {
      switch quantity {
      case .integer(let value): (0, value, nil)
      case .channels(let slope, let offset, let scale): (slope, offset, scale)
      default: nil
      }
    }
    guard let a = parts(self), let b = parts(other), a.scale == nil || b.scale == nil || a.scale == b.scale else {
      return nil
    }
    func sum(_ x: Int, _ y: Int) -> Int? {
      let (product, overflow) = y.multipliedReportingOverflow(by: factor)
      let (sum, overflows) = x.addingReportingOverflow(product)
      return overflow || overflows ? nil : sum
    }
    guard let slope = sum(a.slope, b.slope), let offset = sum(a.offset, b.offset) else { return nil }
    guard slope != 0, let scale = a.scale ?? b.scale else { return .integer(offset) }
    return .channels(slope: slope, offset: offset, scale: scale)
  }

  private static func whole(_ operation: Operator, _ a: Int, _ b: Int) -> Quantity? {
    func checked(_ result: (Int, overflow: Bool)) -> Quantity? { result.overflow ? nil : .integer(result.0) }
    switch operation {
    case .add: return checked(a.addingReportingOverflow(b))
    case .subtract: return checked(a.subtractingReportingOverflow(b))
    case .multiply: return checked(a.multipliedReportingOverflow(by: b))
    case .divide: return b == 0 ? nil : checked(a.dividedReportingOverflow(by: b))
    case .remainder:
      // The sign is that of the divisor, as in Python.
      guard b != 0, b != -1 else { return b == 0 ? nil : .integer(0) }
      let rest = a % b
      return .integer(rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest)
    case .power: return nil
    case .minimum: return .integer(min(a, b))
    case .maximum: return .integer(max(a, b))
    case .equal: return .integer(a == b ? 1 : 0)
    case .less: return .integer(a < b ? 1 : 0)
    case .lessOrEqual: return .integer(a <= b ? 1 : 0)
    case .greater: return .integer(a > b ? 1 : 0)
    case .greaterOrEqual: return .integer(a >= b ? 1 : 0)
    case .and: return .integer(a != 0 && b != 0 ? 1 : 0)
    case .or: return .integer(a != 0 || b != 0 ? 1 : 0)
    }
  }

  private static func real(_ operation: Operator, _ a: Double, _ b: Double) -> Quantity? {
    switch operation {
    case .add: return .real(a + b)
    case .subtract: return .real(a - b)
    case .multiply: return .real(a * b)
    case .divide: return b == 0 ? nil : .real(a / b)
    case .minimum: return .real(min(a, b))
    case .maximum: return .real(max(a, b))
    case .equal: return .integer(a == b ? 1 : 0)
    case .less: return .integer(a < b ? 1 : 0)
    case .lessOrEqual: return .integer(a <= b ? 1 : 0)
    case .greater: return .integer(a > b ? 1 : 0)
    case .greaterOrEqual: return .integer(a >= b ? 1 : 0)
    case .remainder, .power, .and, .or: return nil
    }
  }

  enum Function: String {
    case negative = "Neg", absolute = "Abs", not = "Not", floor = "Floor", ceiling = "Ceil", root = "Sqrt"
    case reciprocal = "Reciprocal"
  }

  func applying(_ function: Function) -> Quantity? {
    switch (function, self) {
    case (.negative, .integer), (.negative, .channels): return Quantity.integer(0).linear(self, -1)
    case (.negative, .real(let value)): return .real(-value)
    case (.absolute, .integer(let value)): return value == .min ? nil : .integer(abs(value))
    case (.absolute, .real(let value)): return .real(abs(value))
    case (.not, .integer(let value)): return .integer(value == 0 ? 1 : 0)
    case (.floor, .real(let value)): return .real(value.rounded(.down))
    case (.ceiling, .real(let value)): return .real(value.rounded(.up))
    case (.root, .real(let value)): return value < 0 ? nil : .real(value.squareRoot())
    case (.reciprocal, .real(let value)): return value == 0 ? nil : .real(1 / value)
    default: return nil
    }
  }

  /// The number as an element of another type.
  func cast(to type: DType) -> Quantity? {
    switch (self, type) {
    case (_, .bool): return number.map { .integer($0 == 0 ? 0 : 1) }
    case (.real(let value), .float16):
      return .real(Double(HalfPrecision.float(fromFloat16: HalfPrecision.float16(Float(value)))))
    case (.real, _) where type.isFloatingPoint: return self
    case (.morph, .float32), (.morph, .float64): return self
    case (.integer(let value), _) where type.isFloatingPoint: return .real(Double(value))
    case (.real(let value), _): return Int(exactly: value.rounded(.towardZero)).map { .integer($0) }
    case (.morph(let scale), .int64), (.morph(let scale), .int32):
      return scale > 0 ? .channels(slope: 1, offset: 0, scale: scale) : nil
    case (.integer, _), (.channels, .int64), (.channels, .int32): return self
    default: return nil
    }
  }
}
