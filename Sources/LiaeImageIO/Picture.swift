// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeTensor

/// An image on memory of its own: rows from top to bottom without gaps, pixels as `format` says.
///
/// Copies share the memory. It is written only by the function that makes the picture, before it hands it out.
package struct Picture: Sendable {
  package let width: Int
  package let height: Int
  package let format: PixelFormat
  package let storage: Bytes

  /// A black (and, with alpha, transparent) picture.
  ///
  /// - Throws: `invalidArgument` for sizes below 1, `limitExceeded` for sizes past `Limits`, `outOfMemory`.
  package init(width: Int, height: Int, format: PixelFormat) throws(LiaeError) {
    let size = try Self.size(width, height, format)
    storage = try Bytes.allocate(size, for: "a picture of \(width) x \(height) pixels")
    (self.width, self.height, self.format) = (width, height, format)
  }

  /// A picture of any content, every element of which the caller sets before anybody reads it.
  ///
  /// - Throws: as `init(width:height:format:)`.
  package init(unfilledWidth width: Int, height: Int, format: PixelFormat) throws(LiaeError) {
    let size = try Self.size(width, height, format)
    storage = try Bytes.allocateUnfilled(size, for: "a picture of \(width) x \(height) pixels")
    (self.width, self.height, self.format) = (width, height, format)
  }

  /// Returns the bytes of a picture whose sides are possible.
  private static func size(_ width: Int, _ height: Int, _ format: PixelFormat) throws(LiaeError) -> Int {
    guard width > 0, height > 0 else {
      throw LiaeError(.invalidArgument, "a picture of \(width) x \(height) pixels; expected 1 x 1 or more")
    }
    guard width <= Limits.side, height <= Limits.side, width * height <= Limits.pixels else {
      throw LiaeError(
        .limitExceeded,
        "a picture of \(width) x \(height) pixels; at most \(Limits.side) a side and \(Limits.pixels) together are possible"
      )
    }
    return width * height * format.size
  }

  /// The largest picture that is read or made.
  package enum Limits {
    /// Pixels of a side.
    package static let side = 1 << 15
    /// Pixels together; a frame of 8K video has 33.2 million.
    package static let pixels = 1 << 25
  }

  /// Bytes from one row to the next.
  package var stride: Int { width * format.size }

  /// A view of the pixels, valid while the picture is held.
  package var view: ImageView {
    ImageView(base: storage.base, width: width, height: height, stride: stride, format: format)
  }

  /// A view for the function that fills a new picture. Valid while the picture is held.
  package var mutableView: MutableImageView {
    MutableImageView(base: storage.base, width: width, height: height, stride: stride, format: format)
  }

  /// The elements of a float picture, row, column, channel. Valid while the picture is held.
  var floats: UnsafeMutableBufferPointer<Float> {
    precondition(format.isFloat)
    return UnsafeMutableBufferPointer(
      start: storage.base.assumingMemoryBound(to: Float.self), count: width * height * format.channels)
  }

  /// The elements of an 8-bit picture, row, column, channel. Valid while the picture is held.
  var bytes: UnsafeMutableBufferPointer<UInt8> {
    precondition(!format.isFloat)
    return UnsafeMutableBufferPointer(
      start: storage.base.assumingMemoryBound(to: UInt8.self), count: width * height * format.channels)
  }
}

extension Picture {
  /// The same picture in another format; itself where it has that format already.
  ///
  /// 8-bit values are the float values times 255, clamped and rounded half up (NaN becomes 0). Gray becomes equal
  /// channels, colour becomes gray by Rec. 601 luma. Alpha is dropped without blending, and is opaque where it is new.
  package func converted(to target: PixelFormat) throws(LiaeError) -> Picture {
    if target == format { return self }
    let result = try Picture(unfilledWidth: width, height: height, format: target)
    switch (format.isFloat, target.isFloat) {
    case (false, false): convert(bytes, to: target, result.bytes)
    case (false, true): convert(bytes, to: target, result.floats)
    case (true, false): convert(floats, to: target, result.bytes)
    case (true, true): convert(floats, to: target, result.floats)
    }
    withExtendedLifetime((self, result)) {}
    return result
  }

  private func convert<Source: PictureSample, Target: PictureSample>(
    _ source: UnsafeMutableBufferPointer<Source>, to target: PixelFormat, _ result: UnsafeMutableBufferPointer<Target>
  ) {
    let (from, to) = (format.channels, target.channels)
    // Where red and blue stand within a pixel of each side.
    let (red, blue) = format.isBlueFirst ? (2, 0) : (0, 2)
    let (newRed, newBlue) = target.isBlueFirst ? (2, 0) : (0, 2)
    for pixel in 0..<width * height {
      let base = pixel * from
      var color = (red: source[base].unit, green: Float(0), blue: Float(0))
      var alpha: Float = 1
      if from == 1 {
        (color.green, color.blue) = (color.red, color.red)
      } else {
        color = (source[base + red].unit, source[base + 1].unit, source[base + blue].unit)
        if from == 4 { alpha = source[base + 3].unit }
      }
      let out = pixel * to
      if to == 1 {
        // Equal channels pass through unchanged, whatever the rounding of the weights.
        let isGray = color.red == color.green && color.green == color.blue
        result[out] = Target(unit: isGray ? color.red : 0.299 * color.red + 0.587 * color.green + 0.114 * color.blue)
      } else {
        result[out + newRed] = Target(unit: color.red)
        result[out + 1] = Target(unit: color.green)
        result[out + newBlue] = Target(unit: color.blue)
        if to == 4 { result[out + 3] = Target(unit: alpha) }
      }
    }
  }

  /// 0...1 as 0...255, clamped, rounded half up; NaN becomes 0.
  package static func byte(_ value: Float) -> UInt8 {
    let scaled = value * 255 + 0.5
    // Comparisons with NaN are false.
    return scaled > 0 ? (scaled < 255 ? UInt8(scaled) : 255) : 0
  }
}

/// An element of a picture, which stands for a value of 0...1.
private protocol PictureSample {
  var unit: Float { get }
  init(unit: Float)
}

extension UInt8: PictureSample {
  fileprivate var unit: Float { Float(self) / 255 }
  fileprivate init(unit: Float) { self = Picture.byte(unit) }
}

extension Float: PictureSample {
  fileprivate var unit: Float { self }
  fileprivate init(unit: Float) { self = unit }
}

extension Picture {
  /// A copy of a rectangle, as much of it as lies in the picture.
  ///
  /// - Throws: `invalidArgument` where nothing of it does; `outOfMemory`.
  package func cropped(x: Int, y: Int, width: Int, height: Int) throws(LiaeError) -> Picture {
    let (columns, rows) = (
      (x..<x + max(width, 0)).clamped(to: 0..<self.width), (y..<y + max(height, 0)).clamped(to: 0..<self.height)
    )
    let result = try Picture(unfilledWidth: columns.count, height: rows.count, format: format)
    for row in rows {
      (result.storage.base + (row - rows.lowerBound) * result.stride).copyMemory(
        from: storage.base + row * stride + columns.lowerBound * format.size, byteCount: result.stride)
    }
    withExtendedLifetime((self, result)) {}
    return result
  }

  /// A copy of the elements of a float picture, row, column, channel.
  package var values: [Float] { Array(floats) }
}
