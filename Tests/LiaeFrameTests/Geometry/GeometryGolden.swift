// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeSystem
import LiaeTestSupport
import Testing

/// The data that DeepFaceLab's LandmarksProcessor returned for some faces: `landmarks_processor.npz`, described in
/// Tests/golden.
struct GeometryGolden {
  static let shared = Result { try GeometryGolden(.chosen) }
  /// Faces for tests of something else.
  static let repository = Result { try GeometryGolden(.repository) }

  let arrays: [String: NPYArray]
  let faces: [Landmarks]
  let width, height: Int

  private init(_ set: GoldenSet) throws {
    arrays = try set.arrays("merge/landmarks_processor")
    let landmarks = try #require(arrays["landmarks"])
    faces = try (0..<landmarks.shape[0]).map { try Landmarks(Self.points(landmarks.item($0))) }
    let size = try #require(arrays["image_hw"]).doubles
    (height, width) = (Int(size[0]), Int(size[1]))
    try #require(!faces.isEmpty)
  }

  func array(_ name: String) throws -> NPYArray { try #require(arrays[name], "\(name) is missing") }

  /// x, y, x, y...
  static func points(_ flat: [Float]) -> [Point] {
    stride(from: 0, to: flat.count, by: 2).map { Point(Double(flat[$0]), Double(flat[$0 + 1])) }
  }
}

/// The face of check values that DeepFaceLab's code gave: 1.3 times x and y of the head's points, in the middle of 300 x 300 pixels.
func exampleFace() throws -> Landmarks {
  try Landmarks(FaceTemplate.solid.map { Point($0.x, $0.y) * 1.3 + 150 })
}

/// 5 points out of 68: the middles of the eyes, the nose's tip, the corners of the mouth.
func fivePoints(_ landmarks: Landmarks) throws -> Landmarks {
  let p = landmarks.points
  func middle(_ range: ClosedRange<Int>) -> Point { p[range].reduce(.zero, +) / Double(range.count) }
  return try Landmarks([middle(36...41), middle(42...47), p[30], p[48], p[54]])
}

/// The status that `body` fails with, or nil where it does not.
func status<T>(_ body: @autoclosure () throws -> T) -> Status? {
  do {
    _ = try body()
    return nil
  } catch {
    return (error as? LiaeError)?.status ?? .internalError
  }
}

/// Random numbers that a line of Python makes as well. Source: D. Knuth, MMIX.
struct LinearCongruence {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  /// 0..<bound
  mutating func next(_ bound: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int(state >> 33) % bound
  }

  /// A number from -1 to 1.
  var number: Double { mutating get { Double(next(1 << 31)) / Double(1 << 30) - 1 } }
}
