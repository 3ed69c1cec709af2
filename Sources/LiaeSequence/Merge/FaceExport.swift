// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeFrame
import LiaeImageIO
import LiaeSwap
import LiaeSystem
import LiaeTensor
import LiaeText

/// The folder into which swapped faces are written one by one, to be composited elsewhere.
package struct FaceExport: Sendable {
  package enum Format: String, CaseIterable, Sendable { case png, png16, npy }

  package let folder: String
  package let format: Format
  package let provenance: Provenance?

  package init(folder: String, format: Format, provenance: Provenance?) {
    (self.folder, self.format, self.provenance) = (folder, format, provenance)
  }

  /// Writes `STEM_INDEX.face`, `.swap_mask`, `.dst_mask` and `.json`.
  func write(_ face: SwappedFace, frame: String, stem: String, index: Int, in batch: WriteBatch) throws(LiaeError) {
    let base = "\(folder)/\(stem)_\(index)"
    let rgb = face.rgb
    try write(Picture(rgb, format: .rgbFloat), "\(base).face", batch)
    var members: [(String, JSON)] = [("frame", .string(frame)), ("face", .integer(index))]
    for (name, mask) in [("swap_mask", face.swapMask), ("dst_mask", face.destinationMask)] {
      guard let mask else { continue }
      try write(Picture(mask, format: .grayFloat), "\(base).\(name)", batch)
    }
    let m = face.matrix
    members += [
      ("width", .integer(rgb.width)), ("height", .integer(rgb.height)),
      ("matrix", .array([[m.xx, m.xy, m.tx], [m.yx, m.yy, m.ty]].map { .array($0.map(JSON.number)) })),
    ]
    try File.writeAtomically("\(base).json", replacing: true, in: batch, text: JSON.object(members).text() + "\n")
  }

  private func write(_ picture: Picture, _ path: String, _ batch: WriteBatch) throws(LiaeError) {
    switch format {
    case .png: try picture.writePNG(to: "\(path).png", provenance: provenance, replacing: true, in: batch)
    case .png16:
      try picture.writePNG(to: "\(path).png", bits: 16, provenance: provenance, replacing: true, in: batch)
    case .npy:
      let shape = [picture.height, picture.width, picture.format.channels]
      let tensor = try TensorView(dtype: .float32, shape: shape, storage: picture.storage)
      try NumpyArray.write(tensor, to: "\(path).npy", replacing: true, in: batch)
    }
  }
}
