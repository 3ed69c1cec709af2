// SPDX-License-Identifier: Apache-2.0
import Foundation
import LiaeFrame
import LiaeSystem
import LiaeTestSupport
import Testing

/// Tests what DeepFaceLab's code makes of two waves.
@Suite struct ColorAppendixTests {
  let a: ColorCanvas
  let b: ColorCanvas
  let mask: MaskCanvas

  init() throws {
    a = try ColorCanvas(48, 48) { x, y, c in
      0.5 + 0.4 * sin((0.1 + 0.03 * Double(c)) * Double(y) + 0.17 * Double(x) + 1.3 * Double(c))
    }
    b = try ColorCanvas(48, 48) { x, y, c in
      0.45 + 0.3 * cos(0.13 * Double(y) - (0.07 + 0.02 * Double(c)) * Double(x) + 2 * Double(c))
    }
    mask = try MaskCanvas(48, 48) { x, y in (x - 24) * (x - 24) + (y - 24) * (y - 24) < 18 * 18 ? 1 : 0 }
  }

  /// Expects values at (y10, x20), at (y24, x30), and the channels' means.
  func expect(
    _ image: ColorCanvas, _ expected: [Float], within tolerance: Float, _ location: SourceLocation = #_sourceLocation
  ) {
    let means = image.values.enumerated().reduce(into: [Float](repeating: 0, count: 3)) {
      $0[$1.offset % 3] += $1.element / Float(image.count)
    }
    let (p, q) = (image[20, 10], image[30, 24])
    for (value, expected) in zip([p.x, p.y, p.z, q.x, q.y, q.z] + means, expected) {
      #expect(abs(value - expected) <= tolerance, sourceLocation: location)
    }
  }

  @Test func statistics() throws {
    expect(
      try ColorTransfer.rct.applied(to: a, like: b),
      [0.16830, 0.36792, 0.70290, 0.69638, 0.38597, 0.21306, 0.44755, 0.44997, 0.47246], within: 2e-5)
    expect(
      try ColorTransfer.rct.applied(to: a, like: b, area: mask),
      [0.14123, 0.30752, 0.63796, 0.68378, 0.34126, 0.09872, 0.41586, 0.38311, 0.40361], within: 2e-5)
    expect(
      try ColorTransfer.lct.applied(to: a, like: b),
      [0.11014, 0.34672, 0.76518, 0.75416, 0.42710, 0.15620, 0.45020, 0.44931, 0.44991], within: 2e-5)
    expect(
      try ColorTransfer.mkl.applied(to: a, like: b),
      [0.10550, 0.35430, 0.76082, 0.75255, 0.42340, 0.15450, 0.45020, 0.44922, 0.44991], within: 2e-5)
    expect(
      try ColorTransfer.mklM.applied(to: a, like: b, area: mask),
      [0.09449, 0.31261, 0.73558, 0.78581, 0.37749, 0.11596, 0.20223, 0.16930, 0.18984], within: 2e-5)
  }

  @Test func histogramMatch() throws {
    let (full, dark) = try (a.copy(), a.copy())
    try HistogramMatch.apply(to: full, like: b, threshold: 255)
    expect(
      full, [0.16619, 0.36444, 0.74091, 0.72983, 0.42005, 0.19897, 0.45006, 0.44911, 0.44985], within: 2e-5)
    try HistogramMatch.apply(to: dark, like: b, threshold: 200)
    expect(
      dark, [0.16000, 0.28906, 0.64361, 0.62149, 0.32767, 0.18060, 0.37372, 0.37250, 0.37343], within: 2e-5)
  }

  /// Random methods, with draws of our own.
  @Test(arguments: [1, 2, 3] as [UInt64]) func random(_ seed: UInt64) throws {
    expect(
      try ColorTransfer.sotM.applied(to: a, like: b, randomness: .seed(seed)),
      [0.07252, 0.33794, 0.84340, 0.82072, 0.41726, 0.10683, 0.45007, 0.44984, 0.44993], within: 0.03)
    expect(
      try ColorTransfer.idt.applied(to: a, like: b, randomness: .seed(seed)),
      [0.14393, 0.38538, 0.79362, 0.78825, 0.43308, 0.16625, 0.46727, 0.46705, 0.46381], within: 0.05)
    expect(
      try ColorTransfer.mixM.applied(to: a, like: b, randomness: .seed(seed)),
      [0.13725, 0.35686, 0.71373, 0.69020, 0.39608, 0.10588, 0.45137, 0.44422, 0.45314], within: 0.05)
  }

  @Test func labOfOneColour() throws {
    let lab = try ColorCanvas(1, 1) { _, _, c in Double(a[20, 10][c]) }
    try Lab.fromColor(lab, workers: .single)
    #expect(lab.difference(from: [57.22046, 46.40625, 58.578125]).largest < 1e-5)
  }
}

@Suite struct ColorPropertyTests {
  static let modes = ColorTransfer.allCases

  func picture(_ width: Int, _ height: Int, phase: Double = 0) throws -> ColorCanvas {
    try ColorCanvas(width, height) { x, y, c in
      0.45 + 0.2 * sin(0.3 * Double(x) + Double(c) + phase) + 0.15 * cos(0.23 * Double(y) - 0.1 * Double(x * c))
    }
  }

  @Test func numbersAreDeepFaceLabs() {
    #expect(Self.modes.map(\.rawValue) == Array(0...8))
    #expect(Self.modes.filter(\.hasStatistics) == [.rct, .lct, .mkl, .mklM])
  }

  /// lct, mkl and sot move nothing; rct passes through a table; mix has 8-bit steps; idt sends the values in the lowest
  /// bin of each axis towards 0.
  @Test(arguments: modes) func imageToItself(_ mode: ColorTransfer) throws {
    let image = try picture(40, 30)
    let difference = try mode.applied(to: image, like: image).difference(from: image.values)
    switch mode {
    case .none, .lct, .mkl, .mklM, .sotM: #expect(difference.largest < 1e-5)
    case .rct: #expect(difference.largest < 0.02)
    case .idt, .idtM, .mixM: #expect(difference.mean < 0.02)
    }
  }

  @Test(arguments: modes) func sameBitsForAnyThreads(_ mode: ColorTransfer) throws {
    let pool = try ThreadPool(workers: 3)
    let (face, reference) = try (picture(75, 61), picture(75, 61, phase: 2))
    let area = try MaskCanvas(75, 61) { x, y in abs(x - 30) + abs(y - 30) < 25 ? 1 : 0 }
    let one = try mode.applied(to: face, like: reference, area: area)
    let three = try mode.applied(to: face, like: reference, area: area, workers: Workers(pool))
    #expect(one.values.map(\.bitPattern) == three.values.map(\.bitPattern))
    let again = try mode.applied(to: face, like: reference, area: area, workers: Workers(pool))
    #expect(one.values == again.values)
    if mode != .none {
      #expect(one.difference(from: face.values).mean > 0.002)
    }
  }

  @Test(arguments: [ColorTransfer.idt, .sotM, .mixM]) func seedsDiffer(_ mode: ColorTransfer) throws {
    let (face, reference) = try (picture(40, 30), picture(40, 30, phase: 2))
    let a = try mode.applied(to: face, like: reference, randomness: .seed(1))
    let b = try mode.applied(to: face, like: reference, randomness: .seed(2))
    #expect(a.values != b.values)
    #expect(a.difference(from: b.values).mean < 0.03)
  }

  /// Images without any spread, of one pixel, without area: results are numbers within 0...1.
  @Test(arguments: modes) func degenerateImages(_ mode: ColorTransfer) throws {
    for (width, height) in [(1, 1), (2, 1), (1, 3), (9, 5)] {
      let grey = try ColorCanvas(width, height) { x, _, _ in 0.2 + 0.05 * Double(x) }
      let kinds = try [
        picture(width, height), grey, ColorCanvas(width, height) { _, _, _ in 0.3 },
        ColorCanvas(width, height) { _, _, c in c == 1 ? 1 : 0 }, ColorCanvas(width: width, height: height),
      ]
      let areas = try [0, 1, -1e-9, Double.nan].map { value in try MaskCanvas(width, height) { _, _ in value } }
      for face in kinds {
        for reference in kinds {
          for area in areas {
            #expect(try mode.applied(to: face, like: reference, area: area).isWithinUnit)
          }
        }
      }
    }
    let empty = try ColorCanvas(width: 0, height: 0)
    #expect(try mode.applied(to: empty, like: empty).count == 0)
  }

  /// A grey face stays grey for a grey reference: what there is no spread of is not made up.
  @Test func greyStaysGrey() throws {
    let (face, reference) = try (
      ColorCanvas(40, 30) { x, y, _ in 0.3 + 0.2 * sin(0.4 * Double(x) + 0.1 * Double(y)) },
      ColorCanvas(40, 30) { x, y, _ in 0.5 + 0.1 * cos(0.2 * Double(x) - 0.3 * Double(y)) }
    )
    for mode in [ColorTransfer.rct, .lct, .mkl, .mklM, .sotM] {
      let result = try mode.applied(to: face, like: reference)
      for index in 0..<result.count {
        let pixel = result.pixels[index]
        #expect(abs(pixel.x - pixel.y) + abs(pixel.y - pixel.z) < 0.01, "\(mode)")
      }
    }
  }

  @Test(arguments: modes.filter { $0 != .none }) func refuses(_ mode: ColorTransfer) throws {
    let image = try picture(8, 6)
    for value in [Float.nan, .infinity, -.infinity, 1e30] {
      for channel in 0..<3 {
        let bad = try image.copy()
        bad[7, 5][channel] = value
        #expect(throws: LiaeError.self) { try mode.applied(to: bad, like: image) }
        #expect(throws: LiaeError.self) { try mode.applied(to: image, like: bad) }
        #expect(throws: LiaeError.self) { try HistogramMatch.apply(to: bad, like: image, threshold: 255) }
        #expect(throws: LiaeError.self) { try HistogramMatch.apply(to: image.copy(), like: bad, threshold: 255) }
      }
    }
    #expect(throws: LiaeError.self) { try mode.applied(to: image, like: picture(6, 8)) }
    #expect(throws: LiaeError.self) {
      try mode.applied(to: image, like: image, area: MaskCanvas(width: 8, height: 7))
    }
    if mode != .rct, !mode.hasStatistics {
      #expect(throws: LiaeError.self) {
        try mode.applied(to: image, like: image, randomness: .recorded(normals: [1, 2], rotations: [1]))
      }
    }
  }

  @Test func histogramMatchAtItsEdges() throws {
    let (image, reference) = try (picture(12, 9), picture(7, 5, phase: 1))
    for threshold in [-1, 256, Int.min, Int.max] {
      #expect(throws: LiaeError.self) { try HistogramMatch.apply(to: image, like: reference, threshold: threshold) }
    }
    #expect(throws: LiaeError.self) {
      try HistogramMatch.apply(to: image, like: ColorCanvas(width: 0, height: 3), threshold: 255)
    }
    let same = try image.copy()
    try HistogramMatch.apply(to: same, like: image, threshold: 255)
    #expect(same.difference(from: image.values).largest < 1e-6)
    // The lowest quantile of all.
    let dark = try image.copy()
    try HistogramMatch.apply(to: dark, like: reference, threshold: 0)
    for channel in 0..<3 {
      let lowest = (0..<reference.count).map { reference.pixels[$0][channel] }.min()
      #expect((0..<dark.count).allSatisfy { dark.pixels[$0][channel] == lowest })
    }
  }

  @Test func matchesMeanAndCovariance() throws {
    let (face, reference) = try (picture(64, 48), picture(64, 48, phase: 2))
    let target = try ColorMoments(of: reference, workers: .single)
    for mode in [ColorTransfer.lct, .mkl] {
      let moments = try ColorMoments(of: mode.applied(to: face, like: reference), workers: .single)
      for row in 0..<3 {
        #expect(abs(moments.mean[row] - target.mean[row]) < 1e-4)
        for column in 0..<3 {
          #expect(abs(moments.covariance[row, column] - target.covariance[row, column]) < 3e-4)
        }
      }
    }
  }

  @Test func memoryEnds() throws {
    let (face, reference) = try (picture(20, 20), picture(20, 20, phase: 1))
    let area = try MaskCanvas(20, 20) { _, _ in 1 }
    for mode in ColorTransfer.allCases where mode != .none {
      for n in 0..<100 {
        let result = try face.copy()
        AllocationFaults.fail(at: n)
        defer { AllocationFaults.fail(at: nil) }
        do throws(LiaeError) {
          try mode.apply(
            to: result, like: reference, area: area, randomness: .seed(1), smoothing: nil, workers: .single)
        } catch {
          #expect(error.status == .outOfMemory)
          continue
        }
        // No allocation is left that could fail.
        #expect(!AllocationFaults.hasFailed)
        break
      }
    }
  }
}

@Suite struct ColorSmoothingTests {
  func frame(_ level: Double) throws -> ColorCanvas {
    try ColorCanvas(24, 20) { x, y, c in level + 0.1 * sin(0.5 * Double(x) + Double(c)) * cos(0.4 * Double(y)) }
  }

  func mean(_ image: ColorCanvas) -> Float { image.values.reduce(0, +) / Float(image.values.count) }

  @Test(arguments: [ColorTransfer.rct, .lct, .mkl, .mklM]) func averagesOverFrames(_ mode: ColorTransfer) throws {
    let (face, dark, bright) = try (frame(0.5), frame(0.4), frame(0.6))
    let smoothing = ColorSmoothing(rate: 0.25)
    func level(_ reference: ColorCanvas, _ smoothing: ColorSmoothing?) throws -> Float {
      mean(try mode.applied(to: face, like: reference, smoothing: smoothing))
    }
    // The first frame is as without smoothing.
    #expect(try level(dark, smoothing) == level(dark, nil))
    let (low, high) = try (level(dark, nil), level(bright, nil))
    #expect(try abs(level(bright, smoothing) - (0.75 * low + 0.25 * high)) < 0.01)
    #expect(try abs(level(bright, smoothing) - (0.5625 * low + 0.4375 * high)) < 0.01)
    smoothing.reset()
    #expect(try level(bright, smoothing) == high)
  }

  @Test func anotherModeStartsAnew() throws {
    let (face, dark, bright) = try (frame(0.5), frame(0.4), frame(0.6))
    let smoothing = ColorSmoothing(rate: 0.1)
    _ = try ColorTransfer.lct.applied(to: face, like: dark, smoothing: smoothing)
    let result = try ColorTransfer.rct.applied(to: face, like: bright, smoothing: smoothing)
    #expect(try result.values == ColorTransfer.rct.applied(to: face, like: bright).values)
  }

  @Test(arguments: [1, 2, Double.nan]) func rateOneIsNoSmoothing(_ rate: Double) throws {
    let (face, dark, bright) = try (frame(0.5), frame(0.4), frame(0.6))
    let smoothing = ColorSmoothing(rate: rate)
    _ = try ColorTransfer.lct.applied(to: face, like: dark, smoothing: smoothing)
    let result = try ColorTransfer.lct.applied(to: face, like: bright, smoothing: smoothing)
    #expect(try result.difference(from: ColorTransfer.lct.applied(to: face, like: bright).values).largest < 1e-6)
  }

  @Test(arguments: [ColorTransfer.idt, .sotM, .mixM]) func otherModesIgnoreIt(_ mode: ColorTransfer) throws {
    let (face, dark, bright) = try (frame(0.5), frame(0.4), frame(0.6))
    let smoothing = ColorSmoothing(rate: 0.1)
    _ = try mode.applied(to: face, like: dark, smoothing: smoothing)
    let result = try mode.applied(to: face, like: bright, smoothing: smoothing)
    #expect(try result.values == mode.applied(to: face, like: bright).values)
  }
}
