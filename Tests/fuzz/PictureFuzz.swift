// SPDX-License-Identifier: Apache-2.0
import LiaeImageIO
import LiaeSystem

/// The input is a PNG or JPEG file: a frame, a mask, or an aligned face, whose pixels are decoded and whose properties are
/// read.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzPicture(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  fuzz(data, count) { (bytes) throws(LiaeError) in
    // A few bytes may stand for many pixels, which are right and slow.
    guard count < 1 << 20 else { return }
    let file = try PictureFile(bytes, name: "input", keeps16Bits: true)
    let picture = file.picture
    touch(picture.storage)
    guard picture.width * picture.height <= 1 << 16 else { return }
    // What can be read can be written with all that it says, and is the same then: upright, too.
    let properties = file.properties.forColors()
    let png = try picture.encodedPNG(bits: picture.format.isFloat ? 16 : 8, provenance: nil, properties: properties)
    let again = try PictureFile(png, name: "input", keeps16Bits: true)
    precondition(again.picture.width == picture.width && again.picture.height == picture.height)
    precondition(again.picture.format == picture.format && again.orientation == 1)
    let jpeg = try PictureFile(
      picture.encodedJPEG(quality: 50, provenance: nil, properties: properties), name: "input", keeps16Bits: true)
    precondition(jpeg.picture.width == picture.width && jpeg.orientation == 1)
  }
}
