// SPDX-License-Identifier: Apache-2.0
import CLiaeImage
import LiaeSystem
import LiaeTensor

/// The picture files that are understood, recognised by their first bytes.
package enum PictureFileKind: String, Sendable {
  case png = "PNG"
  case jpeg = "JPEG"

  package init?(_ bytes: UnsafeRawBufferPointer) {
    if bytes.starts(with: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]) {
      self = .png
    } else if bytes.starts(with: [0xff, 0xd8, 0xff]) {
      self = .jpeg
    } else {
      return nil
    }
  }
}

extension Picture {
  /// Reads a PNG or JPEG file as 8-bit gray, RGB or RGBA, turned upright as its Exif data say.
  ///
  /// PNG of any bit depth, palette and interlacing; JPEG in gray and colour, baseline and progressive. Gamma and colour
  /// profiles are not applied.
  ///
  /// - Throws: `fileNotFound`, `inputOutput`, `unknownFormat`, `corruptFile`, `limitExceeded`, `outOfMemory`,
  ///   `unsupported` (CMYK), each naming the file.
  package static func read(path: String) throws(LiaeError) -> Picture {
    try decode(Bytes.read(path: path), name: path)
  }

  /// Reads a picture from memory, as `read` does from a file. `name` is what messages call it.
  package static func decode(_ file: Bytes, name: String) throws(LiaeError) -> Picture {
    try PictureFile(file, name: name, keeps16Bits: false).picture
  }

  /// The picture as its file stores it, not turned, and the bits of a channel there: 16, or 8 for all below.
  static func stored(_ file: Bytes, _ kind: PictureFileKind, name: String, keeps16Bits: Bool) throws(LiaeError)
    -> (Picture, fileBits: Int)
  {
    defer { withExtendedLifetime(file) {} }
    let data = UnsafePointer(file.base.assumingMemoryBound(to: UInt8.self))
    let limits = liae_image_limits(side: UInt32(Limits.side), pixels: UInt64(Limits.pixels))
    var size = liae_image_size()
    try check(kind, name) { message in
      switch kind {
      case .png: liae_png_read_size(data, file.count, limits, keeps16Bits ? 1 : 0, &size, message)
      case .jpeg: liae_jpeg_read_size(data, file.count, limits, &size, message)
      }
    }
    let (width, height, isDeep) = (Int(size.width), Int(size.height), size.bits == 16)
    let picture: Picture
    let pixels: Bytes
    do throws(LiaeError) {
      picture = try Picture(
        width: width, height: height, format: PixelFormat(channels: Int(size.channels), isFloat: isDeep))
      pixels =
        isDeep
        ? try .allocateUnfilled(
          width * height * Int(size.channels) * 2, for: "16-bit pixels of a picture of \(width) x \(height)")
        : picture.storage
    } catch {
      throw error.within(name)
    }
    try check(kind, name) { message in
      switch kind {
      case .png: liae_png_read(data, file.count, limits, size, pixels.base, message)
      case .jpeg:
        liae_jpeg_read(data, file.count, limits, size, pixels.base.assumingMemoryBound(to: UInt8.self), message)
      }
    }
    if isDeep { picture.fill(from16Bits: pixels) }
    // IHDR has the depth behind width and height, and was read by the decoder.
    let fileBits = kind == .png && file.count > 24 && file.raw[24] == 16 ? 16 : 8
    return (picture, fileBits)
  }

  /// 0...65535 as 0...1.
  private func fill(from16Bits numbers: Bytes) {
    let (source, target) = (numbers.base.assumingMemoryBound(to: UInt16.self), floats)
    for i in target.indices { target[i] = Float(source[i]) / 65535 }
    withExtendedLifetime((self, numbers)) {}
  }

  /// Calls a codec and turns its status into an error that names the file.
  static func check(
    _ kind: PictureFileKind, _ name: String, failing verb: String = "read",
    _ call: (UnsafeMutablePointer<CChar>?) -> Int32
  ) throws(LiaeError) {
    var text = ""
    let status = withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(LIAE_IMAGE_MESSAGE)) { message in
      message.initialize(repeating: 0)
      let status = call(message.baseAddress)
      // The codecs end their texts within the buffer.
      if let base = message.baseAddress { text = String(cString: base) }
      return Int(status)
    }
    let reported: Status
    switch status {
    case LIAE_IMAGE_OK: return
    case LIAE_IMAGE_CORRUPT: reported = .corruptFile
    case LIAE_IMAGE_LIMIT: reported = .limitExceeded
    case LIAE_IMAGE_OUT_OF_MEMORY: reported = .outOfMemory
    default: reported = .unsupported
    }
    throw LiaeError(reported, "\(name): the \(kind.rawValue) file cannot be \(verb): \(text)")
  }
}

extension PixelFormat {
  /// Gray, RGB or RGBA.
  init(channels: Int, isFloat: Bool) {
    switch channels {
    case 1: self = isFloat ? .grayFloat : .gray8
    case 4: self = isFloat ? .rgbaFloat : .rgba8
    default: self = isFloat ? .rgbFloat : .rgb8
    }
  }
}
