// SPDX-License-Identifier: Apache-2.0
import Foundation
import LiaeFrame
import LiaeSystem
import LiaeTestSupport
import Testing

@Suite struct PoissonCloneTests {
  static let cases = ["face", "edge", "moved", "parts", "thin", "whole", "prime"]

  let fixtures: [String: NPYArray]

  init() throws {
    let folder = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(2).joined(separator: "/")
    fixtures = try NPZ.read("\(folder)/Fixtures/colour.npz")
  }

  struct Case {
    var source: ColorCanvas
    var target: ColorCanvas
    var mask: MaskCanvas
    var center: (x: Int, y: Int)
    /// 0...255.
    var expected: [Float]
  }

  func read(_ name: String, left: Int = 0, top: Int = 0) throws -> Case {
    func picture(_ part: String) throws -> NPYArray {
      try #require(fixtures["\(name)_\(part)"] ?? fixtures["face_\(part)"])
    }
    let source = try ColorCanvas(picture("source"), scale: 255, left: left, top: top)
    let target = try ColorCanvas(picture("target"), scale: 255, left: left, top: top)
    let mask = try MaskCanvas(width: source.width, height: source.height, left: left, top: top)
    for (index, value) in try #require(fixtures["\(name)_mask"]).values.enumerated() {
      mask.pixels[index] = value / 255
    }
    let center = try #require(fixtures["\(name)_center"]).doubles
    let change = try #require(fixtures["\(name)_change"]).values
    let expected = try zip(picture("target").values, change).map { ($0 + $1).truncatingRemainder(dividingBy: 256) }
    return Case(
      source: source, target: target, mask: mask, center: (Int(center[0]) + left, Int(center[1]) + top),
      expected: expected)
  }

  /// OpenCV solves in float too, and cuts to 8 bits: a value next to a whole number may fall on either side. A thin mask
  /// leaves the target's gradients alone, so that all of its values are next to whole numbers.
  @Test(arguments: cases) func equalsOpenCV(_ name: String) throws {
    let item = try read(name)
    let result = try PoissonClone.clone(
      item.source, onto: item.target, mask: item.mask, center: item.center, workers: .single)
    var (largest, others, changed) = (Float(0), 0, 0)
    for (index, (value, expected)) in zip(result.values, item.expected).enumerated() {
      let difference = abs((value * 255).rounded() - expected)
      largest = max(largest, difference)
      if difference > 0 { others += 1 }
      if abs(expected - item.target.values(at: index) * 255) > 1 { changed += 1 }
    }
    if ProcessInfo.processInfo.environment["LIAE_PRINT"] != nil { print(name, largest, others, changed) }
    #expect(largest <= 1)
    #expect(name == "thin" || others * 200 <= changed)
  }

  @Test func standsAnywhereInTheFrame() throws {
    let (here, there) = try (read("moved"), read("moved", left: -40, top: 1000))
    let a = try PoissonClone.clone(
      here.source, onto: here.target, mask: here.mask, center: here.center, workers: .single)
    let b = try PoissonClone.clone(
      there.source, onto: there.target, mask: there.mask, center: there.center, workers: .single)
    #expect(a.values == b.values)
    #expect(b.left == -40 && b.top == 1000)
  }

  @Test func doesNotDependOnTheThreads() throws {
    let pool = try ThreadPool(workers: 3)
    for name in Self.cases {
      let item = try read(name)
      let one = try PoissonClone.clone(
        item.source, onto: item.target, mask: item.mask, center: item.center, workers: .single)
      let three = try PoissonClone.clone(
        item.source, onto: item.target, mask: item.mask, center: item.center, workers: Workers(pool))
      #expect(one.values == three.values)
    }
  }

  /// The whole Poisson equation in Double, by iteration: against a way of solving that has nothing in common.
  @Test(arguments: [(3, 3), (4, 3), (3, 4), (9, 17), (30, 12), (39, 25), (40, 33)])
  func solvesThePoissonEquation(_ width: Int, _ height: Int) throws {
    let source = try ColorCanvas(width, height) { x, y, c in 0.5 + 0.4 * sin(0.9 * Double(x) + 0.6 * Double(y + c)) }
    let target = try ColorCanvas(width, height) { x, y, c in 0.5 + 0.2 * cos(0.2 * Double(x) - 0.3 * Double(y - c)) }
    let mask = try MaskCanvas(width, height) { _, _ in 1 }
    let result = try PoissonClone.clone(
      source, onto: target, mask: mask, center: (width / 2, height / 2), workers: .single)

    func level(_ canvas: ColorCanvas, _ x: Int, _ y: Int, _ c: Int) -> Double {
      Double((canvas[x, y][c] * 255).rounded(.down))
    }
    func isInside(_ x: Int, _ y: Int) -> Bool { x >= 3 && y >= 3 && x < width - 3 && y < height - 3 }
    for c in 0..<3 {
      func gradient(_ x: Int, _ y: Int, _ dx: Int, _ dy: Int) -> Double {
        let from = isInside(x, y) ? source : target
        return level(from, x + dx, y + dy, c) - level(from, x, y, c)
      }
      var u = (0..<width * height).map { level(target, $0 % width, $0 / width, c) }
      let inner = (1..<height - 1).flatMap { y in (1..<width - 1).map { (x: $0, y: y) } }
      let divergence = inner.map { x, y in
        gradient(x, y, 1, 0) - gradient(x - 1, y, 1, 0) + gradient(x, y, 0, 1) - gradient(x, y - 1, 0, 1)
      }
      for _ in 0..<4000 {
        for (place, divergence) in zip(inner, divergence) {
          let i = place.y * width + place.x
          u[i] = (u[i - 1] + u[i + 1] + u[i - width] + u[i + width] - divergence) / 4
        }
      }
      for y in 0..<height {
        for x in 0..<width {
          let expected = min(max(u[y * width + x], 0), 255)
          // What is cut off, and a little more.
          let below = expected - Double(result[x, y][c] * 255)
          #expect(below > -0.01 && below < 1.01, "(\(x), \(y)), channel \(c)")
        }
      }
    }
  }

  @Test func refuses() throws {
    let item = try read("face")
    func clone(_ mask: MaskCanvas, _ x: Int, _ y: Int) throws -> ColorCanvas {
      try PoissonClone.clone(item.source, onto: item.target, mask: mask, center: (x, y), workers: .single)
    }
    let (width, height) = (item.mask.width, item.mask.height)
    for value in [0, -1, Double.nan] {
      let empty = try MaskCanvas(width, height) { _, _ in value }
      #expect(throws: LiaeError(.invalidArgument, "seamless clone: the mask is empty")) { try clone(empty, 40, 30) }
    }
    for (x, y) in [(0, 0), (95, 30), (Int.min, 0), (Int.max, Int.max)] {
      #expect(throws: LiaeError.self) { try clone(item.mask, x, y) }
    }
    #expect(throws: LiaeError.self) { try clone(MaskCanvas(width: width, height: height, left: 1), 40, 30) }
    #expect(throws: LiaeError.self) { try clone(MaskCanvas(width: width - 1, height: height), 40, 30) }
  }

  @Test func smallestMasksLeaveTheTarget() throws {
    let item = try read("face")
    for (w, h) in [(1, 1), (2, 1), (2, 9), (9, 2)] {
      let mask = try MaskCanvas(96, 72) { x, y in x >= 20 && x < 20 + w && y >= 20 && y < 20 + h ? 1 : 0 }
      let result = try PoissonClone.clone(
        item.source, onto: item.target, mask: mask, center: (40, 40), workers: .single)
      #expect(result.difference(from: item.target.values).largest < 1e-6)
    }
  }

  @Test func valuesThatAreNoNumbers() throws {
    let item = try read("face")
    for value in [Float.nan, .infinity, -.infinity, 1e30] {
      let (source, target) = try (item.source.copy(), item.target.copy())
      source[48, 35] = Color(repeating: value)
      target[48, 40] = Color(repeating: value)
      target[2, 2] = Color(repeating: value)
      let result = try PoissonClone.clone(source, onto: target, mask: item.mask, center: item.center, workers: .single)
      #expect(result.isWithinUnit)
    }
  }
}
