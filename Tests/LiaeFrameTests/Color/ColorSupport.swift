// SPDX-License-Identifier: Apache-2.0
import Foundation
import LiaeFrame
import LiaeSystem
import LiaeTestSupport
import Testing

/// A deviation between two images.
struct Difference: CustomStringConvertible {
  var largest: Float = 0
  var mean: Float = 0
  var description: String { "largest \(largest), mean \(mean)" }
}

extension Canvas where Pixel == Color {
  /// Creates a canvas from blue, green, red, row by row.
  convenience init(_ values: [Float], _ width: Int, _ height: Int, scale: Float = 1, left: Int = 0, top: Int = 0) throws
  {
    try self.init(width: width, height: height, left: left, top: top)
    for index in 0..<count {
      pixels[index] = Color(values[index * 3], values[index * 3 + 1], values[index * 3 + 2], 0) / scale
    }
  }

  /// Creates a canvas from an array (height, width, 3).
  convenience init(_ array: NPYArray?, scale: Float = 1, left: Int = 0, top: Int = 0) throws {
    let array = try #require(array)
    try self.init(array.values, array.shape[1], array.shape[0], scale: scale, left: left, top: top)
  }

  convenience init(_ width: Int, _ height: Int, _ value: (_ x: Int, _ y: Int, _ channel: Int) -> Double) throws {
    try self.init(width: width, height: height)
    for y in 0..<height {
      for x in 0..<width { self[x, y] = Color(Float(value(x, y, 0)), Float(value(x, y, 1)), Float(value(x, y, 2)), 0) }
    }
  }

  /// The element at a flat index of (height, width, 3).
  func values(at index: Int) -> Float { pixels[index / 3][index % 3] }

  func difference(from expected: [Float]) -> Difference {
    var result = Difference()
    let values = values
    guard values.count == expected.count else { return Difference(largest: .infinity, mean: .infinity) }
    for (a, b) in zip(values, expected) {
      // A value that is no number is the largest difference there is.
      let d = (a - b).isFinite ? abs(a - b) : .infinity
      result.largest = max(result.largest, d)
      result.mean += d / Float(max(values.count, 1))
    }
    return result
  }

  var isWithinUnit: Bool { values.allSatisfy { $0 >= 0 && $0 <= 1 } }
}

extension Canvas where Pixel == Float {
  convenience init(_ width: Int, _ height: Int, _ value: (_ x: Int, _ y: Int) -> Double) throws {
    try self.init(width: width, height: height)
    for y in 0..<height {
      for x in 0..<width { self[x, y] = Float(value(x, y)) }
    }
  }
}

extension ColorTransfer {
  /// A changed copy of `face`; the area is everything where none is given.
  func applied(
    to face: ColorCanvas, like reference: ColorCanvas, area: MaskCanvas? = nil,
    randomness: ColorRandomness = .seed(1), smoothing: ColorSmoothing? = nil, workers: Workers = .single
  ) throws -> ColorCanvas {
    let result = try face.copy()
    let area = try area ?? MaskCanvas(face.width, face.height) { _, _ in 1 }
    try apply(
      to: result, like: reference, area: area, randomness: randomness, smoothing: smoothing, workers: workers)
    return result
  }
}
