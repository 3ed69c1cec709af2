// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// The motion of a face from the frame before to the frame after. Source: DeepFaceLab's merger.
package struct Motion: Sendable, Equatable {
  /// Pixels of the 256-pixel full face.
  package var power: Double
  /// Counter-clockwise.
  package var degrees: Double

  package init(power: Double = 0, degrees: Double = 0) { (self.power, self.degrees) = (power, degrees) }

  /// The motion from one place to another, y downwards.
  package init(from start: Point, to end: Point) {
    let step = end - start
    self.init(power: (step * step).sum().squareRoot(), degrees: -Math.atan2(step.y, step.x) * 180 / .pi)
  }
}
