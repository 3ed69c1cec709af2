// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeTensor

/// A colour of a drawing, each part 0...1.
package struct Ink {
  package var red, green, blue: Float

  /// Creates a colour from the number that it is usually written as: 0x1f77b4.
  package init(_ code: Int) {
    func part(_ shift: Int) -> Float { Float(code >> shift & 0xff) / 255 }
    (red, green, blue) = (part(16), part(8), part(0))
  }
}

/// A picture that is drawn on: lines with soft edges, rectangles, letters, other pictures. Coordinates are pixels, may be
/// any numbers, and what lies outside is cut off.
package struct Raster {
  package let picture: Picture
  private let pixels: UnsafeMutablePointer<Float>
  package var width: Int { picture.width }
  package var height: Int { picture.height }
  /// The whole picture.
  package var bounds: PixelRectangle { PixelRectangle(columns: 0..<width, rows: 0..<height) }

  /// - Throws: `outOfMemory`; `limitExceeded` for pictures that are too large.
  package init(width: Int, height: Int, ground: Ink) throws(LiaeError) {
    picture = try Picture(width: width, height: height, format: .rgbFloat)
    pixels = picture.mutableView.base.assumingMemoryBound(to: Float.self)
    fill(x: 0, y: 0, width: width, height: height, ground)
  }

  package func fill(x: Int, y: Int, width: Int, height: Int, _ ink: Ink, opacity: Float = 1) {
    for row in Self.span(y, height, within: self.height) {
      for column in Self.span(x, width, within: self.width) { blend(column, row, ink, opacity) }
    }
  }

  /// - Parameter scale: pixels of a dot of the letters.
  package func write(_ text: String, x: Int, y: Int, _ ink: Ink, scale: Int = 1) {
    for (place, character) in text.enumerated() {
      for dot in PixelFont.ink(character) {
        fill(
          x: x &+ (place * PixelFont.advance + dot.x) * scale, y: y &+ dot.y * scale, width: scale, height: scale, ink)
      }
    }
  }

  /// Pixels that a text takes from left to right.
  package static func width(_ text: String, scale: Int = 1) -> Int {
    max(0, text.count * PixelFont.advance - 1) * scale
  }

  /// Joins points by lines of one opacity, wherever they lie over each other. Lines from or to a point that is not finite
  /// are left out.
  ///
  /// - Parameter area: what may be drawn on; nil is the whole picture.
  package func stroke(
    _ points: [(x: Double, y: Double)], width thickness: Double, _ ink: Ink, opacity: Float = 1,
    within area: PixelRectangle? = nil
  ) {
    let area = (area ?? bounds).intersection(bounds)
    guard !area.rows.isEmpty, !area.columns.isEmpty else { return }
    // The distance at which a line covers nothing of a pixel any more.
    let reach = thickness / 2 + 0.5
    var coverage = [Float](repeating: 0, count: area.columns.count * area.rows.count)
    for (a, b) in zip(points, points.dropFirst()) {
      guard let segment = LineSegment(a, b).clipped(to: area, margin: reach) else { continue }
      let box = segment.pixels(reach: reach, within: area)
      for y in box.rows {
        for x in box.columns {
          let cover = Float(min(reach - segment.distance(x: Double(x), y: Double(y)), 1))
          let place = (y - area.rows.lowerBound) * area.columns.count + x - area.columns.lowerBound
          coverage[place] = max(coverage[place], cover)
        }
      }
    }
    var place = 0
    for y in area.rows {
      for x in area.columns {
        if coverage[place] > 0 { blend(x, y, ink, coverage[place] * opacity) }
        place += 1
      }
    }
  }

  /// Sets a picture in, its upper left corner at a place.
  package func place(_ other: Picture, x: Int, y: Int) throws(LiaeError) {
    let source = try other.converted(to: .rgbFloat)
    defer { withExtendedLifetime(source) {} }
    let from = source.view.base.assumingMemoryBound(to: Float.self)
    for row in Self.span(y, source.height, within: height) {
      for column in Self.span(x, source.width, within: width) {
        for channel in 0..<3 {
          pixels[(row * width + column) * 3 + channel] =
            from[((row - y) * source.width + column - x) * 3 + channel]
        }
      }
    }
  }

  /// The part of `count` pixels from `start` on that lies in 0..<limit.
  private static func span(_ start: Int, _ count: Int, within limit: Int) -> Range<Int> {
    let (end, overflow) = start.addingReportingOverflow(max(0, count))
    let first = min(max(start, 0), limit)
    return first..<max(first, min(overflow ? limit : end, limit))
  }

  private func blend(_ x: Int, _ y: Int, _ ink: Ink, _ opacity: Float) {
    let pixel = pixels + (y * width + x) * 3
    pixel[0] += (ink.red - pixel[0]) * opacity
    pixel[1] += (ink.green - pixel[1]) * opacity
    pixel[2] += (ink.blue - pixel[2]) * opacity
  }
}
