// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// The place of the elements of a tensor among the elements of another one, its source: what Reshape, Transpose, Slice
/// and Expand make of it.
///
/// `axes` run through the elements in row-major order, as strides into the source; `shape` groups them into dimensions,
/// so that Reshape changes the shape alone. Axes are in normal form: none has size 1, and neighbours that one stride
/// covers are one axis. Two rearrangements of a source are therefore equal if and only if they are equal values,
/// however many operators made them.
struct Layout: Hashable {
  struct Axis: Hashable {
    var size: Int
    /// The stride in elements of the source; 0 repeats an element.
    var stride: Int
  }

  private(set) var shape: [Int]
  private(set) var axes: [Axis]
  /// Place of the first element.
  private(set) var offset = 0
  /// Number of elements.
  private(set) var count: Int

  /// Dimensions of a tensor at most.
  static let rankLimit = 8

  /// All elements of the source in their order. nil: more dimensions than `rankLimit`, or more elements than `Int` holds.
  init?(_ shape: [Int]) {
    guard shape.count <= Self.rankLimit, let count = CheckedSize.product(shape) else { return nil }
    (self.shape, self.count) = (shape, count)
    axes = Self.normal([Axis(size: count, stride: 1)])
  }

  /// True if the elements are those of the source from the first on, in their order.
  var isPlain: Bool { offset == 0 && axes == Self.normal([Axis(size: count, stride: 1)]) }

  /// True if all elements are one element of the source.
  var isUniform: Bool { count > 0 && axes.allSatisfy { $0.stride == 0 } }

  // MARK: - Rearrangements. Each is nil if it is not possible.

  func reshaped(_ sizes: [Int]) -> Layout? {
    guard sizes.count <= Self.rankLimit, CheckedSize.product(sizes) == count else { return nil }
    var result = self
    result.shape = sizes
    return result
  }

  func transposed(_ order: [Int]) -> Layout? {
    guard order.sorted() == Array(shape.indices), let parts = dimensions() else { return nil }
    var result = self
    result.shape = order.map { shape[$0] }
    result.axes = Self.normal(order.flatMap { parts[$0] })
    return result
  }

  /// `count` places of a dimension from `start` on, `step` apart; all within the dimension.
  func sliced(_ dimension: Int, start: Int, step: Int, count: Int) -> Layout? {
    guard shape.indices.contains(dimension), count >= 0, let parts = dimensions() else { return nil }
    if start == 0 && step == 1 && count == shape[dimension] { return self }
    guard parts[dimension].count <= 1 else { return nil }
    var (result, axes) = (self, parts)
    let axis = parts[dimension].first ?? Axis(size: 1, stride: 0)
    result.shape[dimension] = count
    guard let total = CheckedSize.product(result.shape) else { return nil }
    axes[dimension] = [Axis(size: count, stride: count > 1 ? axis.stride &* step : 0)]
    result.offset += total == 0 ? 0 : axis.stride * start
    (result.count, result.axes) = (total, Self.normal(axes.flatMap { $0 }))
    return result
  }

  /// Dimensions of size 1 repeated to `sizes`, and new ones put in front, as numpy broadcasts.
  func expanded(_ sizes: [Int]) -> Layout? {
    guard sizes.count >= shape.count, sizes.count <= Self.rankLimit, let total = CheckedSize.product(sizes),
      let parts = dimensions()
    else { return nil }
    var result = self
    let added = sizes.count - shape.count
    var axes: [Axis] = []
    for (place, size) in sizes.enumerated() {
      let own = place < added ? 1 : shape[place - added]
      guard own == size || own == 1 else { return nil }
      axes += own == size && place >= added ? parts[place - added] : [Axis(size: size, stride: 0)]
    }
    (result.shape, result.count, result.axes) = (sizes, total, Self.normal(axes))
    return result
  }

  /// The axes of each dimension; nil if an axis goes across the border of two dimensions.
  func dimensions() -> [[Axis]]? {
    guard count > 0 else { return shape.map { $0 == 1 ? [] : [Axis(size: $0, stride: 0)] } }
    var rest = axes
    var parts: [[Axis]] = []
    for size in shape.reversed() {
      var (left, part) = (size, [Axis]())
      while left > 1 {
        guard let axis = rest.popLast() else { return nil }
        if left % axis.size == 0 {
          part.insert(axis, at: 0)
          left /= axis.size
        } else {
          guard axis.size % left == 0 else { return nil }
          part.insert(Axis(size: left, stride: axis.stride), at: 0)
          rest.append(Axis(size: axis.size / left, stride: axis.stride * left))
          left = 1
        }
      }
      parts.insert(part, at: 0)
    }
    return rest.isEmpty ? parts : nil
  }

  /// Places of the first `limit` elements in the source.
  func places(_ limit: Int) -> [Int] {
    var places = count > 0 && limit > 0 ? [offset] : []
    for axis in axes.reversed() where !places.isEmpty {
      let inner = places
      var step = 1
      while step < axis.size && places.count < limit {
        places += inner.map { $0 + step * axis.stride }
        step += 1
      }
    }
    return Array(places.prefix(limit))
  }

  private static func normal(_ axes: [Axis]) -> [Axis] {
    if axes.contains(where: { $0.size == 0 }) { return [Axis(size: 0, stride: 0)] }
    var result: [Axis] = []
    for axis in axes where axis.size != 1 {
      if let outer = result.last, axis.size.multipliedReportingOverflow(by: axis.stride) == (outer.stride, false) {
        result[result.count - 1] = Axis(size: outer.size * axis.size, stride: axis.stride)
      } else {
        result.append(axis)
      }
    }
    return result
  }
}
