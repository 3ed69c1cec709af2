// SPDX-License-Identifier: Apache-2.0

/// A block of accumulators: `rows` pixels or tiles by one or two vectors of output channels.
///
/// Built as a tree of generic structs, so that after inlining every accumulator is a value in a register. Loops over an
/// array or a tuple do not get there: LLVM unrolls them by three and keeps the accumulators in memory.
@usableFromInline package protocol RegisterTile {
  associatedtype V: Lanes
  static var rows: Int { get }
  /// Vectors of output channels, 1 or 2.
  static var vectors: Int { get }
  init()
  /// Adds b0, b1 times the scalar of each row; scalars stand `rowStride` floats apart.
  mutating func accumulate(_ b0: V, _ b1: V, _ a: FloatPointer, _ rowStride: Int)
  /// Rows follow one another, `vectors` vectors each.
  func storeAll(_ c: MutableFloatPointer)
  /// Loads what `storeAll` stored.
  mutating func loadAll(_ c: MutableFloatPointer)
}

@usableFromInline package struct Row2<V: Lanes>: RegisterTile {
  @usableFromInline var x: V, y: V
  @inlinable @inline(__always) package static var rows: Int { 1 }
  @inlinable @inline(__always) package static var vectors: Int { 2 }
  @inlinable @inline(__always) package init() { (x, y) = (V(repeating: 0), V(repeating: 0)) }
  @inlinable @inline(__always) package mutating func accumulate(_ b0: V, _ b1: V, _ a: FloatPointer, _ rowStride: Int) {
    let s = V(repeating: a[0])
    x = V.mulAdd(x, b0, s)
    y = V.mulAdd(y, b1, s)
  }
  @inlinable @inline(__always) package func storeAll(_ c: MutableFloatPointer) { store(c, x); store(c + V.width, y) }
  @inlinable @inline(__always) package mutating func loadAll(_ c: MutableFloatPointer) {
    (x, y) = (load(c), load(c + V.width))
  }
}

@usableFromInline package struct Row1<V: Lanes>: RegisterTile {
  @usableFromInline var x: V
  @inlinable @inline(__always) package static var rows: Int { 1 }
  @inlinable @inline(__always) package static var vectors: Int { 1 }
  @inlinable @inline(__always) package init() { x = V(repeating: 0) }
  @inlinable @inline(__always) package mutating func accumulate(_ b0: V, _ b1: V, _ a: FloatPointer, _ rowStride: Int) {
    x = V.mulAdd(x, b0, V(repeating: a[0]))
  }
  @inlinable @inline(__always) package func storeAll(_ c: MutableFloatPointer) { store(c, x) }
  @inlinable @inline(__always) package mutating func loadAll(_ c: MutableFloatPointer) { x = load(c) }
}

@usableFromInline package struct Stack<A: RegisterTile, B: RegisterTile>: RegisterTile where A.V == B.V {
  @usableFromInline package typealias V = A.V
  @usableFromInline var a: A, b: B
  @inlinable @inline(__always) package static var rows: Int { A.rows + B.rows }
  @inlinable @inline(__always) package static var vectors: Int { A.vectors }
  @inlinable @inline(__always) package init() { (a, b) = (A(), B()) }
  @inlinable @inline(__always) package mutating func accumulate(_ b0: V, _ b1: V, _ p: FloatPointer, _ rowStride: Int) {
    a.accumulate(b0, b1, p, rowStride)
    b.accumulate(b0, b1, p + rowStride * A.rows, rowStride)
  }
  @inlinable @inline(__always) package func storeAll(_ c: MutableFloatPointer) {
    a.storeAll(c)
    b.storeAll(c + A.vectors * V.width * A.rows)
  }
  @inlinable @inline(__always) package mutating func loadAll(_ c: MutableFloatPointer) {
    a.loadAll(c)
    b.loadAll(c + A.vectors * V.width * A.rows)
  }
}

@usableFromInline package typealias Times2<T: RegisterTile> = Stack<T, T>
@usableFromInline package typealias Times3<T: RegisterTile> = Stack<Times2<T>, T>
@usableFromInline package typealias Times4<T: RegisterTile> = Stack<Times2<T>, Times2<T>>
@usableFromInline package typealias Times5<T: RegisterTile> = Stack<Times4<T>, T>
@usableFromInline package typealias Times6<T: RegisterTile> = Stack<Times4<T>, Times2<T>>
@usableFromInline package typealias Times7<T: RegisterTile> = Stack<Times4<T>, Times3<T>>
@usableFromInline package typealias Times8<T: RegisterTile> = Stack<Times4<T>, Times4<T>>

/// Work on a register tile of a row count that is known at compile time.
@usableFromInline package protocol TileBody {
  associatedtype V: Lanes
  func run<T: RegisterTile>(_: T.Type) where T.V == V
}

/// Calls `body` with the tile of `rows` rows, 1...V.tileRows, of the unit row `T`.
@inlinable @inline(__always)
package func withTile<T: RegisterTile, B: TileBody>(_: T.Type, rows: Int, _ body: B) where T.V == B.V {
  switch rows {
  case 1: body.run(T.self)
  case 2: body.run(Times2<T>.self)
  case 3: body.run(Times3<T>.self)
  case 4: body.run(Times4<T>.self)
  case 5: body.run(Times5<T>.self)
  default:
    // Taller tiles are not even instantiated where they do not stay in registers: those of more than 6 rows fit the 32
    // registers of AVX-512 alone.
    guard T.V.tileRows > 5 else { return }
    guard T.V.tileRows > 6 else { return body.run(Times6<T>.self) }
    switch rows {
    case 6: body.run(Times6<T>.self)
    case 7: body.run(Times7<T>.self)
    case 8: body.run(Times8<T>.self)
    case 9: body.run(Stack<Times8<T>, T>.self)
    case 10: body.run(Stack<Times8<T>, Times2<T>>.self)
    case 11: body.run(Stack<Times8<T>, Times3<T>>.self)
    case 12: body.run(Stack<Times8<T>, Times4<T>>.self)
    case 13: body.run(Stack<Times8<T>, Times5<T>>.self)
    default: body.run(Stack<Times8<T>, Times6<T>>.self)
    }
  }
}

/// Splits `rows` into as few groups of at most `V.tileRows` as possible, as even as possible (22 = 11 + 11).
@inlinable @inline(__always)
package func forEachRowGroup<V: Lanes>(
  _: V.Type, _ rows: Int, _ body: (_ start: Int, _ count: Int, _ group: Int) -> Void
) {
  let groups = (rows + V.tileRows - 1) / V.tileRows
  if groups == 0 { return }
  let base = rows / groups, extra = rows % groups
  var start = 0
  for group in 0..<groups {
    let count = base + (group < extra ? 1 : 0)
    body(start, count, group)
    start += count
  }
}
