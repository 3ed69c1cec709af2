// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeFrame
import LiaeImageIO
import LiaeSystem
import LiaeTensor

/// A rendered face cut out as DeepFaceLab's extractor would, with everything that an extractor and a mask model would
/// have had to guess.
package struct SyntheticFace: Sendable {
  /// The map from the frame to the crop.
  package let matrix: Affine
  package let type: FaceType
  /// Side of the crop, pixels.
  package let size: Int
  /// bgrFloat and grayFloat.
  package let picture: Picture
  package let mask: Picture
  /// The landmarks in the frame, pixels.
  package let landmarks: Landmarks

  /// - Parameter matrix: where to cut; nil: where the frame's own landmarks say. Two persons in one pose are cut out
  ///   the same when one gives the matrix for both.
  /// - Throws: `invalidArgument` for another size than 1...16384, `outOfMemory`.
  package init(_ frame: RenderedFrame, type: FaceType, size: Int, matrix: Affine? = nil) throws(LiaeError) {
    landmarks = try Landmarks(frame.landmarks)
    if let matrix { self.matrix = matrix } else { self.matrix = try faceTransform(landmarks, size: size, type: type) }
    (self.type, self.size) = (type, size)
    picture = try Picture(width: size, height: size, format: .bgrFloat)
    mask = try Picture(width: size, height: size, format: .grayFloat)
    defer { withExtendedLifetime((frame, picture, mask)) {} }
    // Bilinear with a black border, as DeepFaceLab's extractor samples.
    try ColorCanvas(reading: frame.picture.view)
      .warped(self.matrix.inverse, width: size, height: size, interpolation: .linear).write(
        toWhole: picture.mutableView)
    try MaskCanvas(reading: frame.mask.view)
      .warped(self.matrix.inverse, width: size, height: size, interpolation: .linear).write(toWhole: mask.mutableView)
  }

  /// The crop as a file of a faceset.
  ///
  /// - Parameters:
  ///   - name: how messages call the file.
  ///   - source: file name of the frame.
  ///   - quality: of the JPEG, 1...100.
  package func encoded(name: String, source: String, quality: Int) throws(LiaeError) -> Bytes {
    // Left, top, right and bottom of the landmarks, in place of a detector's.
    let (x, y) = (landmarks.points.map(\.x), landmarks.points.map(\.y))
    let box = [x.min(), y.min(), x.max(), y.max()].map { Int(($0 ?? 0).rounded()) }
    let metadata = FaceMetadata(
      faceType: type.rawValue, landmarks: landmarks.points.map { matrix($0) }, sourceFilename: source, sourceRect: box,
      sourceLandmarks: landmarks.points, imageToFaceMatrix: matrix.elements, xsegMask: try mask.encodedXSegMask())
    let jpeg = try picture.encodedJPEG(quality: quality, provenance: nil)
    return try FaceImage.embed(metadata, in: jpeg, name: name, xmp: nil)
  }
}
