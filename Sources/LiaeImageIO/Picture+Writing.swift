// SPDX-License-Identifier: Apache-2.0
import CLiaeImage
import LiaeSystem
import LiaeTensor

extension Picture {
  /// The picture as the bytes of a PNG file: gray, RGB, or RGBA with straight alpha.
  ///
  /// - Parameters:
  ///   - bits: 8, or 16: values of a float picture times 65535, clamped and rounded half up; NaN becomes 0.
  ///   - provenance: what the file says of its origin; nil: nothing.
  ///   - properties: what it says of the picture beside the pixels.
  /// - Throws: `invalidArgument` for other bits, `outOfMemory`.
  package func encodedPNG(
    bits: Int = 8, provenance: Provenance?, properties: PictureProperties = PictureProperties()
  ) throws(LiaeError) -> Bytes {
    guard bits == 8 || bits == 16 else {
      throw LiaeError(.invalidArgument, "a PNG file of \(bits) bits a channel; 8 and 16 are possible")
    }
    let source = try converted(to: PixelFormat(channels: format.channels, isFloat: bits == 16))
    let pixels = bits == 8 ? source.storage : try source.quantized16()
    let png = try encoded(.png, channels: format.channels, bits: bits) { (size, file, count, message) in
      // A pointer to the pixels does not keep them alive, here and wherever one is handed on.
      withExtendedLifetime(pixels) {
        liae_png_write(pixels.base, size, provenance?.creatorTool, provenance?.xmp, file, count, message)
      }
    }
    return try properties.added(toPNG: png)
  }

  /// The picture as the bytes of a JPEG file, as OpenCV writes it: JFIF, baseline, colour at half resolution. Gray stays
  /// gray, all else becomes RGB without alpha.
  ///
  /// - Parameters:
  ///   - quality: 1...100 on libjpeg's scale; DeepFaceLab's faces have 90 by default.
  ///   - provenance: what the file says of its origin, in an APP1 segment; nil: nothing.
  ///   - properties: what it says of the picture beside the pixels; `lostInJPEG` are not among it.
  /// - Throws: `invalidArgument` for another quality, `outOfMemory`.
  package func encodedJPEG(
    quality: Int, provenance: Provenance?, properties: PictureProperties = PictureProperties()
  ) throws(LiaeError) -> Bytes {
    guard (1...100).contains(quality) else {
      throw LiaeError(.invalidArgument, "a JPEG file of quality \(quality); 1 to 100 are possible")
    }
    let source = try converted(to: format.channels == 1 ? .gray8 : .rgb8)
    let jpeg = try encoded(.jpeg, channels: source.format.channels, bits: 8) { (size, file, count, message) in
      withExtendedLifetime(source) {
        liae_jpeg_write(
          source.bytes.baseAddress, size, Int32(quality), provenance?.xmp, file, count, message)
      }
    }
    return try properties.added(toJPEG: jpeg)
  }

  /// The picture as DeepFaceLab keeps the mask of a face: 8-bit gray, as PNG up to 50000 bytes, else as JPEG of the best
  /// quality that fits.
  ///
  /// - Throws: `limitExceeded` where not even the lowest quality fits, `outOfMemory`.
  package func encodedXSegMask() throws(LiaeError) -> Bytes {
    let limit = 50_000
    let gray = try converted(to: .gray8)
    let png = try gray.encodedPNG(provenance: nil)
    if png.count <= limit { return png }
    let smallest = try gray.encodedJPEG(quality: 1, provenance: nil)
    guard smallest.count <= limit else {
      throw LiaeError(
        .limitExceeded, "a mask of \(width) x \(height) pixels does not fit in \(limit) bytes; make it smaller")
    }
    for quality in (2...100).reversed() {
      let jpeg = try gray.encodedJPEG(quality: quality, provenance: nil)
      if jpeg.count <= limit { return jpeg }
    }
    return smallest
  }

  /// Writes a PNG file, whole or not at all.
  ///
  /// - Parameters:
  ///   - bits: 8 or 16, as for `encodedPNG`.
  ///   - provenance, properties: as for `encodedPNG`.
  ///   - replacing: without it, a file that is there already is an error (`fileExists`) and stays.
  ///   - batch: takes the file; nil: it is there at the end of this call.
  package func writePNG(
    to path: String, bits: Int = 8, provenance: Provenance?, properties: PictureProperties = PictureProperties(),
    replacing: Bool, in batch: WriteBatch? = nil
  ) throws(LiaeError) {
    try File.writeAtomically(
      path, replacing: replacing, in: batch, encodedPNG(bits: bits, provenance: provenance, properties: properties))
  }

  /// Writes a JPEG file, whole or not at all. Parameters as for `encodedJPEG` and `writePNG`.
  package func writeJPEG(
    to path: String, quality: Int, provenance: Provenance?, properties: PictureProperties = PictureProperties(),
    replacing: Bool, in batch: WriteBatch? = nil
  ) throws(LiaeError) {
    try File.writeAtomically(
      path, replacing: replacing, in: batch,
      encodedJPEG(quality: quality, provenance: provenance, properties: properties))
  }

  /// The elements of a float picture as 16-bit numbers.
  private func quantized16() throws(LiaeError) -> Bytes {
    defer { withExtendedLifetime(self) {} }
    let result = try Bytes.allocateUnfilled(floats.count * 2, for: "a picture of \(width) x \(height) pixels")
    let values = floats
    for index in values.indices {
      let scaled = values[index] * 65535 + 0.5
      // Comparisons with NaN are false.
      let number: UInt16 = scaled > 0 ? (scaled < 65535 ? UInt16(scaled) : 65535) : 0
      result.base.storeBytes(of: number, toByteOffset: 2 * index, as: UInt16.self)
    }
    return result
  }

  /// Calls an encoder and takes over the file that it makes.
  private func encoded(
    _ kind: PictureFileKind, channels: Int, bits: Int,
    _ call: (
      liae_image_size, UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>, UnsafeMutablePointer<Int>,
      UnsafeMutablePointer<CChar>?
    ) -> Int32
  ) throws(LiaeError) -> Bytes {
    let size = liae_image_size(
      width: UInt32(width), height: UInt32(height), channels: UInt32(channels), bits: UInt32(bits))
    var file: UnsafeMutablePointer<UInt8>?
    var count = 0
    defer { liae_image_free(file) }
    try Picture.check(kind, "a \(kind.rawValue) in the making", failing: "written") { message in
      call(size, &file, &count, message)
    }
    return try Bytes.copy(UnsafeRawBufferPointer(start: file, count: count), for: "a \(kind.rawValue) file")
  }
}
