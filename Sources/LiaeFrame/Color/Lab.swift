// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// Colours to CIE L*a*b* and back, as OpenCV 4 converts float images with COLOR_BGR2LAB and COLOR_LAB2BGR: sRGB, D65.
/// L 0...100, a and b within -127...127, in the lanes 0, 1, 2.
package enum Lab {
  /// Converts blue, green, red in place; values outside 0...1 count as the nearest end, values that are not finite as
  /// 0.
  ///
  /// OpenCV's way, bit for bit: the channels in 14-bit fixed point, a table of 33³ colours, and trilinear
  /// interpolation in sixteenths, which is up to 0.6 away from the formula.
  ///
  /// - Throws: `outOfMemory`.
  package static func fromColor(_ image: ColorCanvas, workers: Workers) throws(LiaeError) {
    let tables = try LabTables.shared()
    let (pixels, width) = (image.pixels, image.width)
    workers.bands(image.height) { rows in
      for index in rows.lowerBound * width..<rows.upperBound * width { pixels[index] = tables.lab(pixels[index]) }
    }
    withExtendedLifetime((tables, image)) {}
  }

  /// Converts in place to blue, green, red, which are clipped to 0...1.
  ///
  /// By formula, the gamma through OpenCV's spline of 1024 pieces: within 1e-6 of OpenCV.
  ///
  /// - Throws: `outOfMemory`.
  package static func toColor(_ image: ColorCanvas, workers: Workers) throws(LiaeError) {
    let tables = try LabTables.shared()
    let (pixels, width) = (image.pixels, image.width)
    workers.bands(image.height) { rows in
      for index in rows.lowerBound * width..<rows.upperBound * width { pixels[index] = tables.color(pixels[index]) }
    }
    withExtendedLifetime((tables, image)) {}
  }
}

extension Lab {
  /// An 8-bit colour's L·255/100, a + 128, b + 128.
  ///
  /// - Throws: `outOfMemory`.
  package static func bytes(fromColor color: SIMD4<UInt8>) throws(LiaeError) -> SIMD4<UInt8> {
    try Lab8.shared().lab(color)
  }

  /// The other way.
  package static func color(fromBytes lab: SIMD4<UInt8>) throws(LiaeError) -> SIMD4<UInt8> {
    try Lab8.shared().color(lab)
  }
}

/// The colour space's numbers, as OpenCV has them.
enum StandardRGB {
  static let white = SIMD3<Double>(0.950456, 1, 1.088754)

  /// X, Y, Z over the white point's; each row the weights of red, green, blue.
  static let toXYZ = (
    SIMD3<Double>(0.412453, 0.357580, 0.180423) / white.x, SIMD3<Double>(0.212671, 0.715160, 0.072169),
    SIMD3<Double>(0.019334, 0.119193, 0.950227) / white.z
  )

  /// Red, green, blue; each row the weights of X, Y, Z over the white point's.
  static let fromXYZ = (
    SIMD3<Double>(3.240479, -1.53715, -0.498535) * white, SIMD3<Double>(-0.969256, 1.875991, 0.041556) * white,
    SIMD3<Double>(0.055648, -0.204043, 1.057311) * white
  )
}
