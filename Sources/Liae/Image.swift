// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeTensor

/// A picture in memory of its own: rows from top to bottom without gaps.
public struct Image: Sendable, Equatable {
  /// Memory layout of a pixel. 8-bit values are 0...255, float values 0...1.
  public enum Format: Int32, Sendable, CaseIterable {
    case rgb8 = 1, bgr8, rgba8, bgra8, gray8
    case rgbFloat, bgrFloat, rgbaFloat, bgraFloat, grayFloat

    /// Bytes of a pixel.
    public var size: Int { pixelFormat.size }
    var pixelFormat: PixelFormat { PixelFormat(rawValue: rawValue) ?? .rgb8 }
  }
  /// Pixels.
  public let width, height: Int
  public let format: Format
  /// `width` · `height` · `format.size` bytes; floats in the machine's byte order.
  public private(set) var bytes: [UInt8]

  /// A black image.
  ///
  /// - Throws: `invalidArgument` for sizes that are not above 0 or whose bytes no array holds.
  public init(width: Int, height: Int, format: Format = .rgb8) throws(LiaeFailure) {
    let count = try Self.byteCount(width, height, format)
    (self.width, self.height, self.format) = (width, height, format)
    bytes = [UInt8](repeating: 0, count: count)
  }

  /// An image of pixels that are there.
  ///
  /// - Throws: `invalidArgument` where the number of bytes is not that of the image.
  public init(width: Int, height: Int, format: Format = .rgb8, bytes: [UInt8]) throws(LiaeFailure) {
    let count = try Self.byteCount(width, height, format)
    guard bytes.count == count else {
      throw LiaeFailure(.invalidArgument, "\(width) x \(height) pixels are \(count) bytes; there are \(bytes.count)")
    }
    (self.width, self.height, self.format, self.bytes) = (width, height, format, bytes)
  }

  private static func byteCount(_ width: Int, _ height: Int, _ format: Format) throws(LiaeFailure) -> Int {
    guard width > 0, height > 0, let count = CheckedSize.product([width, height, format.size]), count < 1 << 40 else {
      throw LiaeFailure(.invalidArgument, "an image of \(width) x \(height) pixels; expected sizes above 0")
    }
    return count
  }

  func read<Result>(_ body: (ImageView) throws(LiaeError) -> Result) throws(LiaeError) -> Result {
    try bytes.withUnsafeBufferPointer { (raw) throws(LiaeError) in
      guard let base = raw.baseAddress else { throw LiaeError(.invalidArgument, "the image is empty") }
      return try body(
        ImageView(base: base, width: width, height: height, stride: width * format.size, format: format.pixelFormat))
    }
  }

  mutating func write<Result>(_ body: (MutableImageView) throws(LiaeError) -> Result) throws(LiaeError) -> Result {
    let (width, height, format) = (width, height, format)
    return try bytes.withUnsafeMutableBufferPointer { (raw) throws(LiaeError) in
      guard let base = raw.baseAddress else { throw LiaeError(.invalidArgument, "the image is empty") }
      return try body(
        MutableImageView(
          base: base, width: width, height: height, stride: width * format.size, format: format.pixelFormat))
    }
  }
}
