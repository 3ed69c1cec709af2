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
    let highest = (0..<alpha.count).reduce(Float(0)) { max($0, alpha.pixels[$1]) }
    guard let level = (1...9).map({ Float($0) / 10 }).first(where: { highest > $0 }) else { return picture }
    let binary = try MaskCanvas(region)
    for i in 0..<binary.count { binary.pixels[i] = alpha.pixels[i] > level ? 1 : 0 }
    guard let box = binary.boundingBox(where: { $0 > 0 }) else { return picture }
    let center = (x: box.left + box.width / 2, y: box.top + box.height / 2)
    // The outermost pixels of the frame have no neighbours to take a gradient from.
    for y in 0..<binary.height {
      for x in 0..<binary.width
      where [0, frame.region.width - 1].contains(x + region.left)
        || [0, frame.region.height - 1].contains(y + region.top)
      {
        binary[x, y] = 0
      }
    }
    guard binary.boundingBox(where: { $0 > 0 }) != nil else { return picture }
    return try PoissonClone.clone(picture, onto: original, mask: binary, center: center, workers: workers)
  }
}
