// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeFrame
import LiaeImageIO
import LiaeSystem

/// The agreement of masks that a network finds with those that faces have, over all pixels of all faces.
package struct MaskComparison: Sendable, Equatable {
  /// Faces with a mask.
  package private(set) var faces = 0
  /// The face that agrees least.
  package private(set) var worst: (name: String, overlap: Double)?
  private var both = 0
  private var either = 0
  private var covered = 0
  private var found = 0

  package init() {}

  /// Intersection of both masks over their union, 0...1; nil: no face has a pixel.
  package var overlap: Double? { either > 0 ? Double(both) / Double(either) : nil }

  /// The share of the pixels within the landmarks' hull that the faces' masks leave out and the network leaves out too;
  /// nil: there is none.
  package var coveredFound: Double? { covered > 0 ? Double(found) / Double(covered) : nil }

  /// Pixels within the landmarks' hulls that the faces' masks leave out.
  package var coveredPixels: Int { covered }

  /// Takes a face.
  ///
  /// - Parameters:
  ///   - mask: of the network, a square.
  ///   - metadata: with a mask.
  ///   - width: of the face's picture.
  mutating func add(
    _ mask: MaskCanvas, _ metadata: FaceMetadata, width: Int, height: Int, name: String
  ) throws(LiaeError) {
    guard let stored = metadata.xsegMask else { return }
    let side = mask.width
    let truth = try MaskCanvas(Picture.decode(stored, name: "\(name): its xseg_mask"))
      .resized(width: side, height: side, interpolation: .linear)
    let (x, y) = (Double(side) / Double(width), Double(side) / Double(height))
    let landmarks = try Landmarks(metadata.landmarks)
      .transformed(by: Affine(xx: x, xy: 0, tx: 0, yx: 0, yy: y, ty: 0))
    let hull = try FaceMask.hull(landmarks, width: side, height: side)
    var (shared, joined) = (0, 0)
    for i in 0..<mask.count {
      let (isFace, wasFace) = (mask.pixels[i] >= 0.5, truth.pixels[i] >= 0.5)
      shared += isFace && wasFace ? 1 : 0
      joined += isFace || wasFace ? 1 : 0
      if hull.pixels[i] > 0.5, !wasFace {
        covered += 1
        found += isFace ? 0 : 1
      }
    }
    faces += 1
    both += shared
    either += joined
    let overlap = joined > 0 ? Double(shared) / Double(joined) : 1
    if overlap < worst?.overlap ?? 2 { worst = (name, overlap) }
    withExtendedLifetime((mask, truth, hull)) {}
  }

  package static func == (a: Self, b: Self) -> Bool {
    a.faces == b.faces && a.both == b.both && a.either == b.either && a.covered == b.covered && a.found == b.found
      && a.worst?.name == b.worst?.name
  }
}
