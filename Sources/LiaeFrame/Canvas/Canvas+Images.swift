// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeTensor

extension ImageView {
  /// - Throws: `invalidArgument`: no pixels, or a stride that is less than a row.
  func check(_ what: String) throws(LiaeError) { try checkImage(what, width, height, stride, format) }
}

extension MutableImageView {
  func check(_ what: String) throws(LiaeError) { try checkImage(what, width, height, stride, format) }
}

private func checkImage(_ what: String, _ width: Int, _ height: Int, _ stride: Int, _ format: PixelFormat)
  throws(LiaeError)
{
  guard width > 0, height > 0, let row = CheckedSize.product(width, format.size), stride >= row,
    CheckedSize.product(stride, height) != nil
  else {
    throw LiaeError(
      .invalidArgument,
      "\(what) is \(width) x \(height) pixels with rows \(stride) bytes apart; expected sizes above 0 and a stride of at least the width times \(format.size)"
    )
  }
}

extension MutableImageView {
  /// Alpha, where there is one, becomes opaque.
  func fillAlpha() {
    guard format.channels == 4 else { return }
    for y in 0..<height {
      for x in 0..<width {
        let pixel = base + y * stride + x * format.size
        if format.isFloat {
          pixel.storeBytes(of: 1, toByteOffset: 12, as: Float.self)
        } else {
          pixel.storeBytes(of: 255, toByteOffset: 3, as: UInt8.self)
        }
      }
    }
  }
}

extension Canvas {
  /// The canvas as an image: BGRA for colours, gray for masks. Valid while the canvas is held.
  package var view: MutableImageView {
    MutableImageView(
      base: UnsafeMutableRawPointer(pixels), width: width, height: height, stride: width * MemoryLayout<Pixel>.stride,
      format: MemoryLayout<Pixel>.size == 4 ? .grayFloat : .bgraFloat)
  }
}

/// 0...255 divided by 255, as the networks were trained.
private let bytesAsFloats = (0...255).map { Float($0) / 255 }

extension Canvas where Pixel == Color {
  /// A part of an image, blue first; gray in all channels, the fourth lane 1. The region must lie inside the image.
  ///
  /// - Throws: `invalidArgument` where a float pixel is no finite number, `outOfMemory`.
  package convenience init(reading image: ImageView, _ region: Region, workers: Workers = .single) throws(LiaeError) {
    try self.init(unfilled: region)
    read(image, region, workers: workers)
    guard image.format.isFloat else { return }
    guard isFinite else {
      throw LiaeError(.invalidArgument, "the image has pixels that are not finite numbers")
    }
  }

  /// The pixels of a part of an image, as many as the canvas has.
  func read(_ image: ImageView, _ region: Region, workers: Workers = .single) {
    let out = pixels
    let (size, channels, isFloat) = (image.format.size, image.format.channels, image.format.isFloat)
    let (blue, red) = channels == 1 ? (0, 0) : image.format.isBlueFirst ? (0, 2) : (2, 0)
    let green = channels == 1 ? 0 : 1
    bytesAsFloats.withUnsafeBufferPointer { table in
      workers.bands(region.height, minimum: 32) { rows in
        for y in rows {
          let row = image.base + (region.top + y) * image.stride + region.left * size
          let target = out + y * region.width
          if isFloat {
            for x in 0..<region.width {
              let pixel = row + x * size
              func value(_ i: Int) -> Float { pixel.loadUnaligned(fromByteOffset: 4 * i, as: Float.self) }
              target[x] = Color(value(blue), value(green), value(red), 1)
            }
          } else {
            for x in 0..<region.width {
              let pixel = row + x * size
              func value(_ i: Int) -> Float { table[Int(pixel.load(fromByteOffset: i, as: UInt8.self))] }
              target[x] = Color(value(blue), value(green), value(red), 1)
            }
          }
        }
      }
    }
    withExtendedLifetime(self) {}
  }

  /// A whole image.
  package convenience init(reading image: ImageView) throws(LiaeError) {
    try image.check("the image")
    try self.init(reading: image, Region(width: image.width, height: image.height))
  }

  /// Puts the canvas where it belongs in an image, which it must lie inside of. 8-bit values are clamped and rounded;
  /// gray is Rec. 601 luma; alpha stays as it is.
  ///
  /// - Parameter origin: where the image's first pixel stands.
  package func write(to image: MutableImageView, origin: Region? = nil, workers: Workers = .single) {
    let source = pixels, width = width, left = left - (origin?.left ?? 0), top = top - (origin?.top ?? 0)
    // Asked once, not for every pixel.
    let (size, channels, isFloat) = (image.format.size, image.format.channels, image.format.isFloat)
    let (blue, red) = image.format.isBlueFirst ? (0, 2) : (2, 0)
    workers.bands(height, minimum: 32) { rows in
      for y in rows {
        let row = image.base + (top + y) * image.stride + left * size, colors = source + y * width
        switch (channels, isFloat) {
        case (1, _):
          for x in 0..<width {
            let gray = luma(colors[x]), pixel = row + x * size
            if isFloat {
              pixel.storeBytes(of: gray, as: Float.self)
            } else {
              pixel.storeBytes(of: byte(gray), as: UInt8.self)
            }
          }
        case (_, true):
          for x in 0..<width {
            let color = colors[x], pixel = row + x * size
            pixel.storeBytes(of: color.x, toByteOffset: 4 * blue, as: Float.self)
            pixel.storeBytes(of: color.y, toByteOffset: 4, as: Float.self)
            pixel.storeBytes(of: color.z, toByteOffset: 4 * red, as: Float.self)
          }
        case (_, false):
          for x in 0..<width {
            let color = colors[x], pixel = row + x * size
            pixel.storeBytes(of: byte(color.x), toByteOffset: blue, as: UInt8.self)
            pixel.storeBytes(of: byte(color.y), toByteOffset: 1, as: UInt8.self)
            pixel.storeBytes(of: byte(color.z), toByteOffset: red, as: UInt8.self)
          }
        }
      }
    }
    withExtendedLifetime(self) {}
  }
}

/// Rec. 601, and gray as it is, whatever the rounding of the weights.
private func luma(_ color: Color) -> Float {
  let isGray = color.x == color.y && color.y == color.z
  return isGray ? color.x : 0.114 * color.x + 0.587 * color.y + 0.299 * color.z
}

extension Canvas where Pixel == Float {
  /// A whole image as a mask: gray, or the luma of colours.
  ///
  /// - Throws: `invalidArgument` where a float pixel is no finite number, `outOfMemory`.
  package convenience init(reading image: ImageView) throws(LiaeError) {
    let colors = try ColorCanvas(reading: image)
    try self.init(unfilled: colors.region)
    for i in 0..<count { pixels[i] = luma(colors.pixels[i]) }
    withExtendedLifetime(colors) {}
  }

  /// Puts the mask where it belongs in an image, into every colour channel.
  ///
  /// - Parameter origin: where the image's first pixel stands.
  package func write(to image: MutableImageView, origin: Region? = nil) {
    let (left, top) = (left - (origin?.left ?? 0), top - (origin?.top ?? 0))
    let (size, channels, isFloat) = (image.format.size, min(image.format.channels, 3), image.format.isFloat)
    for y in 0..<height {
      let row = image.base + (top + y) * image.stride + left * size
      for x in 0..<width {
        let value = pixels[y * width + x], pixel = row + x * size
        for channel in 0..<channels {
          if isFloat {
            pixel.storeBytes(of: value, toByteOffset: 4 * channel, as: Float.self)
          } else {
            pixel.storeBytes(of: byte(value), toByteOffset: channel, as: UInt8.self)
          }
        }
      }
    }
    withExtendedLifetime(self) {}
  }
}

extension Canvas where Pixel == Color {
  /// Writes as `write(to:)` does to an image that is as large as the canvas; alpha becomes opaque.
  package func write(toWhole image: MutableImageView) {
    image.fillAlpha()
    write(to: image)
  }
}

extension Canvas where Pixel == Float {
  /// Writes as `write(to:)` does to an image that is as large as the canvas; alpha becomes opaque.
  package func write(toWhole image: MutableImageView) {
    image.fillAlpha()
    write(to: image)
  }
}

/// 0...1 as 0...255, clamped, rounded half up; NaN becomes 0.
@inline(__always)
private func byte(_ value: Float) -> UInt8 {
  let scaled = value * 255 + 0.5
  return scaled >= 255 ? 255 : scaled > 0 ? UInt8(scaled) : 0
}
