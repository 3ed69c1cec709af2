// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

extension ColorTransfer {
  /// mix: L* by lct on it alone, a* and b* by sliced optimal transport of both images at L* = 100/255 of its range.
  /// Everything in 8 bits in between, as in DeepFaceLab.
  static func mix(
    _ face: ColorCanvas, _ reference: ColorCanvas, _ draws: inout ColorDraws, _ workers: Workers
  ) throws(LiaeError) {
    let tables = try Lab8.shared()
    let count = face.count
    let lightness = try Bytes.allocate(count, for: "the lightness of a colour transfer")
    let levels = lightness.base.bindMemory(to: UInt8.self, capacity: count)
    let flatReference = try ColorCanvas(width: face.width, height: face.height)

    // Sums of whole numbers: exact in any order.
    var (from, to) = (LevelSums(), LevelSums())
    for index in 0..<count {
      var x = tables.lab((face.pixels[index] * 255).truncated)
      var y = tables.lab((reference.pixels[index] * 255).truncated)
      from.add(x.x)
      to.add(y.x)
      levels[index] = x.x
      (x.x, y.x) = (100, 100)
      face.pixels[index] = Color(tables.color(x))
      flatReference.pixels[index] = Color(tables.color(y))
    }
    let (mean, target) = (from.mean(of: count), to.mean(of: count))
    let gain = ((to.variance(of: count) + 1e-5) / (from.variance(of: count) + 1e-5)).squareRoot()

    try SlicedTransport(steps: 10, directions: 5).apply(to: face, like: flatReference, &draws, workers)
    for index in 0..<count {
      var lab = tables.lab(face.pixels[index].truncated)
      let level = Float(((Double(levels[index]) / 255 - mean) * gain + target))
      lab.x = UInt8(level.clamped * 255)
      face.pixels[index] = Color(tables.color(lab)) / 255
    }
    withExtendedLifetime((tables, lightness, face, reference, flatReference)) {}
  }
}

/// Sums of 8-bit levels, as 0...1.
private struct LevelSums {
  private var sum = 0
  private var squares = 0

  mutating func add(_ level: UInt8) {
    sum += Int(level)
    squares += Int(level) * Int(level)
  }

  func mean(of count: Int) -> Double { Double(sum) / Double(count) / 255 }

  func variance(of count: Int) -> Double {
    let mean = Double(sum) / Double(count)
    return max(0, Double(squares) / Double(count) - mean * mean) / (255 * 255)
  }
}

extension SIMD4<Float> {
  /// Cuts the values off to bytes as numpy's astype does, within 0...255; what is no number is 0.
  var truncated: SIMD4<UInt8> {
    let bounded = replacing(with: 0, where: .!(self .> 0)).clamped(lowerBound: .zero, upperBound: SIMD4(repeating: 255))
    return SIMD4<UInt8>(truncatingIfNeeded: SIMD4<Int32>(bounded))
  }
}
