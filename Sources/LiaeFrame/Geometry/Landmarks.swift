// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// The points that say where a face is, in pixels: iBUG's 68, or 5: left eye, right eye, nose tip, left corner and
/// right corner of the mouth. Left and right are those of the picture.
package struct Landmarks: Sendable, Equatable {
  package enum Kind: Int, Sendable, CaseIterable {
    case five = 5
    case sixtyEight = 68
  }

  /// The largest distance of a coordinate from zero: far beyond any frame, and no arithmetic here overflows.
  package static let farthest = 1e6

  package let kind: Kind
  package let points: [Point]

  /// - Throws: `invalidArgument` for a number of points other than 5 and 68, and for a coordinate that is not finite or
  ///   beyond ±1e6.
  package init(_ points: [Point]) throws(LiaeError) {
    guard let kind = Kind(rawValue: points.count) else {
      throw LiaeError(.invalidArgument, "\(points.count) landmarks; a face has 68 or 5")
    }
    try self.init(points, kind)
  }

  private init(_ points: [Point], _ kind: Kind) throws(LiaeError) {
    for (index, p) in points.enumerated() {
      // Written so that NaN fails too.
      guard abs(p.x) <= Self.farthest, abs(p.y) <= Self.farthest else {
        throw LiaeError(
          .invalidArgument,
          "landmark \(index) of \(points.count) is at (\(p.x), \(p.y)); coordinates are pixels between -1e6 and 1e6")
      }
    }
    (self.points, self.kind) = (points, kind)
  }

  /// - Throws: `invalidArgument` where a point lands beyond what `init` allows.
  package func transformed(by map: Affine) throws(LiaeError) -> Landmarks {
    try Landmarks(points.map { map($0) }, kind)
  }

  /// The landmarks of the picture mirrored left to right, in their usual order.
  ///
  /// - Parameter width: of the picture, pixels.
  /// - Throws: `invalidArgument` where a point lands beyond what `init` allows.
  package func mirrored(width: Int) throws(LiaeError) -> Landmarks {
    var mirror = points.map { Point(Double(width) - 1 - $0.x, $0.y) }
    let pairs = kind == .five ? [(0, 1), (3, 4)] : FaceTemplate.mirrorPairs
    for (a, b) in pairs { mirror.swapAt(a, b) }
    return try Landmarks(mirror, kind)
  }

  /// The 68 points out of the 98 of the WFLW data set.
  ///
  /// The jaw has twice the points, of which every second one is smoothed with its neighbours; brows are outlines, of
  /// which the middle line is taken. Source: convert_98_to_68 of DeepFaceLab, by its description.
  ///
  /// - Throws: `invalidArgument` for a number of points other than 98, and as `init`.
  package init(wflw points: [Point]) throws(LiaeError) {
    guard points.count == 98 else {
      throw LiaeError(.invalidArgument, "\(points.count) landmarks; a face has 98 in the order of WFLW")
    }
    func middle(_ a: Int, _ b: Int) -> Point { (points[a] + points[b]) / 2 }
    let jaw = (0...16).map { i in
      // The ends and the chin stay.
      i % 8 == 0 ? points[2 * i] : (points[2 * i] + middle(2 * i - 1, 2 * i + 1)) / 2
    }
    // The left brow starts at its outer end, the right one at its inner end: tips stand alone.
    let leftBrow = [points[33]] + (0..<4).map { middle(34 + $0, 41 - $0) }
    let rightBrow = (0..<4).map { middle(42 + $0, 50 - $0) } + [points[46]]
    let eyes = [60, 61, 63, 64, 65, 67, 68, 69, 71, 72, 73, 75].map { points[$0] }
    try self.init(jaw + leftBrow + rightBrow + points[51...59] + eyes + points[76...95])
  }

  /// - Throws: `unsupported` where there are but 5 points. `purpose` opens the message.
  package func require68(_ purpose: StaticString) throws(LiaeError) {
    guard kind == .sixtyEight else {
      throw LiaeError(.unsupported, "\(purpose) needs 68 landmarks; these are \(points.count)")
    }
  }
}
