// SPDX-License-Identifier: Apache-2.0
import LiaeImageIO
import LiaeSystem

/// The input is a PNG or JPEG file: a frame, a mask, or an aligned face, whose pixels are decoded.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzPicture(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  fuzz(data, count) { (bytes) throws(LiaeError) in
    // A few bytes may stand for many pixels, which are right and slow.
    guard count < 1 << 20 else { return }
    let picture = try Picture.decode(bytes, name: "input")
    touch(picture.storage)
    guard picture.width * picture.height <= 1 << 16 else { return }
    // What can be read can be written, and is the same then.
    let again = try Picture.decode(picture.encodedPNG(provenance: nil), name: "input")
    precondition(again.width == picture.width && again.height == picture.height)
  }
}
