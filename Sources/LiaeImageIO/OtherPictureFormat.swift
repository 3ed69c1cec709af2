// SPDX-License-Identifier: Apache-2.0

/// A picture format that is recognised and not read.
///
/// Frames of DeepFaceLab are PNG and JPEG. Each further decoder would be a dependency of the programs that few need and
/// that has to be kept safe; converting the files once costs less.
package enum OtherPictureFormat: String, CaseIterable {
  case tiff = "TIFF"
  case bmp = "BMP"
  case gif = "GIF"
  case webp = "WebP"
  case heif = "HEIF or AVIF"
  case jpegXL = "JPEG XL"
  case jpeg2000 = "JPEG 2000"
  case openEXR = "OpenEXR"

  /// Bytes at which files of the format are known, each with its offset; any one suffices.
  private var signatures: [(offset: Int, bytes: [UInt8])] {
    switch self {
    case .tiff: [(0, [0x49, 0x49, 0x2a, 0]), (0, [0x4d, 0x4d, 0, 0x2a]), (0, [0x49, 0x49, 0x2b, 0])]
    case .bmp: [(0, Array("BM".utf8))]
    case .gif: [(0, Array("GIF8".utf8))]
    case .webp: [(8, Array("WEBP".utf8))]
    case .heif: ["heic", "heix", "mif1", "msf1", "avif"].map { (4, Array("ftyp\($0)".utf8)) }
    case .jpegXL: [(0, [0xff, 0x0a]), (4, Array("JXL ".utf8))]
    case .jpeg2000: [(4, Array("jP  ".utf8))]
    case .openEXR: [(0, [0x76, 0x2f, 0x31, 0x01])]
    }
  }

  /// - Parameter file: the beginning of a file; 16 bytes are enough.
  /// - Returns: nil where the bytes are those of no format listed here.
  package init?(_ file: UnsafeRawBufferPointer) {
    let found = Self.allCases.first { format in
      format.signatures.contains { file.dropFirst($0.offset).starts(with: $0.bytes) }
    }
    guard let found else { return nil }
    self = found
  }

  /// Returns the end of a message about a file that is not read: its format and the command that converts it; empty where
  /// the format is not known.
  package static func advice(_ file: UnsafeRawBufferPointer) -> String {
    guard let format = OtherPictureFormat(file) else { return "" }
    return ". It is a \(format.rawValue) file, which ImageMagick converts: magick FILE FILE.png"
  }
}
