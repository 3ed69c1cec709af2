// SPDX-License-Identifier: Apache-2.0
import LiaeImageIO
import LiaeSystem
import LiaeTensor

/// Frames of 16 bits on pipes. Within this program they are float pictures: 16 bits of 0...1 come back as they were.
extension Picture {
  /// A float RGB picture of 16-bit samples, big-endian as PPM has them, of which there are width x height x 3.
  init(deep samples: Bytes, width: Int, height: Int) throws(LiaeError) {
    try self.init(unfilledWidth: width, height: height, format: .rgbFloat)
    let target = UnsafeMutableBufferPointer(
      start: mutableView.base.assumingMemoryBound(to: Float.self), count: min(width * height * 3, samples.count / 2))
    for i in target.indices {
      let sample = samples.raw.loadUnaligned(fromByteOffset: 2 * i, as: UInt16.self)
      target[i] = Float(UInt16(bigEndian: sample)) / 65535
    }
    withExtendedLifetime((self, samples)) {}
  }

  /// 16-bit samples, little-endian, in the order of a float format: values are clamped and rounded half up; NaN becomes 0.
  func deepSamples(_ format: PixelFormat) throws(LiaeError) -> Bytes {
    let source = try converted(to: format)
    let count = width * height * format.channels
    let result = try Bytes.allocateUnfilled(count * 2, for: "a frame of \(width) x \(height) pixels")
    let values = source.view.base.assumingMemoryBound(to: Float.self)
    for i in 0..<count {
      result.base.storeBytes(of: Self.deep(values[i]).littleEndian, toByteOffset: 2 * i, as: UInt16.self)
    }
    withExtendedLifetime((source, result)) {}
    return result
  }

  static func deep(_ value: Float) -> UInt16 {
    let scaled = value * 65535 + 0.5
    // Comparisons with NaN are false.
    return scaled > 0 ? (scaled < 65535 ? UInt16(scaled) : 65535) : 0
  }
}
