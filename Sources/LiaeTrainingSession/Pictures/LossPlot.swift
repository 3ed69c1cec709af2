// SPDX-License-Identifier: Apache-2.0
import LiaeImageIO
import LiaeSystem
import LiaeText

/// A plot of the losses of both sides over the iterations, pale as they were and strong as a moving mean, on a logarithmic
/// axis. Losses may be any numbers; what is not finite, or outside the axes, is left out.
package struct LossPlot {
  private static let (width, height) = (1200, 640)
  private static let (left, right, top, bottom) = (78, 1172, 64, 580)
  /// Area of the curves: inside the axes, with room for half a line.
  private static let area = PixelRectangle(columns: left - 2..<right + 3, rows: top - 2..<bottom + 3)
  private static let ground = Ink(0xfdfdfb), text = Ink(0x333333), grid = Ink(0xe3e3df), frame = Ink(0x9a9a94)
  private static let sides: [(name: String, ink: Ink)] = [("src", Ink(0x1f6fb4)), ("dst", Ink(0xd9631e))]
  private static let only: [(name: String, ink: Ink)] = [("loss", Ink(0x1f6fb4))]

  private let title: String
  private let history: LossHistory
  private var sides: [(name: String, ink: Ink)] { history.sides == 1 ? Self.only : Self.sides }

  package init(title: String, history: LossHistory) { (self.title, self.history) = (title, history) }

  /// 1200 x 640 pixels.
  ///
  /// - Throws: `outOfMemory`.
  package func picture() throws(LiaeError) -> Picture {
    let raster = try Raster(width: Self.width, height: Self.height, ground: Self.ground)
    let curves = (history.sides == 1 ? [history.source] : [history.source, history.destination]).map { Curve($0) }
    let levels = curves.flatMap(\.extent).map { min(max($0, 1e-6), 1e7) }
    let (low, high) = (levels.min() ?? 0.1, max(levels.max() ?? 1, 1e-5))
    // A little room, and no less than a factor of two: the noise of a flat curve is no mountain range.
    let middle = (low * high).squareRoot()
    let x = Axis(
      Double(history.first), Double(history.last), isLogarithmic: false, start: Self.left, end: Self.right, ticks: 10)
    let y = Axis(
      min(low / 1.06, middle / 1.4), max(high * 1.06, middle * 1.4), isLogarithmic: true, start: Self.bottom,
      end: Self.top, ticks: 9)
    drawAxes(raster, x, y)
    for (curve, side) in zip(curves, sides) { drawRaw(raster, curve, x, y, side.ink) }
    for (curve, side) in zip(curves, sides) {
      raster.stroke(
        curve.smooth.map { (x.position($0.at + Double(history.first)), y.position($0.value)) }, width: 2.4, side.ink,
        within: Self.area)
    }
    drawTitle(raster, curves)
    return raster.picture
  }

  private func drawAxes(_ raster: Raster, _ x: Axis, _ y: Axis) {
    for tick in x.ticks {
      guard let place = Int(exactly: x.position(tick).rounded()) else { continue }
      raster.fill(x: place, y: Self.top, width: 1, height: Self.bottom - Self.top, Self.grid)
      let label = Axis.label(tick)
      raster.write(label, x: place - Raster.width(label, scale: 2) / 2, y: Self.bottom + 10, Self.text, scale: 2)
    }
    for tick in y.ticks {
      guard let place = Int(exactly: y.position(tick).rounded()) else { continue }
      raster.fill(x: Self.left, y: place, width: Self.right - Self.left, height: 1, Self.grid)
      let label = Axis.label(tick)
      raster.write(label, x: Self.left - 10 - Raster.width(label, scale: 2), y: place - 7, Self.text, scale: 2)
    }
    raster.fill(x: Self.left, y: Self.top, width: 1, height: Self.bottom - Self.top, Self.frame)
    raster.fill(x: Self.left, y: Self.bottom, width: Self.right - Self.left + 1, height: 1, Self.frame)
    let label = "iteration"
    raster.write(
      label, x: (Self.left + Self.right - Raster.width(label, scale: 2)) / 2, y: Self.bottom + 36, Self.text, scale: 2)
  }

  /// A band from least to most within each column of pixels; a thin line where iterations are few.
  private func drawRaw(_ raster: Raster, _ curve: Curve, _ x: Axis, _ y: Axis, _ ink: Ink) {
    let columns = Self.right - Self.left
    guard curve.values.count > 3 * columns else {
      let points = curve.values.enumerated().map {
        (x.position(Double($0 + 1) + Double(history.first)), y.position(Double($1)))
      }
      return raster.stroke(points, width: 1, ink, opacity: 0.4, within: Self.area)
    }
    for column in 0..<columns {
      let range = column * curve.values.count / columns..<(column + 1) * curve.values.count / columns
      let finite = curve.values[range].filter(\.isFinite)
      guard let least = finite.min(), let most = finite.max() else { continue }
      let (from, to) = (y.position(Double(most)).rounded(.down), y.position(Double(least)).rounded(.down))
      guard from <= Double(Self.bottom), to >= Double(Self.top) else { continue }
      let (top, bottom) = (max(Int(from), Self.top), min(Int(to), Self.bottom))
      raster.fill(x: Self.left + column, y: top, width: 1, height: max(1, bottom - top), ink, opacity: 0.28)
    }
  }

  private func drawTitle(_ raster: Raster, _ curves: [Curve]) {
    raster.write(title, x: Self.left, y: 22, Self.text, scale: 2)
    var end = Self.right
    for (curve, side) in zip(curves, sides).reversed() {
      let label = "\(side.name) \(curve.smooth.last.map { $0.value.fixed(4) } ?? "-")"
      end -= Raster.width(label, scale: 2)
      raster.write(label, x: end, y: 22, Self.text, scale: 2)
      end -= 34
      raster.fill(x: end, y: 27, width: 26, height: 5, side.ink)
      end -= 24
    }
  }
}

/// The losses of one side, and their moving mean at up to 400 places.
private struct Curve {
  let values: [Float]
  private(set) var smooth: [(at: Double, value: Double)] = []

  init(_ values: [Float]) {
    self.values = values
    guard !values.isEmpty else { return }
    // Sums up to each iteration; what is not finite is left out.
    var (sums, counts) = ([0.0], [0])
    for value in values {
      sums.append((sums.last ?? 0) + (value.isFinite ? Double(value) : 0))
      counts.append((counts.last ?? 0) + (value.isFinite ? 1 : 0))
    }
    let reach = max(values.count / 50, min(4, values.count / 6))
    let places = min(400, values.count)
    for place in 0..<places {
      let center = places == 1 ? 0 : place * (values.count - 1) / (places - 1)
      // At the start, which is steep, as far to the left as to the right; at the end, which is not, over what there is.
      let reach = min(reach, center)
      let (a, b) = (center - reach, min(values.count, center + reach + 1))
      guard counts[b] > counts[a] else { continue }
      smooth.append((Double(center + 1), (sums[b] - sums[a]) / Double(counts[b] - counts[a])))
    }
  }

  /// The least and the greatest value worth showing: of the moving mean, and of the losses but for the outermost
  /// hundredth.
  var extent: [Double] {
    let finite = values.filter { $0.isFinite && $0 > 0 }.sorted()
    guard !finite.isEmpty else { return [] }
    let cut = finite.count / 200
    return [Double(finite[cut]), Double(finite[finite.count - 1 - cut])] + smooth.map(\.value).filter { $0 > 0 }
  }
}
