// SPDX-License-Identifier: Apache-2.0
import LiaeImageIO
import LiaeSystem
import LiaeTensor

/// A colour of a drawing, each part 0...1.
struct Ink {
  var red, green, blue: Float

  /// From the number that colours are usually written as: 0x1f77b4.
  init(_ code: Int) {
    func part(_ shift: Int) -> Float { Float(code >> shift & 0xff) / 255 }
    (red, green, blue) = (part(16), part(8), part(0))
  }
}

/// A picture that is drawn on: lines with soft edges, rectangles, letters, other pictures. What lies outside is cut off.
struct Raster {
  let picture: Picture
  private let pixels: UnsafeMutablePointer<Float>
  var width: Int { picture.width }
  var height: Int { picture.height }

  /// - Throws: `outOfMemory`; `limitExceeded` for pictures that are too large.
  init(width: Int, height: Int, ground: Ink) throws(LiaeError) {
    picture = try Picture(width: width, height: height, format: .rgbFloat)
    pixels = picture.mutableView.base.assumingMemoryBound(to: Float.self)
    fill(x: 0, y: 0, width: width, height: height, ground)
  }

  func fill(x: Int, y: Int, width: Int, height: Int, _ ink: Ink, opacity: Float = 1) {
    for row in max(0, y)..<max(0, y, min(self.height, y + height)) {
      for column in max(0, x)..<max(0, x, min(self.width, x + width)) { blend(column, row, ink, opacity) }
    }
  }

  /// - Parameter scale: pixels of a dot of the letters.
  func write(_ text: String, x: Int, y: Int, _ ink: Ink, scale: Int = 1) {
    for (place, character) in text.enumerated() {
      for dot in PixelFont.ink(character) {
        fill(
          x: x + (place * PixelFont.advance + dot.x) * scale, y: y + dot.y * scale, width: scale, height: scale, ink)
      }
    }
  }

  /// Pixels that a text takes from left to right.
  static func width(_ text: String, scale: Int = 1) -> Int { max(0, text.count * PixelFont.advance - 1) * scale }

  /// Joins points by a line of one opacity, wherever its parts lie over each other.
  func stroke(_ points: [(x: Float, y: Float)], width thickness: Float, _ ink: Ink, opacity: Float = 1) {
    var coverage = [Float](repeating: 0, count: width * height)
    let reach = thickness / 2 + 1
    for (a, b) in zip(points, points.dropFirst()) where [a.x, a.y, b.x, b.y].allSatisfy({ abs($0) < 1e6 }) {
      let (dx, dy) = (b.x - a.x, b.y - a.y)
      let length = dx * dx + dy * dy
      let rows = max(0, Int(min(a.y, b.y) - reach))..<max(0, min(height, Int(max(a.y, b.y) + reach) + 1))
      let columns = max(0, Int(min(a.x, b.x) - reach))..<max(0, min(width, Int(max(a.x, b.x) + reach) + 1))
      guard !rows.isEmpty, !columns.isEmpty else { continue }
      for y in rows {
        for x in columns {
          let (px, py) = (Float(x) - a.x, Float(y) - a.y)
          let t = length > 0 ? min(max((px * dx + py * dy) / length, 0), 1) : 0
          let (ox, oy) = (px - t * dx, py - t * dy)
          let cover = thickness / 2 + 0.5 - (ox * ox + oy * oy).squareRoot()
          coverage[y * width + x] = max(coverage[y * width + x], min(cover, 1))
        }
      }
    }
    for y in 0..<height {
      for x in 0..<width where coverage[y * width + x] > 0 { blend(x, y, ink, coverage[y * width + x] * opacity) }
    }
  }

  /// Sets a picture in, its upper left corner at a place.
  func place(_ other: Picture, x: Int, y: Int) throws(LiaeError) {
    let source = try other.converted(to: .rgbFloat)
    defer { withExtendedLifetime(source) {} }
    let from = source.view.base.assumingMemoryBound(to: Float.self)
    for row in max(0, -y)..<max(0, -y, min(source.height, height - y)) {
      for column in max(0, -x)..<max(0, -x, min(source.width, width - x)) {
        for channel in 0..<3 {
          pixels[((y + row) * width + x + column) * 3 + channel] = from[(row * source.width + column) * 3 + channel]
        }
      }
    }
  }

  private func blend(_ x: Int, _ y: Int, _ ink: Ink, _ opacity: Float) {
    let pixel = pixels + (y * width + x) * 3
    pixel[0] += (ink.red - pixel[0]) * opacity
    pixel[1] += (ink.green - pixel[1]) * opacity
    pixel[2] += (ink.blue - pixel[2]) * opacity
  }
}
