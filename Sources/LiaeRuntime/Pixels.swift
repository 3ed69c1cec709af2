// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeTensor

/// Described images to and from the network's own: float32, 0...1, channels interleaved in the model's colour order.
enum Pixels {
  /// - Throws: `invalidArgument`, naming what is wrong with the description.
  static func check(
    _ what: String, width: Int, height: Int, stride: Int, format: PixelFormat, side: Int
  ) throws(LiaeError) {
    guard width == side, height == side else {
      throw LiaeError(.invalidArgument, "\(what) is \(width)x\(height) pixels; this model needs \(side)x\(side)")
    }
    guard stride >= width * format.size, CheckedSize.product(stride, height) != nil else {
      throw LiaeError(
        .invalidArgument,
        "\(what) has a stride of \(stride) bytes; \(width) pixels of \(format.size) bytes need at least \(width * format.size)"
      )
    }
  }

  /// Copies an image into rows of `rowFloats` floats. A gray image fills all three channels; alpha is left out.
  ///
  /// - Throws: `invalidArgument` where a float pixel is not finite, and where they are far brighter than 1 on average.
  static func read(
    _ image: ImageView, blueFirst: Bool, into out: UnsafeMutablePointer<Float>, rowFloats: Int, index: Int
  ) throws(LiaeError) {
    let format = image.format, size = format.size
    let swap = format.channels > 1 && format.isBlueFirst != blueFirst
    let (first, third) = swap ? (2, 0) : (0, 2)
    var sum: Float = 0
    for y in 0..<image.height {
      let row = image.base + y * image.stride
      let target = out + y * rowFloats
      if format.isFloat {
        var finite = true
        for x in 0..<image.width {
          let pixel = row + x * size, to = target + 3 * x
          func value(_ i: Int) -> Float { pixel.loadUnaligned(fromByteOffset: 4 * i, as: Float.self) }
          if format.channels == 1 {
            let v = value(0)
            (to[0], to[1], to[2]) = (v, v, v)
          } else {
            (to[0], to[1], to[2]) = (value(first), value(1), value(third))
          }
          let color = to[0] + to[1] + to[2]
          sum += color
          // Anything times zero is zero, unless it is not finite.
          finite = finite && color * 0 == 0
        }
        guard finite else {
          throw LiaeError(.invalidArgument, "input image \(index) has pixels in row \(y) that are not finite numbers")
        }
      } else {
        for x in 0..<image.width {
          let pixel = row + x * size, to = target + 3 * x
          func value(_ i: Int) -> Float { Float(pixel.load(fromByteOffset: i, as: UInt8.self)) / 255 }
          if format.channels == 1 {
            let v = value(0)
            (to[0], to[1], to[2]) = (v, v, v)
          } else {
            (to[0], to[1], to[2]) = (value(first), value(1), value(third))
          }
        }
      }
    }
    let mean = sum / Float(3 * image.width * image.height)
    guard mean <= brightest else {
      throw LiaeError(
        .invalidArgument,
        "input image \(index) has float pixels of \(mean) on average; 0...1 is expected: divide pixels of 0...255 by 255"
      )
    }
  }

  /// Brightness that a float image may have on average. Highlights beyond 1 are no mistake, a whole image of them is.
  private static let brightest: Float = 4

  /// Copies a picture of `channels` channels (3, or 1 for a mask) into an image.
  ///
  /// 8-bit values are rounded to the nearest. A mask goes into every colour channel; a picture becomes gray by
  /// Rec. 601 luma; alpha is opaque.
  static func write(
    _ picture: UnsafePointer<Float>, channels: Int, blueFirst: Bool, into image: MutableImageView
  ) {
    let format = image.format, size = format.size
    let swap = format.channels > 1 && format.isBlueFirst != blueFirst
    for y in 0..<image.height {
      let row = image.base + y * image.stride
      let source = picture + y * image.width * channels
      for x in 0..<image.width {
        let from = source + x * channels
        var a = from[0], b = a, c = a
        if channels == 3 { (b, c) = (from[1], from[2]) }
        if format.channels == 1 {
          if channels == 3 {
            let (blue, red) = blueFirst ? (a, c) : (c, a)
            a = 0.299 * red + 0.587 * b + 0.114 * blue
          }
        } else if swap {
          (a, c) = (c, a)
        }
        let pixel = row + x * size
        if format.isFloat {
          pixel.storeBytes(of: a, as: Float.self)
          if format.channels > 1 {
            pixel.storeBytes(of: b, toByteOffset: 4, as: Float.self)
            pixel.storeBytes(of: c, toByteOffset: 8, as: Float.self)
          }
          if format.channels == 4 { pixel.storeBytes(of: 1, toByteOffset: 12, as: Float.self) }
        } else {
          pixel.storeBytes(of: byte(a), as: UInt8.self)
          if format.channels > 1 {
            pixel.storeBytes(of: byte(b), toByteOffset: 1, as: UInt8.self)
            pixel.storeBytes(of: byte(c), toByteOffset: 2, as: UInt8.self)
          }
          if format.channels == 4 { pixel.storeBytes(of: 255, toByteOffset: 3, as: UInt8.self) }
        }
      }
    }
  }

  /// A NaN, which weights that are not finite can make, becomes 0.
  private static func byte(_ value: Float) -> UInt8 {
    let scaled = value * 255 + 0.5
    return scaled >= 255 ? 255 : scaled > 0 ? UInt8(scaled) : 0
  }
}
