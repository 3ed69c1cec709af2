// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeSequence
import LiaeSystem
import LiaeTestSupport
import Testing

@Suite struct FaceTimelineTests {
  /// Five points around a centre; 95.5 pixels "wide" at size 1.
  private func face(_ x: Double, _ y: Double, size: Double = 1) -> DetectedFace {
    let points = [Point(-40, -28), Point(40, -28), Point(0, 12), Point(-30, 52), Point(30, 52)]
    return DetectedFace(points: points.map { Point(x, y) + $0 * size }, origin: "x \(x)")
  }

  private func timeline(
    _ faces: [Int: [DetectedFace]], count: Int? = nil, rate: Double = 25,
    _ change: (inout MergeSettings) -> Void = { _ in }
  ) -> FaceTimeline {
    var settings = MergeSettings()
    change(&settings)
    return FaceTimeline(faces, settings: settings, rate: rate, count: count)
  }

  // MARK: - Which face is which

  @Test func theNearestFaceIsTheSame() {
    // Two faces that move to the right; their order in the file changes.
    let found = timeline([
      3: [face(100, 100), face(300, 100)], 4: [face(310, 104), face(110, 98)], 5: [face(120, 96), face(320, 108)],
    ]).faces
    #expect([3, 4, 5].map { found[$0]?.map(\.track) } == [[0, 1], [1, 0], [0, 1]])
    // Nothing else has changed.
    #expect(found[4]?.map(\.origin) == ["x 310.0", "x 110.0"])
    #expect(found[4]?.first?.points == face(310, 104).points)
  }

  @Test func aGapOrAJumpBeginsANewTrack() {
    let gap = timeline([0: [face(100, 100)], 1: [face(100, 100)], 3: [face(100, 100)]]).faces
    #expect([0, 1, 3].map { gap[$0]?.first?.track } == [0, 0, 1])
    // 95.5 pixels are a face's width.
    for (step, track) in [(94.0, 0), (97, 1)] {
      let found = timeline([0: [face(100, 100)], 1: [face(100 + step, 100)]]).faces
      #expect(found[1]?.first?.track == track, "\(step) pixels")
    }
    for (size, track) in [(1.9, 0), (2.1, 1), (0.51, 0), (0.49, 1)] {
      let found = timeline([0: [face(100, 100)], 1: [face(100, 100, size: size)]]).faces
      #expect(found[1]?.first?.track == track, "\(size) times as large")
    }
  }

  @Test func aFaceThatLeavesTakesNoOthersTrack() {
    let found = timeline([
      0: [face(100, 100), face(200, 100)], 1: [face(205, 100)], 2: [face(105, 100), face(210, 100)],
    ]).faces
    #expect([0, 1, 2].map { found[$0]?.map(\.track) } == [[0, 1], [1], [2, 1]])
  }

  @Test func numbersAtTheEndOfTheRange() {
    let found = timeline([.max - 1: [face(1, 1)], .max: [face(2, 2)]]) { $0.options.motionBlur = 50 }.faces
    #expect(found[.max]?.first?.track == 0 && found.count == 2)
  }

  // MARK: - Steadiness

  /// What alternates between two places 2 pixels apart has 4 pixels of a - 2b + c, what moves evenly none.
  @Test func flickerOfLandmarks() throws {
    let trembling = timeline(Dictionary(uniqueKeysWithValues: (0..<6).map { ($0, [face($0 % 2 == 0 ? 101 : 99, 50)]) }))
    #expect(abs(try #require(trembling.flicker.before.mean) - 4) < 1e-9)
    #expect(trembling.flicker.after.mean == trembling.flicker.before.mean)
    #expect(trembling.flicker.before.samples == 4 * 5)
    let moving = timeline(Dictionary(uniqueKeysWithValues: (0..<6).map { ($0, [face(10 * Double($0), 50)]) }))
    #expect(try #require(moving.flicker.before.mean) < 1e-9)
    let short = timeline([0: [face(1, 1)], 1: [face(2, 2)], 3: [face(3, 3)]])
    #expect(short.flicker.before.mean == nil)
  }

  /// The one-euro filter of Casiez et al., forwards and backwards, by a numpy program written from the paper.
  @Test func smoothedLandmarks() {
    let shifts: [Double] = [0, 3, -2, 4, 1]
    let expected = [100.52986974282233, 100.99280960545086, 100.50575908310404, 101.31772799429329, 100.99232937879984]
    let found = timeline(
      Dictionary(uniqueKeysWithValues: shifts.enumerated().map { (10 + $0, [face(140 + $1, 128)]) })
    ) { $0.landmarkSmoothing = LandmarkSmoothing(.string("on")) }
    for (step, x) in expected.enumerated() {
      let points = found.faces[10 + step]?.first?.points ?? []
      #expect(points.count == 5 && abs(points[0].x - x) < 1e-9 && points[0].y == 100, "step \(step)")
    }
    #expect((found.flicker.after.mean ?? 9) < (found.flicker.before.mean ?? 0) / 3)
  }

  @Test func tracksAreSmoothedApart() {
    // Two still faces; one of them begins later. Smoothing changes nothing of a signal that does not change.
    let faces = [0: [face(100, 100)], 1: [face(300, 100), face(100, 100)], 2: [face(100, 100), face(300, 100)]]
    let found = timeline(faces) { $0.landmarkSmoothing = LandmarkSmoothing(.string("0.1,0")) }.faces
    for (frame, expected) in faces {
      for (a, b) in zip(found[frame] ?? [], expected) {
        #expect(zip(a.points, b.points).allSatisfy { abs($0.x - $1.x) < 1e-9 && abs($0.y - $1.y) < 1e-9 })
      }
    }
  }

  // MARK: - Motion

  /// DeepFaceLab: from the frame before to the frame after, the angle counter-clockwise; at the ends the frame itself
  /// takes the missing place.
  @Test func motionOfAFace() throws {
    let points = try GoldenFaces.face("00001").points
    func moved(_ x: Double, _ y: Double) -> [DetectedFace] {
      [DetectedFace(points: points.map { $0 + Point(x, y) }, origin: "")]
    }
    let faces = [0: moved(0, 0), 1: moved(6, -8), 2: moved(12, -16), 3: moved(12, -16)]
    let found = timeline(faces, count: 4) { $0.options.motionBlur = 10 }.faces
    let expected: [(Double, Double)] = [(10, 53.13010235), (20, 53.13010235), (10, 53.13010235), (0, 0)]
    for (frame, (power, degrees)) in expected.enumerated() {
      let motion = try #require(found[frame]?.first?.motion)
      #expect(abs(motion.power - power) < 1e-9 && abs(motion.degrees - degrees) < 1e-6, "frame \(frame): \(motion)")
    }
    // Frames follow the last face: what comes after it is not known to be still.
    let longer = timeline(faces, count: 5) { $0.options.motionBlur = 10 }.faces
    #expect(longer[3]?.first?.motion == Motion() && longer[2]?.first?.motion.power == 10)
    #expect(timeline(faces, count: 4).faces[1]?.first?.motion == Motion())
    // With two faces in a frame nobody knows which is which.
    let two = faces.merging([2: moved(12, -16) + moved(200, 0)]) { $1 }
    #expect(timeline(two, count: 4) { $0.options.motionBlur = 10 }.faces[1]?.first?.motion == Motion())
  }
}
