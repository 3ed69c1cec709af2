// SPDX-License-Identifier: Apache-2.0
import LiaeImageIO
import LiaeSystem
import LiaeTestSupport
import LiaeTrainingSession
import Testing

/// Plots of losses that may be any numbers.
@Suite struct LossPlotTests {
  /// 8-bit pixels of a plot.
  private struct Plot {
    let width: Int
    let pixels: [(red: Float, green: Float, blue: Float)]

    init(_ source: [Float], _ destination: [Float], first: Int = 0) throws {
      let history = LossHistory(source: source, destination: destination, upTo: first + source.count)
      let picture = try LossPlot(title: "a model  iteration 5", history: history).picture()
      #expect(picture.width == 1200 && picture.height == 640)
      width = picture.width
      let values = picture.view.base.assumingMemoryBound(to: Float.self)
      pixels = (0..<picture.width * picture.height).map { (values[3 * $0], values[3 * $0 + 1], values[3 * $0 + 2]) }
      withExtendedLifetime(picture) {}
      #expect(pixels.allSatisfy { (0...1).contains($0.red) && (0...1).contains($0.green) && (0...1).contains($0.blue) })
    }

    /// Places whose colour is no gray: curves, and their marks in the title.
    func colored(_ side: Side) -> [(x: Int, y: Int)] {
      pixels.enumerated().filter { _, pixel in
        side == .source ? pixel.blue > pixel.red + 0.1 : pixel.red > pixel.blue + 0.1
      }.map { ($0.offset % width, $0.offset / width) }
    }
    enum Side { case source, destination }

    /// Returns the pixels of the curves: under the title.
    func curve(_ side: Side) -> [(x: Int, y: Int)] { colored(side).filter { $0.y > 40 } }

    /// Fails where a curve leaves the axes by more than half a line.
    func expectCurvesInside(sourceLocation: SourceLocation = #_sourceLocation) {
      for side in [Side.source, .destination] {
        for (x, y) in curve(side) where !(76...1174).contains(x) || !(62...582).contains(y) {
          Issue.record("a curve is drawn at \(x), \(y)", sourceLocation: sourceLocation)
          return
        }
      }
    }
  }

  private func falling(_ count: Int) -> [Float] { (0..<count).map { 4 / (1 + Float($0) / 100) } }

  @Test func curvesFallToTheRight() throws {
    let plot = try Plot(falling(1000), falling(1000).map { $0 / 2 })
    plot.expectCurvesInside()
    for side in [Plot.Side.source, .destination] {
      let curve = plot.curve(side)
      let left = curve.filter { (80...100).contains($0.x) }.map(\.y)
      let right = curve.filter { (1150...1170).contains($0.x) }.map(\.y)
      #expect(try #require(left.max()) < #require(right.min()))
      // From end to end.
      #expect(Set(curve.map(\.x)).count > 1080)
    }
    // Half the loss is lower in the picture.
    let (upper, lower) = (plot.curve(.source).filter { $0.x == 600 }, plot.curve(.destination).filter { $0.x == 600 })
    #expect(try #require(upper.map(\.y).max()) < #require(lower.map(\.y).min()))
  }

  /// Two losses in a row far below the others: a line that lies outside of the picture altogether.
  @Test func losesFarBelowTheOthers() throws {
    var losses = (0..<600).map { 0.95 + 0.1 * Float($0 * 7919 % 600) / 600 }
    (losses[300], losses[301]) = (0.6, 0.6)
    let plot = try Plot(losses, losses)
    plot.expectCurvesInside()
    // The line that goes there leaves through the bottom.
    #expect(plot.curve(.source).contains { $0.y > 575 } || plot.curve(.destination).contains { $0.y > 575 })
  }

  private static let cycle: [Float] = [1, .nan, -.infinity, 0, 3e38, -2, .infinity, 1e-40]

  static let hostile: [String: [Float]] = [
    "one": [0.5], "equal": [Float](repeating: 0.25, count: 700), "two": [1, 1e-3], "nothing": [],
    "not numbers": [Float](repeating: .nan, count: 50), "infinite": [Float](repeating: .infinity, count: 50),
    "negative": [-1, -2, -3, -1e30], "zeros": [Float](repeating: 0, count: 5000),
    "greatest": [.greatestFiniteMagnitude, 1, .greatestFiniteMagnitude, 1],
    "least": [.leastNonzeroMagnitude, .leastNonzeroMagnitude, 1],
    "mixed": (0..<4000).map { cycle[$0 * 7919 % 8] }, "spikes": (0..<5000).map { $0 % 100 == 0 ? 1e9 : 1 },
    "pits": (0..<5000).map { $0 % 700 == 0 ? 1e-9 : 1 },
  ]

  @Test(arguments: hostile.keys.sorted()) func lossesOfAnyKind(name: String) throws {
    let losses = try #require(Self.hostile[name])
    for first in [0, 1, 999_999_999, 1 << 40] { try Plot(losses, losses.reversed(), first: first).expectCurvesInside() }
  }

  @Test func manyLossesAreABand() throws {
    // Noise of a factor of two around 1: the band covers it in every column.
    let losses = (0..<20_000).map { 0.7 + 0.7 * Float($0 * 7919 % 20_000) / 20_000 }
    let plot = try Plot(losses, losses.map { $0 * 10 })
    plot.expectCurvesInside()
    for x in stride(from: 100, to: 1150, by: 50) {
      let rows = plot.curve(.source).filter { $0.x == x }.map(\.y)
      #expect(try #require(rows.max()) - #require(rows.min()) > 50, "column \(x)")
    }
  }

  // MARK: - Axes

  @Test func ticksAreRoundNumbers() {
    let axis = Axis(0, 1000, isLogarithmic: false, start: 0, end: 500, ticks: 10)
    #expect(axis.ticks == [0, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1000])
    #expect(axis.position(0) == 0 && axis.position(1000) == 500 && axis.position(250) == 125)
    #expect(Axis(7, 7, isLogarithmic: false, start: 0, end: 500, ticks: 10).ticks == [7])
    let log = Axis(0.01, 100, isLogarithmic: true, start: 400, end: 0, ticks: 9)
    #expect(log.ticks.map(Axis.label) == ["0.01", "0.03", "0.1", "0.3", "1", "3", "10", "30", "100"])
    #expect(log.position(0.01) == 400 && abs(log.position(1) - 200) < 1e-9 && log.position(100) == 0)
  }

  @Test func positionsOfAnyNumber() {
    for isLogarithmic in [false, true] {
      for (low, high) in [(1.0, 2.0), (1, 1), (1e-6, 1e7), (1e12, 1e12)] {
        let axis = Axis(low, high, isLogarithmic: isLogarithmic, start: 10, end: 500, ticks: 9)
        for value in [0, -1, 1e300, -1e300, .leastNonzeroMagnitude, .greatestFiniteMagnitude] {
          #expect(abs(axis.position(value)) <= 1e6, "\(value) on \(low)...\(high)")
        }
        for value in [Double.nan, .infinity, -.infinity] { #expect(axis.position(value).isNaN) }
        #expect(axis.ticks.count < 100 && axis.ticks.allSatisfy(\.isFinite))
      }
    }
  }

  @Test(arguments: [
    (0.0, "0"), (0.05, "0.05"), (1, "1"), (12.5, "12.5"), (2500, "2.5k"), (10_000, "10k"), (1_000_000, "1M"),
    (1_500_000, "1.5M"), (.nan, "nan"), (.infinity, "infM"),
  ])
  func labels(value: Double, label: String) { #expect(Axis.label(value) == label) }
}
