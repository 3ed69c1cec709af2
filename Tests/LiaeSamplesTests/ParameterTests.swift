// SPDX-License-Identifier: Apache-2.0
import Foundation
import LiaeFrame
import LiaeSamples
import LiaeSystem
import Testing

/// Ranges and shares of what is drawn.
@Suite struct ParameterTests {
  static func draws(_ count: Int, _ options: SampleOptions) throws -> [SampleParameters] {
    try (0..<count).map { try SampleParameters(options, number: $0) }
  }

  @Test func transforms() throws {
    var options = SampleOptions()
    (options.randomWarp, options.resolution) = (false, 96)
    let all = try Self.draws(4000, options)
    /// Checks the mean and the range of uniform draws: within the range, near both ends, in the middle on average.
    func check(_ values: [Double], _ range: ClosedRange<Double>, _ name: String) {
      let (least, most) = (values.min() ?? .nan, values.max() ?? .nan)
      let width = range.upperBound - range.lowerBound
      #expect(least >= range.lowerBound - 1e-9 && most <= range.upperBound + 1e-9, "\(name): \(least)...\(most)")
      #expect(least < range.lowerBound + 0.01 * width && most > range.upperBound - 0.01 * width, "\(name)")
      let mean = values.reduce(0, +) / Double(values.count)
      #expect(abs(mean - (range.lowerBound + range.upperBound) / 2) < 0.025 * width, "\(name): mean \(mean)")
    }
    check(all.map { atan2($0.transform.xy, $0.transform.xx) * 180 / .pi }, -10...10, "angle")
    check(all.map { $0.transform.determinant.squareRoot() }, 1 / 1.15...1.15, "scale")
    // The middle is where the picture turns.
    check(all.map { ($0.transform(Point(48, 48)).x - 48) / 96 }, -0.05...0.05, "tx")
    check(all.map { ($0.transform(Point(48, 48)).y - 48) / 96 }, -0.05...0.05, "ty")
    for each in all.prefix(100) {
      #expect(each.transform.xx == each.transform.yy && each.transform.xy == -each.transform.yx)
      #expect(each.warp == nil && each.hueShift == nil && !each.isFlipped)
    }
  }

  /// An option changes nothing but what it names.
  @Test func flips() throws {
    var options = SampleOptions()
    options.randomWarp = false
    let plain = try Self.draws(2000, options)
    options.randomFlip = true
    let flipping = try Self.draws(2000, options)
    #expect(zip(plain, flipping).allSatisfy { $0.transform == $1.transform })
    #expect(!plain.contains { $0.isFlipped })
    let share = Double(flipping.count { $0.isFlipped }) / 2000
    #expect(abs(share - 0.4) < 0.04, "\(share)")
    options.randomTransform = false
    let still = try Self.draws(2000, options)
    #expect(still.allSatisfy { $0.transform == .identity })
    #expect(zip(still, flipping).allSatisfy { $0.isFlipped == $1.isFlipped })
  }

  @Test func hueShifts() throws {
    var options = SampleOptions()
    (options.randomWarp, options.randomHSVPower) = (false, 0.05)
    let shifts = try Self.draws(2000, options).compactMap(\.hueShift)
    #expect(shifts.count == 2000)
    #expect(Set(shifts.map(\.hue)) == Set((-9...9).map(Float.init)))
    for values in [shifts.map(\.saturation), shifts.map(\.value)] {
      #expect(values.allSatisfy { abs($0) <= 0.025 })
      #expect(values.contains { $0 < -0.024 } && values.contains { $0 > 0.024 })
    }
    #expect(shifts.contains { abs($0.saturation - $0.value) > 0.01 })
    // The least step of hue is a degree.
    options.randomHSVPower = 0.001
    #expect(Set(try Self.draws(100, options).compactMap(\.hueShift).map(\.hue)) == [-1, 0, 1])
  }

  /// Half a pixel where nothing is moved, transposes of each other where it is, and still at the border.
  @Test func warps() throws {
    let still = try WarpMap(
      side: 64, cell: 16, noise: ([Float](repeating: 0, count: 9), [Float](repeating: 0, count: 9)))
    for i in 8..<56 {
      #expect(abs(still.x[i, 20] - Float(i) - 0.5) < 1e-4 && abs(still.y[20, i] - Float(i) - 0.5) < 1e-4)
    }

    var options = SampleOptions()
    options.resolution = 128
    var far: Float = 0
    for each in try Self.draws(40, options) {
      let warp = try #require(each.warp)
      var moved: Float = 0
      for y in 0..<128 {
        for x in 0..<128 {
          #expect(warp.x[x, y] == warp.y[y, x])
          moved = max(moved, abs(warp.x[x, y] - Float(x) - 0.5))
        }
      }
      // Two noises of up to 0.24 cells, of up to half a side.
      #expect(moved > 0.1 && moved <= 2 * 0.24 * 64)
      #expect(abs(warp.x[127, 0] - 127.5) < 1 && abs(warp.x[0, 127] - 0.5) < 1)
      far = max(far, moved)
    }
    #expect(far > 8)
  }

  @Test func truncatedNormals() {
    var generator = SplitMix64(state: 3)
    let values = (0..<20000).map { _ in Double(generator.truncatedNormal()) }
    #expect(values.allSatisfy { abs($0) <= 1 })
    let mean = values.reduce(0, +) / 20000
    let deviation = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 20000).squareRoot()
    #expect(abs(mean) < 0.01 && abs(deviation - 0.382) < 0.01, "\(mean), \(deviation)")
  }

  @Test func everyNumberHasDrawsOfItsOwn() throws {
    var options = SampleOptions()
    options.randomWarp = false
    let transforms = try Self.draws(500, options).map { $0.transform.elements }
    #expect(Set(transforms).count == 500)
    #expect(try SampleParameters(options, number: 77).transform.elements == transforms[77])
    options.seed = 1
    #expect(try SampleParameters(options, number: 77).transform.elements != transforms[77])
  }
}

@Suite struct FaceOrderTests {
  @Test func everyFaceOnceInARun() {
    var order = FaceOrder(count: 7, seed: 4, purpose: .faceOrder)
    let draws = (0..<70).map { order.face($0) }
    let runs = (0..<10).map { Array(draws[$0 * 7..<$0 * 7 + 7]) }
    for run in runs { #expect(run.sorted() == Array(0..<7)) }
    #expect(Set(runs).count > 5)
    // From anywhere, and in any order.
    var other = FaceOrder(count: 7, seed: 4, purpose: .faceOrder)
    #expect((0..<70).reversed().map { other.face($0) } == draws.reversed())
    var reference = FaceOrder(count: 7, seed: 4, purpose: .referenceOrder)
    #expect((0..<70).map { reference.face($0) } != draws)
  }

  @Test func oneFace() {
    var order = FaceOrder(count: 1, seed: 4, purpose: .faceOrder)
    #expect((0..<5).allSatisfy { order.face($0) == 0 })
  }

  /// 90 faces from the front, 3 from one side and 1 from the other: a third of the draws each.
  @Test func uniformYaw() {
    let yaws = [Double](repeating: 0, count: 90) + [0.9, 0.9, 0.9, -1.5]
    var order = FaceOrder(yaws: yaws, seed: 9)
    let draws = (0..<810).map { order.face($0) }
    #expect(draws.count { $0 < 90 } == 270)
    for face in 90..<93 { #expect(draws.count { $0 == face } == 90) }
    #expect(draws.count { $0 == 93 } == 270)
    // Each front face comes once before one comes again.
    #expect(Set(draws.filter { $0 < 90 }.prefix(90)).count == 90)
    // No bin twice before all others.
    for i in stride(from: 0, to: 810, by: 3) {
      #expect(Set(draws[i..<i + 3].map { $0 < 90 ? 0 : $0 < 93 ? 1 : 2 }).count == 3)
    }
  }

  /// Bin k begins at node k of 128 from -1.2 to 1.2, of -yaw.
  @Test func bins() {
    let step = 2.4 / 127
    #expect(FaceOrder.bin(yaw: 2) == 0 && FaceOrder.bin(yaw: 1.2) == 0 && FaceOrder.bin(yaw: 1.2 - 0.9 * step) == 0)
    #expect(FaceOrder.bin(yaw: 1.2 - 1.1 * step) == 1 && FaceOrder.bin(yaw: 0) == 63)
    #expect(FaceOrder.bin(yaw: -1.2 + 0.1 * step) == 126)
    #expect(FaceOrder.bin(yaw: -1.21) == 127 && FaceOrder.bin(yaw: -9) == 127)
  }
}
