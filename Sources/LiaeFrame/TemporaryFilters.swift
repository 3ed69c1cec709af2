// SPDX-License-Identifier: Apache-2.0
import Glibc
import LiaeSystem

extension Canvas where Pixel == Float {
  /// The largest value under an ellipse of `n` x `n`.
  func dilated(ellipse n: Int, workers: Workers = .single) throws(LiaeError) -> MaskCanvas {
    let result = try MaskCanvas(width: width, height: height, left: left, top: top)
    let radius = n / 2
    for i in 0..<n {
      let dy = i - radius
      guard abs(dy) <= radius else { continue }
      let half =
        radius == 0
        ? 0
        : Int(
          (Double(radius) * (Double(radius * radius - dy * dy) / Double(radius * radius)).squareRoot())
            .rounded(.toNearestOrEven))
      let offsets = max(radius - half, 0) - radius...min(radius + half, n - 1) - radius
      for y in 0..<height where (0..<height).contains(y + dy) {
        for x in 0..<width {
          for dx in offsets where (0..<width).contains(x + dx) {
            result[x, y] = max(result[x, y], self[x + dx, y + dy])
          }
        }
      }
    }
    return result
  }
}

extension Canvas {
  /// Convolved with a normal distribution; edges are mirrored.
  func gaussianBlurred(kernel: Int, sigma: Double = 0, workers: Workers = .single) throws(LiaeError) -> Canvas {
    let tables: [Int: [Double]] = [
      1: [1], 3: [0.25, 0.5, 0.25], 5: [0.0625, 0.25, 0.375, 0.25, 0.0625],
      7: [0.03125, 0.109375, 0.21875, 0.28125, 0.21875, 0.109375, 0.03125],
    ]
    let radius = kernel / 2
    let deviation = sigma > 0 ? sigma : 0.3 * (Double(radius) - 1) + 0.8
    var weights = (-radius...radius).map { exp(-Double($0 * $0) / (2 * deviation * deviation)) }
    if sigma <= 0, let table = tables[kernel] { weights = table }
    let total = weights.reduce(0, +)
    func mirrored(_ i: Int, _ n: Int) -> Int {
      if n == 1 { return 0 }
      let j = ((i % (2 * n - 2)) + 2 * n - 2) % (2 * n - 2)
      return j < n ? j : 2 * n - 2 - j
    }
    let rows = try Canvas(width: width, height: height, left: left, top: top)
    let result = try Canvas(width: width, height: height, left: left, top: top)
    for y in 0..<height {
      for x in 0..<width {
        for (k, w) in weights.enumerated() {
          rows[x, y] = rows[x, y] + self[mirrored(x + k - radius, width), y] * Float(w / total)
        }
      }
    }
    for y in 0..<height {
      for x in 0..<width {
        for (k, w) in weights.enumerated() {
          result[x, y] = result[x, y] + rows[x, mirrored(y + k - radius, height)] * Float(w / total)
        }
      }
    }
    return result
  }
}
