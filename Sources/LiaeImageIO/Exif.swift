// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// Exif data: a TIFF structure of its own (CIPA DC-008), without what PNG or JPEG puts around it.
struct Exif {
  /// The orientation of the stored picture, as tag 0x0112 numbers it: 1 is upright, 6 stands for a camera turned to
  /// portrait.
  let orientation: Int
  /// The data of the same picture stored upright: orientation 1, and no thumbnail, which would show the frame as it was.
  let upright: Bytes

  /// Returns nil where it is no Exif data.
  ///
  /// - Throws: `outOfMemory`.
  init?(_ data: UnsafeRawBufferPointer) throws(LiaeError) {
    guard let fields = ExifFields(data) else { return nil }
    let stored = fields.orientation.map { fields.short($0) } ?? 1
    orientation = (1...8).contains(stored) ? stored : 1
    upright = try Bytes.copy(data, for: "Exif data")
    let bytes = UnsafeMutableRawBufferPointer(start: upright.base, count: upright.count)
    if let place = fields.orientation { fields.set(1, at: place, in: bytes) }
    for offset in fields.next..<fields.next + 4 { bytes[offset] = 0 }
    withExtendedLifetime(upright) {}
  }
}

/// The first directory of Exif data.
private struct ExifFields {
  private let data: UnsafeRawBufferPointer
  private let isBigEndian: Bool
  /// The offset of the orientation's value.
  private(set) var orientation: Int?
  /// The offset of the field that leads to the next directory, which describes the thumbnail.
  private(set) var next = 0

  init?(_ data: UnsafeRawBufferPointer) {
    self.data = data
    guard data.count >= 14 else { return nil }
    switch (data[0], data[1]) {
    case (0x4d, 0x4d): isBigEndian = true
    case (0x49, 0x49): isBigEndian = false
    default: return nil
    }
    guard short(2) == 42 else { return nil }
    let directory = short(isBigEndian ? 6 : 4) | short(isBigEndian ? 4 : 6) << 16
    guard directory >= 8, directory <= data.count - 6 else { return nil }
    let count = short(directory)
    next = directory + 2 + 12 * count
    guard next <= data.count - 4 else { return nil }
    for entry in stride(from: directory + 2, to: next, by: 12) where short(entry) == 0x0112 && short(entry + 2) == 3 {
      orientation = entry + 8
    }
  }

  func short(_ offset: Int) -> Int {
    let (a, b) = (Int(data[offset]), Int(data[offset + 1]))
    return isBigEndian ? a << 8 | b : b << 8 | a
  }

  func set(_ value: UInt8, at offset: Int, in bytes: UnsafeMutableRawBufferPointer) {
    (bytes[offset], bytes[offset + 1]) = isBigEndian ? (0, value) : (value, 0)
  }
}
