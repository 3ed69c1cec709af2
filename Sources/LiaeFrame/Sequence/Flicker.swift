// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeTensor

/// A measure of trembling: the mean size of a - 2b + c over three frames in a row. Even motion has none;
/// what alternates between two values has twice their distance.
package struct Flicker: Sendable {
  private var sum = 0.0
  private var count = 0

  package init() {}

  /// Pixels' values or points that were counted.
  package var samples: Int { count }

  /// The mean in the units of what was added, 8-bit levels or pixels; nil before anything was added.
  package var mean: Double? { count > 0 ? sum / Double(count) : nil }

  /// The channels of 8-bit images, where each of the three 8-bit masks is at least half.
  ///
  /// - Throws: `invalidArgument` for images of different sizes or formats, or float ones.
  package mutating func add(_ images: (ImageView, ImageView, ImageView), where masks: (ImageView, ImageView, ImageView))
    throws(LiaeError)
  {
    let (a, b, c) = images
    for image in [a, b, c, masks.0, masks.1, masks.2] {
      guard image.width == a.width, image.height == a.height, !image.format.isFloat else {
        throw LiaeError(
          .invalidArgument,
          "flicker: an image of \(image.width) x \(image.height) pixels; expected 8 bits and \(a.width) x \(a.height)")
      }
    }
    let channels = min(3, a.format.channels)
    guard a.format == b.format, a.format == c.format, masks.0.format == masks.1.format, masks.0.format == masks.2.format
    else { throw LiaeError(.invalidArgument, "flicker: images of several formats; expected one, and one of masks") }
    let (pixel, step) = (a.format.size, masks.1.format.size)
    var total = 0
    for y in 0..<a.height {
      let rows = (a.base + y * a.stride, b.base + y * b.stride, c.base + y * c.stride)
      let weights = (
        masks.0.base + y * masks.0.stride, masks.1.base + y * masks.1.stride, masks.2.base + y * masks.2.stride
      )
      for x in 0..<a.width {
        func weight(_ row: UnsafeRawPointer) -> UInt8 { row.load(fromByteOffset: x * step, as: UInt8.self) }
        // The highest bit stands for one half.
        guard weight(weights.1) & weight(weights.0) & weight(weights.2) & 0x80 != 0 else { continue }
        for offset in x * pixel..<x * pixel + channels {
          func byte(_ row: UnsafeRawPointer) -> Int { Int(row.load(fromByteOffset: offset, as: UInt8.self)) }
          total += abs(byte(rows.0) - 2 * byte(rows.1) + byte(rows.2))
        }
        count += channels
      }
    }
    sum += Double(total)
  }

  /// Points of three frames in a row, the same number in each; lengths count.
  package mutating func add(_ points: ([Point], [Point], [Point])) {
    for ((a, b), c) in zip(zip(points.0, points.1), points.2) {
      let difference = a - 2 * b + c
      sum += (difference * difference).sum().squareRoot()
      count += 1
    }
  }
}
