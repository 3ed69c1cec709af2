// SPDX-License-Identifier: Apache-2.0
import LiaeImageIO
import LiaeSystem
import LiaeTensor

extension SwappedFrame {
  /// The faces without their frame: RGBA with straight alpha, 0 where no face is. Over the frame they give the composite.
  ///
  /// The composite is frame (1 - a) + face a, so that face = frame + (composite - frame) / a.
  ///
  /// - Parameter frame: of the same size as the picture and the mask, which are float ones.
  /// - Returns: a float picture. Where the frame has alpha, the face's is multiplied by it.
  /// - Throws: `outOfMemory`.
  func faceAlone(over frame: Picture) throws(LiaeError) -> Picture {
    let source = try frame.converted(to: .rgbaFloat)
    let composite = try picture.converted(to: .rgbFloat)
    let mask = try self.mask.converted(to: .grayFloat)
    let result = try Picture(width: frame.width, height: frame.height, format: .rgbaFloat)
    defer { withExtendedLifetime((source, composite, mask, result)) {} }
    func floats(_ picture: Picture) -> UnsafePointer<Float> { picture.view.base.assumingMemoryBound(to: Float.self) }
    let (under, over, weights) = (floats(source), floats(composite), floats(mask))
    let target = result.mutableView.base.assumingMemoryBound(to: Float.self)
    for pixel in 0..<frame.width * frame.height where weights[pixel] > 0 {
      let alpha = weights[pixel]
      for channel in 0..<3 {
        let before = under[pixel * 4 + channel]
        target[pixel * 4 + channel] = min(max(before + (over[pixel * 3 + channel] - before) / alpha, 0), 1)
      }
      target[pixel * 4 + 3] = alpha * under[pixel * 4 + 3]
    }
    return result
  }
}
