// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeFrame
import LiaeImageIO
import LiaeSystem

/// The mask that `xseg apply` of DeepFaceLab stores in an aligned face. Its pixels are read when its frame's turn comes.
package struct StoredMask {
  /// The entry of a faceset; nil: a file of its own at the path `name`. A sequence may have more faces than a process
  /// may
  private let part: StoredBytes?
  private let name: String
  /// The map from the frame to the aligned image.
  private let matrix: Affine

  /// Creates nil where the face has no such mask, or does not say where it lies.
  ///
  /// - Parameter part: of a faceset; nil: `name` is the path of a file of its own.
  init?(_ metadata: FaceMetadata, of part: StoredBytes?, name: String) {
    guard metadata.xsegMask != nil, let m = metadata.imageToFaceMatrix, m.count == 6 else { return nil }
    self.part = part
    self.name = name
    matrix = Affine(xx: m[0], xy: m[1], tx: m[2], yx: m[3], yy: m[4], ty: m[5])
  }

  /// Pixels of a side, as XSeg itself computes masks.
  private static let side = 256

  /// The mask over a model's crop of the frame: a square, 0...1.
  func canvas(_ placement: FacePlacement) throws(LiaeError) -> MaskCanvas {
    let file = if let part { try part.read() } else { try Bytes.read(path: name) }
    guard let stored = try FaceImage.readMetadata(file, name: name)?.xsegMask else {
      throw LiaeError(.corruptFile, "\(name): its mask is gone")
    }
    let image = try Picture.decode(file, name: name)
    let mask = try MaskCanvas(Picture.decode(stored, name: "\(name): its xseg_mask"))
    // The mask covers the aligned image; centres of pixels are at halves, as when pictures are resized.
    let (x, y) = (Double(mask.width) / Double(image.width), Double(mask.height) / Double(image.height))
    let toMask = Affine(xx: x, xy: 0, tx: x / 2 - 0.5, yx: 0, yy: y, ty: y / 2 - 0.5).after(matrix)
    let crop = try placement.transform(size: Self.side)
    let result = try mask.warped(toMask.after(crop.inverse), width: Self.side, height: Self.side)
    result.clamp()
    return result
  }
}
