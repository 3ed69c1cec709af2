// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// OpenCV's Lanczos4: the eight pixels at -3...4 of a position, weights sin(pi t) sin(pi t / 4) / t^2 of their distances,
/// normalised to a sum of 1.
private enum Lanczos {
  static let taps = 8
  static let before = 3

  /// - Parameter fraction: of the position right of pixel 0, in 0..<1.
  static func weights(_ fraction: Float) -> [Float] {
    var weights = [Float](repeating: 0, count: taps)
    guard fraction >= .ulpOfOne else {
      weights[before] = 1
      return weights
    }
    let values = (0..<taps).map { tap in
      let t = (Double(tap - before) - Double(fraction)) * .pi
      return Math.sin(t) * Math.sin(t / 4) / (t * t)
    }
    let sum = values.reduce(0, +)
    for tap in 0..<taps { weights[tap] = Float(values[tap] / sum) }
    return weights
  }
}

extension Canvas {
  /// The picture at another size, by OpenCV's resize with INTER_LANCZOS4; past the edge stands the pixel of the edge. A
  /// copy where the sizes agree. Values go a little beyond those of the picture.
  ///
  /// - Throws: `limitExceeded`, `outOfMemory`; `invalidArgument` for an empty picture.
  @_specialize(where Pixel == Float)
  @_specialize(where Pixel == Color)
  package func resizedByLanczos(width: Int, height: Int) throws(LiaeError) -> Canvas {
    if (width, height) == (self.width, self.height) { return try copy() }
    guard count > 0 else { throw LiaeError(.invalidArgument, "an image without pixels cannot be resized") }
    let between = try Canvas(width: width, height: self.height)
    let result = try Canvas(width: width, height: height)
    let columns = (0..<width).map { Self.place($0, of: width, in: self.width) }
    for y in 0..<self.height {
      for (x, column) in columns.enumerated() {
        between[x, y] = Self.sum(column.weights) { self[min(max(column.first + $0, 0), self.width - 1), y] }
      }
    }
    for y in 0..<height {
      let row = Self.place(y, of: height, in: self.height)
      for x in 0..<width {
        result[x, y] = Self.sum(row.weights) { between[x, min(max(row.first + $0, 0), self.height - 1)] }
      }
    }
    return result
  }

  /// The picture under an affine map, by OpenCV's warpAffine with INTER_LANCZOS4: positions rounded to 1/32 pixel, zeros
  /// outside.
  ///
  /// - Parameter map: from the target to this canvas.
  @_specialize(where Pixel == Float)
  @_specialize(where Pixel == Color)
  package func warpedByLanczos(_ map: Affine, width: Int, height: Int) throws(LiaeError) -> Canvas {
    let result = try Canvas(width: width, height: height)
    let table = (0..<32).map { Lanczos.weights(Float($0) / 32) }
    // A map that leads far away shows nothing.
    let limit = Double(1 << 40)
    guard map.isFinite, map.elements.allSatisfy({ abs($0) * Double(max(width, height, 1)) < limit }) else {
      return result
    }
    func fixed(_ v: Double) -> Int { Int((v * 1024).rounded(.toNearestOrEven)) }
    for j in 0..<height {
      let rowX = fixed(map.xy * Double(j) + map.tx) + 16, rowY = fixed(map.yy * Double(j) + map.ty) + 16
      for i in 0..<width {
        let x = (rowX + fixed(map.xx * Double(i))) >> 5, y = (rowY + fixed(map.yx * Double(i))) >> 5
        let (left, top) = ((x >> 5) - Lanczos.before, (y >> 5) - Lanczos.before)
        guard left > -Lanczos.taps, top > -Lanczos.taps, left < self.width, top < self.height else { continue }
        let (across, down) = (table[x & 31], table[y & 31])
        result[i, j] = Self.sum(down) { row in
          guard (0..<self.height).contains(top + row) else { return .zero }
          return Self.sum(across) { (0..<self.width).contains(left + $0) ? self[left + $0, top + row] : .zero }
        }
      }
    }
    return result
  }

  private static func place(_ i: Int, of target: Int, in source: Int) -> (first: Int, weights: [Float]) {
    let ratio = 1 / (Double(target) / Double(source))
    // Single precision from here on, as in OpenCV.
    let position = Float((Double(i) + 0.5) * ratio - 0.5)
    let whole = position.rounded(.down)
    return (Int(whole) - Lanczos.before, Lanczos.weights(position - whole))
  }

  private static func sum(_ weights: [Float], _ pixel: (Int) -> Pixel) -> Pixel {
    var sum = Pixel.zero
    for (tap, weight) in weights.enumerated() where weight != 0 { sum = sum + pixel(tap) * weight }
    return sum
  }
}
