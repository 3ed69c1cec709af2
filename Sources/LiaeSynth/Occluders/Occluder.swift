// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeImageIO
import LiaeSystem
import LiaeTensor

/// An object between the camera and a face.
package struct Occluder: Sendable, Equatable {
  package enum Kind: UInt64, Sendable, CaseIterable {
    case hand, strands, glasses, microphone
  }

  package var kind: Kind
  /// The seed from which place, size and colours are drawn.
  package var seed: UInt64

  package init(_ kind: Kind, seed: UInt64) { (self.kind, self.seed) = (kind, seed) }

  /// The objects before frame `index` of `seed`: none, one, seldom two.
  ///
  /// - Parameters:
  ///   - purpose: those of evaluation never occur in training, but for an accident.
  ///   - person: mixed in, as `FrameParameters` do.
  ///   - share: of the frames that have one, 0...1.
  package static func random(
    index: Int, seed: UInt64, purpose: FrameParameters.Purpose, person: String = "", share: Double
  ) -> [Occluder] {
    var mixed = SplitMix64(state: seed ^ purpose.rawValue ^ 0x6f63_636c_7564_6572)
    var state = mixed.next() &+ UInt64(truncatingIfNeeded: index) &* 0xd134_2543_de82_ef95
    if purpose == .training { for byte in person.utf8 { state = (state ^ UInt64(byte)) &* 0x100_0000_01b3 } }
    var random = SplitMix64(state: state)
    guard Double(random.uniform()) < share else { return [] }
    let count = random.uniform() < 0.15 ? 2 : 1
    return (0..<count).map { _ in
      let kinds = Kind.allCases
      return Occluder(kinds[Int(random.next() % UInt64(kinds.count))], seed: random.next())
    }
  }
}

extension RenderedFrame {
  /// The frame with objects before the face, which its mask leaves out.
  ///
  /// - Throws: `outOfMemory`.
  package func occluded(by occluders: [Occluder]) throws(LiaeError) -> RenderedFrame {
    guard !occluders.isEmpty, let place = FacePlace(landmarks) else { return self }
    let (width, height) = (picture.width, picture.height)
    let drawn = try Picture(width: width, height: height, format: .rgbFloat)
    let left = try Picture(width: width, height: height, format: .grayFloat)
    let pixels = drawn.storage.base.assumingMemoryBound(to: Float.self)
    let masks = left.storage.base.assumingMemoryBound(to: Float.self)
    drawn.storage.base.copyMemory(from: picture.storage.base, byteCount: picture.stride * height)
    left.storage.base.copyMemory(from: mask.storage.base, byteCount: mask.stride * height)
    for occluder in occluders {
      var random = SplitMix64(state: occluder.seed)
      let angle = random.uniform() * 2 * .pi
      let light = SIMD2(Math.cos(angle), Math.sin(angle)) * 0.8
      for solid in place.solids(occluder.kind, &random) {
        solid.draw(pixels, masks, width: width, height: height, light: light)
      }
    }
    withExtendedLifetime((self, drawn, left)) {}
    return RenderedFrame(picture: drawn, mask: left, landmarks: landmarks)
  }
}

/// Where a face is in its frame: the middles of its eyes, its mouth, and the axes of a system of its own, in which the eyes
/// are 1 apart, x goes to the right of the picture's face and y down to the chin.
struct FacePlace {
  let origin, across, down: SIMD2<Float>
  private let points: [SIMD2<Float>]

  /// nil: the landmarks are not 68, or in one place.
  init?(_ landmarks: [Point]) {
    guard landmarks.count == 68 else { return nil }
    let points = landmarks.map { SIMD2(Float($0.x), Float($0.y)) }
    func middle(_ range: ClosedRange<Int>) -> SIMD2<Float> {
      range.reduce(SIMD2<Float>.zero) { $0 + points[$1] } / Float(range.count)
    }
    let (left, right, mouth) = (middle(36...41), middle(42...47), middle(48...59))
    let (eyes, axis) = ((left + right) / 2, right - left)
    let fall = mouth - eyes
    let size = max((axis * axis).sum().squareRoot(), (fall * fall).sum().squareRoot() / 1.05)
    guard size.isFinite, size > 1 else { return nil }
    let length = (axis * axis).sum().squareRoot()
    // A face seen from the side has its eyes in one place: its own size is that of its height then.
    let direction =
      length > 0.2 * size ? axis / length : SIMD2(fall.y, -fall.x) / max((fall * fall).sum().squareRoot(), 1)
    (self.points, origin) = (points, eyes)
    (across, down) = (direction * size, SIMD2(-direction.y, direction.x) * size)
  }

  /// A place of the face's own system in the frame.
  func callAsFunction(_ x: Float, _ y: Float) -> SIMD2<Float> { origin + across * x + down * y }

  /// Pixels that a length of the face's own system has.
  var unit: Float { (across * across).sum().squareRoot() }

  /// The middle of an eye, of its six points from `first` on, and half the width of a lens before it.
  func eye(_ first: Int) -> (center: SIMD2<Float>, half: Float) {
    let six = points[first..<first + 6]
    let center = six.reduce(.zero, +) / 6
    return (center, unit * 0.36)
  }
}
