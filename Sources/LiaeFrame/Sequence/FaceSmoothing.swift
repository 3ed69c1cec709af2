// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// The state that is kept of one face from frame to frame, so that its landmarks, its mask and its colours do not
/// flicker. One caller at a time, frames in their order.
package final class FaceSmoothing {
  let color: ColorSmoothing?
  private let maskRate: Float?
  private var mask: MaskCanvas?
  private var filter: OneEuroFilter?

  /// - Parameters:
  ///   - mask: weight of the newest mask in an exponential average, 0...1; nil: masks are as they are.
  ///   - color: likewise of the statistics of a colour transfer.
  ///   - landmarks: a filter whose speeds are face widths a second; nil: landmarks are as they are.
  package init(mask: Double?, color: Double?, landmarks: OneEuroFilter? = nil) {
    maskRate = mask.map { Float(min(max($0, 0), 1)) }
    self.color = color.map { ColorSmoothing(rate: min(max($0, 0), 1)) }
    filter = landmarks
  }

  /// The next frame is another scene.
  package func reset() {
    mask = nil
    color?.reset()
    filter?.reset()
  }

  /// The landmarks of the next frame, steadied. Another number of points begins anew.
  ///
  /// - Parameter interval: seconds since the frame before, above 0.
  package func smooth(_ newest: Landmarks, interval: Double) throws(LiaeError) -> Landmarks {
    guard filter != nil else { return newest }
    let width = FaceExtent(newest.points).width
    let values = filter?.next(
      newest.points.flatMap { [$0.x, $0.y] }, interval: interval, unit: width > 0 ? width : 1)
    guard let values, values.count == 2 * newest.points.count else { return newest }
    return try Landmarks(newest.points.indices.map { Point(values[2 * $0], values[2 * $0 + 1]) })
  }

  /// The average with this mask. The mask lies in the face's own square, so it moves with the face.
  func smooth(_ newest: MaskCanvas) throws(LiaeError) -> MaskCanvas {
    guard let maskRate else { return newest }
    // What is handed out may be written to.
    guard let mask, mask.width == newest.width, mask.height == newest.height else {
      mask = try newest.copy()
      return newest
    }
    let result = try MaskCanvas(width: newest.width, height: newest.height)
    for i in 0..<result.count {
      result.pixels[i] = mask.pixels[i] + (newest.pixels[i] - mask.pixels[i]) * maskRate
    }
    withExtendedLifetime(mask) {}
    self.mask = try result.copy()
    return result
  }
}
