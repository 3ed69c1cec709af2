// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// Parameters that change smoothly, for a video: between random frames, one every second or so, with blinks.
package struct ParameterPath: Sendable {
  private let keys: [FrameParameters]
  /// Frames from one key to the next.
  private let spacing: Float
  private let blinks: [Float]
  /// Frames that a blink takes.
  private let blinkLength: Float

  /// - Parameters:
  ///   - frames: at least 1.
  ///   - rate: frames a second.
  package init(seed: UInt64, frames: Int, rate: Float, purpose: FrameParameters.Purpose, person: String = "") {
    spacing = max(1, rate * 0.9)
    let count = Int(Float(frames) / spacing) + 4
    var keys = (0..<count).map {
      FrameParameters(index: $0, seed: seed &+ 0x7669_6465_6f, purpose: purpose, person: person)
    }
    // One scene, one lamp, one camera.
    for i in keys.indices {
      (keys[i].light, keys[i].scene, keys[i].blink) = (keys[0].light, keys[0].scene, 0)
      (keys[i].span, keys[i].center) = (keys[0].span, (keys[i].center + 2 * keys[0].center) / 3)
    }
    self.keys = keys
    var random = SplitMix64(state: seed ^ 0x626c_696e_6b)
    var (time, blinks) = (rate, [Float]())
    while time < Float(frames) {
      blinks.append(time)
      time += rate * (1.2 + 3 * random.uniform())
    }
    (self.blinks, blinkLength) = (blinks, rate * 0.16)
  }

  package subscript(frame: Int) -> FrameParameters {
    let position = Float(frame) / spacing + 1
    let i = min(max(Int(position), 1), keys.count - 3)
    let t = position - Float(i)
    // A cubic B-spline: smooth, and within the range of its keys.
    let u = 1 - t
    let w = SIMD4<Float>(u * u * u, 3 * t * t * t - 6 * t * t + 4, 3 * u * u * u - 6 * u * u + 4, t * t * t) / 6
    var result = keys[i]
    func blend(_ path: WritableKeyPath<FrameParameters, Float>) {
      result[keyPath: path] =
        keys[i - 1][keyPath: path] * w.x + keys[i][keyPath: path] * w.y + keys[i + 1][keyPath: path] * w.z
        + keys[i + 2][keyPath: path] * w.w
    }
    for path in [\.yaw, \.pitch, \.roll, \.jaw, \.smile, \.pucker, \.brows, \.gaze.x, \.gaze.y, \.center.x, \.center.y]
      as [WritableKeyPath<FrameParameters, Float>]
    { blend(path) }
    for start in blinks { result.blink = max(result.blink, bump(Float(frame) - start, blinkLength)) }
    return result
  }
}
