// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeFrame
import LiaeImageIO
import LiaeSystem

/// An aligned face whose picture is still in its file.
package struct SourceFace: Sendable {
  /// The file's; in a faceset of several persons `person/file`.
  package private(set) var name: String
  package let type: FaceType
  /// 68, pixels of the picture.
  package let landmarks: Landmarks
  /// Width in pixels, as the JPEG's header says.
  package let width: Int
  package let height: Int
  /// True if somebody drew polygons on the face, and if a mask is stored with it.
  package let hasPolygons, hasMask: Bool
  private let eyebrowExpansion: Double
  private let place: Place

  enum Place: Sendable {
    /// A file of its own, opened when it is needed: a process may have only so many.
    case file(String)
    case part(jpeg: StoredBytes, mask: Bytes?, polygons: [FaceMetadata.Polygon])
  }

  /// - Throws: `unsupported` for faces that are not aligned, `invalidArgument` for landmarks out of all bounds.
  init(_ entry: Faceset.Face, name: String, place: Place) throws(LiaeError) {
    guard let type = FaceType(rawValue: entry.faceType) else {
      throw LiaeError(.unsupported, "\(name): a face of type \(entry.faceType), which is not aligned")
    }
    do throws(LiaeError) { landmarks = try Landmarks(entry.landmarks) } catch { throw error.within(name) }
    (self.name, self.type, self.place) = (name, type, place)
    (height, width) = (entry.shape[0], entry.shape[1])
    eyebrowExpansion = entry.eyebrowExpansion ?? 1
    (hasPolygons, hasMask) = (!entry.polygons.isEmpty, entry.xsegMask != nil)
  }

  /// The face under a name that tells it from those of other sources.
  func named(_ name: String) -> SourceFace {
    var face = self
    face.name = name
    return face
  }

  /// Radians; 0 where the landmarks show no pose.
  var yaw: Double { (try? FacePose(aligned: landmarks, size: width))?.yaw ?? 0 }

  /// The face as a model of this face type and resolution is shown it, with its masks.
  ///
  /// Pictures are interpolated by cubics and continued by their edges; masks linearly, and 0 outside.
  ///
  /// - Throws: what reading and decoding throw, `invalidArgument` for landmarks that fix no face, `outOfMemory`.
  package func prepared(side: Int, type: FaceType) throws(LiaeError) -> PreparedFace {
    let (jpeg, storedMask, _) = try content()
    let picture = try ColorCanvas(reading: jpeg, name)
    let mask = try faceMask(storedMask, width: picture.width, height: picture.height)
    let eyesMouth = try eyesMouthMask(within: mask)
    if type == self.type {
      return PreparedFace(
        colors: try picture.resized(width: side, height: side, interpolation: .cubic),
        mask: try mask.resized(width: side, height: side, interpolation: .linear),
        eyesMouth: try eyesMouth.resized(width: side, height: side, interpolation: .linear))
    }
    let map = try faceTransform(landmarks, size: side, type: type).inverse
    return PreparedFace(
      colors: try picture.warped(map, width: side, height: side, border: .replicate),
      mask: try mask.warped(map, width: side, height: side, interpolation: .linear),
      eyesMouth: try eyesMouth.warped(map, width: side, height: side, interpolation: .linear))
  }

  /// The picture as the reference of a colour transfer: the whole of it, only resized.
  package func reference(side: Int) throws(LiaeError) -> ColorCanvas {
    try ColorCanvas(reading: content().jpeg, name).resized(width: side, height: side, interpolation: .linear)
  }

  func content() throws(LiaeError) -> (jpeg: Bytes, mask: Bytes?, polygons: [FaceMetadata.Polygon]) {
    switch place {
    case .part(let jpeg, let mask, let polygons): return (try jpeg.read(), mask, polygons)
    case .file(let path):
      let jpeg = try Bytes.read(path: path)
      let metadata = try FaceImage.readMetadata(jpeg, name: name)
      return (jpeg, metadata?.xsegMask, metadata?.polygons ?? [])
    }
  }

  /// The stored mask, or the landmarks' hull.
  private func faceMask(_ stored: Bytes?, width: Int, height: Int) throws(LiaeError) -> MaskCanvas {
    guard let stored else {
      return try FaceMask.hull(landmarks, width: width, height: height, eyebrowExpansion: eyebrowExpansion)
    }
    let picture = try Picture.decode(stored, name: "\(name): its xseg_mask")
    defer { withExtendedLifetime(picture) {} }
    let mask = try MaskCanvas(reading: picture.view).resized(width: width, height: height, interpolation: .cubic)
    mask.clamp()
    return mask
  }

  private func eyesMouthMask(within mask: MaskCanvas) throws(LiaeError) -> MaskCanvas {
    let eyes = try FaceMask.eyes(landmarks, width: mask.width, height: mask.height)
    let mouth = try FaceMask.mouth(landmarks, width: mask.width, height: mask.height)
    for i in 0..<eyes.count { eyes.pixels[i] = mask.pixels[i] != 0 ? (eyes.pixels[i] + mouth.pixels[i]).clamped : 0 }
    withExtendedLifetime((eyes, mouth, mask)) {}
    return eyes
  }
}

extension Canvas where Pixel == Color {
  convenience init(reading jpeg: Bytes, _ name: String) throws(LiaeError) {
    let picture = try Picture.decode(jpeg, name: name)
    defer { withExtendedLifetime(picture) {} }
    try self.init(reading: picture.view)
  }
}
