// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The elementary functions of libm, so that no other module has to import libc. Each is one call of the C function of its
/// name and type, inlined at the caller; results are libm's to the bit.
@usableFromInline package enum Math {
  @inlinable @inline(__always) package static func exp(_ x: Double) -> Double { Glibc.exp(x) }
  @inlinable @inline(__always) package static func exp(_ x: Float) -> Float { Glibc.expf(x) }
  @inlinable @inline(__always) package static func log(_ x: Double) -> Double { Glibc.log(x) }
  /// log(1 + x).
  @inlinable @inline(__always) package static func log1p(_ x: Float) -> Float { Glibc.log1pf(x) }
  @inlinable @inline(__always) package static func log10(_ x: Double) -> Double { Glibc.log10(x) }
  @inlinable @inline(__always) package static func pow(_ x: Double, _ y: Double) -> Double { Glibc.pow(x, y) }
  @inlinable @inline(__always) package static func pow(_ x: Float, _ y: Float) -> Float { Glibc.powf(x, y) }

  // Angles are in radians.
  @inlinable @inline(__always) package static func sin(_ x: Double) -> Double { Glibc.sin(x) }
  @inlinable @inline(__always) package static func sin(_ x: Float) -> Float { Glibc.sinf(x) }
  @inlinable @inline(__always) package static func cos(_ x: Double) -> Double { Glibc.cos(x) }
  @inlinable @inline(__always) package static func cos(_ x: Float) -> Float { Glibc.cosf(x) }
  /// The angle from the positive x axis to (x, y), -pi...pi.
  @inlinable @inline(__always) package static func atan2(_ y: Double, _ x: Double) -> Double { Glibc.atan2(y, x) }
  @inlinable @inline(__always) package static func atan2(_ y: Float, _ x: Float) -> Float { Glibc.atan2f(y, x) }
  @inlinable @inline(__always) package static func tanh(_ x: Double) -> Double { Glibc.tanh(x) }
}
