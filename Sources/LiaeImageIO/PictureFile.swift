// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeTensor

/// A picture with what its file says of it: what is made of the picture is to say the same.
package struct PictureFile: Sendable {
  /// Upright: turned as the file's Exif data ask for.
  package let picture: Picture
  package let kind: PictureFileKind
  package let properties: PictureProperties
  /// Bits of a channel that the file has: 16, or 8 for all below.
  package let bits: Int
  /// Exif's number of how the file stores the picture; 1: upright.
  package let orientation: Int

  /// - Parameter keeps16Bits: whether a PNG of 16 bits a channel becomes a float picture, 0...1, in place of an 8-bit one.
  /// - Throws: as `Picture.read`.
  package static func read(path: String, keeps16Bits: Bool) throws(LiaeError) -> PictureFile {
    try PictureFile(Bytes.read(path: path), name: path, keeps16Bits: keeps16Bits)
  }

  /// - Parameter name: how messages call the file.
  package init(_ file: Bytes, name: String, keeps16Bits: Bool) throws(LiaeError) {
    guard let kind = PictureFileKind(file.raw) else {
      throw LiaeError(
        .unknownFormat, "\(name): neither a PNG nor a JPEG file\(OtherPictureFormat.advice(file.raw))")
    }
    let (stored, bits) = try Picture.stored(file, kind, name: name, keeps16Bits: keeps16Bits)
    let (properties, orientation) = try PictureProperties.read(file, kind, name: name)
    (self.kind, self.properties, self.bits, self.orientation) = (kind, properties, bits, orientation)
    picture = try stored.upright(orientation)
  }
}
