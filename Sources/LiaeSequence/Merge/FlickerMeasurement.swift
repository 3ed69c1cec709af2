// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeImageIO
import LiaeTensor

/// Measures how much the swapped faces of a sequence flicker, and how much the frames themselves do in the same places.
struct FlickerMeasurement {
  private struct Frame {
    var number: Int
    var original: Picture
    var result: Picture
    var mask: Picture
  }
  private var last: [Frame] = []
  /// The flicker of the frames as they were, in 8-bit levels; `result` has that of the swapped ones.
  private(set) var original = Flicker()
  private(set) var result = Flicker()

  /// Adds the next frame with faces. Only three frames that follow each other count.
  mutating func add(_ number: Int, original picture: Picture, _ swapped: SwappedFrame) {
    if last.last?.number != number - 1 { last = [] }
    // Frames of 16 bits are compared in 8-bit levels; where there is no memory for that, nothing is counted.
    func levels(_ picture: Picture, _ format: PixelFormat) -> Picture? {
      picture.format.isFloat ? try? picture.converted(to: format) : picture
    }
    guard let before = levels(picture, .rgb8), let after = levels(swapped.picture, .rgb8),
      let mask = levels(swapped.mask, .gray8)
    else { return }
    last.append(Frame(number: number, original: before, result: after, mask: mask))
    guard last.count == 3 else { return }
    defer { last.removeFirst() }
    let (a, b, c) = (last[0], last[1], last[2])
    let masks = (a.mask.view, b.mask.view, c.mask.view)
    // Frames of another size or kind are another scene; nothing is counted then.
    do {
      var (before, after) = (original, result)
      try before.add((a.original.view, b.original.view, c.original.view), where: masks)
      try after.add((a.result.view, b.result.view, c.result.view), where: masks)
      (original, result) = (before, after)
    } catch {}
    withExtendedLifetime((a, b, c)) {}
  }
}
