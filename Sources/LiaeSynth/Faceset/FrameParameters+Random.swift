// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

extension FrameParameters {
  /// The set of frames that a number names. Those of evaluation never occur in training, whatever the seed.
  package enum Purpose: UInt64, Sendable {
    case training = 0x7472_6169_6e00
    case evaluation = 0x6576_616c_0000
  }

  /// Frame `index` of `seed`: depends on nothing else.
  ///
  /// - Parameter person: mixed into the seed of training, so that two persons' facesets do not show the same poses by
  ///   accident of the same seed; evaluation compares persons in the same pose and leaves it out.
  package init(index: Int, seed: UInt64, purpose: Purpose, person: String = "") {
    var mixed = SplitMix64(state: seed ^ purpose.rawValue)
    var state = mixed.next() &+ UInt64(truncatingIfNeeded: index) &* 0xd134_2543_de82_ef95
    if purpose == .training { for byte in person.utf8 { state = (state ^ UInt64(byte)) &* 0x100_0000_01b3 } }
    var random = SplitMix64(state: state)
    self.init(&random)
  }

  /// One of all frames that are rendered: yaw within ±50°, pitch and roll within ±20°, mostly a calm face.
  init(_ random: inout SplitMix64) {
    self.init()
    func signed() -> Float { random.uniform() * 2 - 1 }
    func degrees(_ angle: Float) -> Float { angle * .pi / 180 }
    /// Often zero, seldom large.
    func sometimes(_ share: Float) -> Float {
      let (chosen, amount) = (random.uniform() < share, random.uniform())
      return chosen ? amount : 0
    }
    yaw = degrees(50) * (signed() * 0.75 + signed() * 0.25)
    pitch = degrees(clamp(random.normal() * 8, -20, 20))
    roll = degrees(clamp(random.normal() * 7, -20, 20))
    jaw = sometimes(0.55)
    jaw *= jaw.squareRoot()
    smile = sometimes(0.5)
    pucker = sometimes(0.15) * 0.8
    // Lids that move are shut for a third of the time.
    blink = min(1, 1.5 * sometimes(0.4))
    gaze = SIMD2(signed() * 0.8, signed() * 0.7)
    brows = sometimes(0.5) * (random.uniform() < 0.3 ? -0.6 : 1)
    light = Light(&random)
    scene = random.next() >> 16
    center = SIMD2(0.5 + 0.06 * signed(), 0.52 + 0.05 * signed())
    span = 400 * (1 + 0.09 * signed())
  }
}

extension FrameParameters.Light {
  init(_ random: inout SplitMix64) {
    self.init()
    func signed() -> Float { random.uniform() * 2 - 1 }
    azimuth = signed() * 1.15
    elevation = 0.45 + signed() * 0.55
    // From candles to an overcast sky.
    let (strength, warmth) = (1.05 + 0.35 * signed(), signed())
    key = Vector(1 + 0.10 * warmth, 1, 1 - 0.16 * warmth) * strength
    let (fill, tint) = (0.38 + 0.12 * signed(), signed())
    sky = Vector(1 - 0.08 * tint, 1, 1 + 0.10 * tint) * fill
    ground = Vector(1.08, 1, 0.9) * (fill * (0.45 + 0.15 * signed()))
  }
}
