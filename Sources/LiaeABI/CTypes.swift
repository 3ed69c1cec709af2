// SPDX-License-Identifier: Apache-2.0

// How this module says C. `@_cdecl` takes no pointer to a Swift struct, so pointers to structs are raw pointers whose
// type `liae-headergen` reads from these spellings; in C they are what the comments say.

/// `const t *` in C.
package typealias In<T> = UnsafeRawPointer
/// `t *` in C.
package typealias Out<T> = UnsafeMutableRawPointer
/// `t *` of an opaque type in C: a number that the registry knows, never an address.
package typealias Handle<T> = OpaquePointer
/// The values of a Swift enum, passed as `int32_t`.
package typealias CEnum<E> = Int32

/// A struct that the header declares with these members in this order. Members are fixed-width integers, Float, Int
/// (`size_t`), pointers and callbacks, ordered so that neither language has to pad; liae-headergen refuses padding and
/// `make check-abi` compares every offset between C and Swift.
protocol CStruct: BitwiseCopyable {}

/// A `CStruct` that may grow at its end: `structSize` is its first member, and says what the caller knows of it.
protocol GrowingStruct: CStruct {
  /// Creates the struct with every member at its default.
  init()
  /// Size of the struct in the first release, bytes: no caller knows less.
  static var smallestSize: Int { get }
  var structSize: Int { get set }
}
