// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// The parameters that change from frame to frame, the same for whoever is rendered.
package struct FrameParameters: Sendable, Equatable {
  /// Radians. Positive yaw turns the nose to the right of the picture, positive pitch up, positive roll clockwise.
  package var yaw: Float = 0
  package var pitch: Float = 0
  package var roll: Float = 0

  /// 0...1 each.
  package var jaw: Float = 0
  package var smile: Float = 0
  package var blink: Float = 0
  package var pucker: Float = 0
  /// -1...1, to the right and down.
  package var gaze = SIMD2<Float>(0, 0)
  /// -0.6 (frowning) ... 1.
  package var brows: Float = 0

  package var light = Light()
  /// The seed of the background's shapes and colours.
  package var scene: UInt64 = 0
  /// Middle of the face, shares of the frame's width and height.
  package var center = SIMD2<Float>(0.5, 0.52)
  /// Millimetres that the frame's height shows at the distance of the face.
  package var span: Float = 330

  package struct Light: Sendable, Equatable {
    /// Radians from the camera: to the right, and up.
    package var azimuth: Float = 0.5
    package var elevation: Float = 0.6
    /// Linear, of the lamp, of the light from above and of that from below.
    package var key = Vector(1.32, 1.28, 1.22)
    package var sky = Vector(0.42, 0.44, 0.48)
    package var ground = Vector(0.22, 0.20, 0.18)

    /// Towards the lamp.
    var direction: Vector {
      Vector(Math.sin(azimuth) * Math.cos(elevation), -Math.sin(elevation), -Math.cos(azimuth) * Math.cos(elevation))
    }
  }

  package init() {}
}
