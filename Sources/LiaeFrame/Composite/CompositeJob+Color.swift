// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// Steps b to f: the colours of the frame, and its gradients.
extension CompositeJob {
  func transferColor(_ picture: ColorCanvas, like destination: ColorCanvas, _ area: MaskCanvas)
    throws(LiaeError)
  {
    guard options.colorTransfer != .none else { return }
    try options.colorTransfer.apply(
      to: picture, like: destination, area: area, randomness: face.randomness ?? .seed(options.seed),
      smoothing: face.smoothing?.color, workers: workers)
  }

  /// Step c: what lies outside the area is white on both sides.
  func histogramMatched(
    _ picture: ColorCanvas, _ destination: ColorCanvas, _ area: MaskCanvas
  ) throws(LiaeError) -> ColorCanvas {
    let (result, reference) = (try picture.copy(), try destination.copy())
    if options.masksHistogramMatch {
      for i in 0..<result.count {
        let (inside, white) = (area.pixels[i], 1 - area.pixels[i])
        result.pixels[i] = pointwiseMin(result.pixels[i] * inside + white, .one)
        reference.pixels[i] = reference.pixels[i] * inside + white
      }
    }
    try HistogramMatch.apply(to: result, like: reference, threshold: options.histogramThreshold)
    return result
  }

  /// Steps d and f: the gradients of the face with the frame around them.
  func cloned(_ picture: ColorCanvas, onto original: ColorCanvas, _ alpha: MaskCanvas) throws(LiaeError)
    -> ColorCanvas
  {
    var highest: Float = 0
    alpha.pieces { for i in $0 { highest = max(highest, alpha.pixels[i]) } }
    guard let level = (1...9).map({ Float($0) / 10 }).first(where: { highest > $0 }) else { return picture }
    let binary = try MaskCanvas(region)
    binary.pieces { for i in $0 { binary.pixels[i] = alpha.pixels[i] > level ? 1 : 0 } }
    guard let box = binary.boundingBox(where: { $0 > 0 }) else { return picture }
    let center = (x: box.left + box.width / 2, y: box.top + box.height / 2)
    // The outermost pixels of the frame have no neighbours to take a gradient from.
    let (right, bottom) = (frame.region.right - 1, frame.region.bottom - 1)
    for y in region.top..<region.bottom {
      let isOutermost = y == 0 || y == bottom
      for x in isOutermost ? Array(region.left..<region.right) : [0, right]
      where (region.left..<region.right).contains(x) {
        binary[x - region.left, y - region.top] = 0
      }
    }
    guard binary.boundingBox(where: { $0 > 0 }) != nil else { return picture }
    return try PoissonClone.clone(picture, onto: original, mask: binary, center: center, workers: workers)
  }
}
