// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeImageIO
import LiaeSystem
import LiaeTensor

/// Measures how much the swapped faces of a sequence flicker, and how much the frames themselves do in the same places.
///
/// Of each frame only the rectangle where the mask is at least half is kept, in 8-bit levels.
struct FlickerMeasurement {
  private struct Frame {
    var number: Int
    /// The size of the whole frame.
    var size: SIMD2<Int>
    var columns: Range<Int>
    var rows: Range<Int>
    var original: Picture
    var result: Picture
    var mask: Picture

    /// The part of one of the pictures that lies in a rectangle of the frame.
    func view(_ picture: Picture, _ columns: Range<Int>, _ rows: Range<Int>) -> ImageView {
      let (x, y) = (columns.lowerBound - self.columns.lowerBound, rows.lowerBound - self.rows.lowerBound)
      return ImageView(
        base: picture.view.base + y * picture.stride + x * picture.format.size, width: columns.count,
        height: rows.count, stride: picture.stride, format: picture.format)
    }
  }
  private var last: [Frame] = []
  /// The flicker of the frames as they were, in 8-bit levels; `result` has that of the swapped ones.
  private(set) var original = Flicker()
  private(set) var result = Flicker()

  /// Adds the next frame with faces. Only three frames that follow each other count.
  mutating func add(_ number: Int, original picture: Picture, _ swapped: SwappedFrame) {
    if last.last?.number != number - 1 { last = [] }
    // Where there is no memory for a frame, or no mask reaches one half, nothing is counted.
    guard let frame = try? Self.frame(number, picture, swapped) else {
      last = []
      return
    }
    last.append(frame)
    guard last.count == 3 else { return }
    defer { last.removeFirst() }
    let (a, b, c) = (last[0], last[1], last[2])
    let columns = a.columns.clamped(to: b.columns).clamped(to: c.columns)
    let rows = a.rows.clamped(to: b.rows).clamped(to: c.rows)
    // Frames of another size are another scene.
    guard a.size == b.size, a.size == c.size, !columns.isEmpty, !rows.isEmpty else { return }
    func views(_ picture: (Frame) -> Picture) -> (ImageView, ImageView, ImageView) {
      (a.view(picture(a), columns, rows), b.view(picture(b), columns, rows), c.view(picture(c), columns, rows))
    }
    do {
      var (before, after) = (original, result)
      try before.add(views(\.original), where: views(\.mask))
      try after.add(views(\.result), where: views(\.mask))
      (original, result) = (before, after)
    } catch {}
    withExtendedLifetime((a, b, c)) {}
  }

  /// Returns nil where the mask is below one half everywhere.
  private static func frame(_ number: Int, _ picture: Picture, _ swapped: SwappedFrame) throws(LiaeError) -> Frame? {
    guard let (columns, rows) = strongPart(of: swapped.mask) else { return nil }
    func part(_ picture: Picture, _ format: PixelFormat) throws(LiaeError) -> Picture {
      try picture.cropped(x: columns.lowerBound, y: rows.lowerBound, width: columns.count, height: rows.count)
        .converted(to: format)
    }
    return Frame(
      number: number, size: SIMD2(picture.width, picture.height), columns: columns, rows: rows,
      original: try part(picture, .rgb8), result: try part(swapped.picture, .rgb8),
      mask: try part(swapped.mask, .gray8))
  }

  /// The smallest rectangle outside of which a gray mask is below one half.
  private static func strongPart(of mask: Picture) -> (columns: Range<Int>, rows: Range<Int>)? {
    var (left, right, top, bottom) = (mask.width, -1, mask.height, -1)
    func look(_ isStrong: (UnsafeRawPointer, Int) -> Bool) {
      for y in 0..<mask.height {
        let row = UnsafeRawPointer(mask.view.base + y * mask.stride)
        guard let first = (0..<mask.width).first(where: { isStrong(row, $0) }) else { continue }
        let last = (first..<mask.width).last { isStrong(row, $0) } ?? first
        (left, right) = (min(left, first), max(right, last))
        (top, bottom) = (min(top, y), y)
      }
    }
    switch mask.format {
    case .gray8: look { row, x in row.load(fromByteOffset: x, as: UInt8.self) >= 128 }
    case .grayFloat: look { row, x in row.load(fromByteOffset: 4 * x, as: Float.self) * 255 + 0.5 >= 128 }
    default: return nil
    }
    withExtendedLifetime(mask) {}
    return right >= 0 ? (left..<right + 1, top..<bottom + 1) : nil
  }
}
