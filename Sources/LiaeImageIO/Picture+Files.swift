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
  /// Reads a PNG or JPEG file as 8-bit gray, RGB or RGBA.
  ///
  /// PNG of any bit depth, palette and interlacing; JPEG in gray and colour, baseline and progressive. Gamma, colour
  /// profiles and the orientation that Exif gives are not applied.
  ///
  /// - Throws: `fileNotFound`, `inputOutput`, `unknownFormat`, `corruptFile`, `limitExceeded`, `outOfMemory`,
  ///   `unsupported` (CMYK), each naming the file.
  package static func read(path: String) throws(LiaeError) -> Picture {
    try decode(Bytes.read(path: path), name: path)
  }

  /// As `read`, from memory. `name` is what messages call it.
  package static func decode(_ file: Bytes, name: String) throws(LiaeError) -> Picture {
    defer { withExtendedLifetime(file) {} }
    guard let kind = PictureFileKind(file.raw) else {
      throw LiaeError(.unknownFormat, "\(name): neither a PNG nor a JPEG file")
    }
    let data = UnsafePointer(file.base.assumingMemoryBound(to: UInt8.self))
    let limits = liae_image_limits(side: UInt32(Limits.side), pixels: UInt64(Limits.pixels))
    var size = liae_image_size()
    try check(kind, name) { message in
      switch kind {
      case .png: liae_png_read_size(data, file.count, limits, &size, message)
      case .jpeg: liae_jpeg_read_size(data, file.count, limits, &size, message)
      }
    }
    let format: PixelFormat = size.channels == 1 ? .gray8 : size.channels == 3 ? .rgb8 : .rgba8
    let picture: Picture
    do throws(LiaeError) {
      picture = try Picture(width: Int(size.width), height: Int(size.height), format: format)
    } catch {
      throw error.within(name)
    }
    try check(kind, name) { message in
      switch kind {
      case .png: liae_png_read(data, file.count, limits, size, picture.bytes.baseAddress, message)
      case .jpeg: liae_jpeg_read(data, file.count, limits, size, picture.bytes.baseAddress, message)
      }
    }
    return picture
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
    let family: Status
    switch status {
    case LIAE_IMAGE_OK: return
    case LIAE_IMAGE_CORRUPT: family = .corruptFile
    case LIAE_IMAGE_LIMIT: family = .limitExceeded
    case LIAE_IMAGE_OUT_OF_MEMORY: family = .outOfMemory
    default: family = .unsupported
    }
    throw LiaeError(family, "\(name): the \(kind.rawValue) file cannot be \(verb): \(text)")
  }
}
