// SPDX-License-Identifier: Apache-2.0
import LiaeImageIO
import LiaeSynth
import Testing

@Suite struct Occluders {
  static func frame(yaw: Float = 0) throws -> RenderedFrame {
    var parameters = FrameParameters()
    parameters.yaw = yaw
    return try Renderer(width: 200, height: 200).render(Cast.head("b"), parameters)
  }

  /// What is hidden leaves the mask, what is not stays as it was.
  @Test(arguments: Occluder.Kind.allCases) func masksLeaveOutWhatIsHidden(_ kind: Occluder.Kind) throws {
    for yaw: Float in [-0.8, 0, 0.8] {
      let frame = try Self.frame(yaw: yaw)
      let (picture, mask) = (frame.picture.values, frame.mask.values)
      let face = mask.reduce(0, +)
      var covered: [Float] = []
      for seed: UInt64 in 0..<12 {
        let hidden = try frame.occluded(by: [Occluder(kind, seed: seed)])
        #expect(hidden.landmarks == frame.landmarks)
        let (values, left) = (hidden.picture.values, hidden.mask.values)
        #expect(values.allSatisfy { (0...1).contains($0) })
        var changed = 0
        for i in 0..<mask.count {
          #expect(left[i] >= 0 && left[i] <= mask[i])
          let same = (0..<3).allSatisfy { values[3 * i + $0] == picture[3 * i + $0] }
          if same { changed += left[i] == mask[i] ? 0 : 1 }
        }
        // Only a colour that is by accident that of the object.
        #expect(changed < 20)
        covered.append(1 - left.reduce(0, +) / face)
      }
      let mean = covered.reduce(0, +) / Float(covered.count)
      #expect(mean > 0.015 && mean < 0.6, "\(kind) at \(yaw) covers \(covered)")
    }
  }

  @Test func sameSeedsMakeSameObjects() throws {
    func some(_ seed: UInt64, _ purpose: FrameParameters.Purpose, _ person: String, _ share: Double = 0.5)
      -> [[Occluder]]
    {
      (0..<400).map { Occluder.random(index: $0, seed: seed, purpose: purpose, person: person, share: share) }
    }
    let one = some(1, .training, "a")
    #expect(one == some(1, .training, "a"))
    for other in [some(2, .training, "a"), some(1, .evaluation, "a"), some(1, .training, "b")] { #expect(one != other) }
    #expect(some(1, .evaluation, "a") == some(1, .evaluation, "b"))
    #expect((150...250).contains(one.filter { !$0.isEmpty }.count))
    #expect(Set(one.joined().map(\.kind)) == Set(Occluder.Kind.allCases))
    #expect(some(1, .training, "a", 0).allSatisfy { $0.isEmpty })
    let frame = try Self.frame()
    let objects = Array(one.joined().prefix(3))
    #expect(try frame.occluded(by: objects).picture.values == frame.occluded(by: objects).picture.values)
  }
}
