// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeSystem

/// The properties of a picture file beside its pixels: how its colours are meant, how large it is, where it is from.
package struct PictureProperties: Sendable {
  /// An ICC profile.
  var profile: Bytes?
  /// Exif data of the upright picture.
  var exif: Bytes?
  /// Pixels of an inch, across and along.
  var density: (x: Double, y: Double)?
  /// Whole chunks of a PNG file, which another PNG file takes as they are: `iCCP` and `pHYs` too.
  var chunks: [PNGProperty] = []
  /// The names of chunks or standards that the file has and a result will not have.
  package internal(set) var leftBehind: [String] = []

  package init() {}

  /// The properties that a JPEG file has no place for.
  package var lostInJPEG: [String] {
    chunks.map(\.kind).filter { !["iCCP", "pHYs", "sRGB"].contains($0) }
  }

  /// Returns the properties without the profile of a gray picture, which a coloured one cannot have.
  package func forColors() -> PictureProperties {
    guard let profile, profile.count >= 20, profile.raw[16..<20].elementsEqual("GRAY".utf8) else { return self }
    var result = self
    result.profile = nil
    result.chunks.removeAll { $0.kind == "iCCP" }
    result.leftBehind.append("the ICC profile of gray")
    return result
  }

  static func read(_ file: Bytes, _ kind: PictureFileKind, name: String) throws(LiaeError) -> (
    PictureProperties, orientation: Int
  ) {
    defer { withExtendedLifetime(file) {} }
    switch kind {
    case .png: return try readPNG(file, name: name)
    case .jpeg: return try readJPEG(file)
    }
  }

  /// Takes Exif data over; the orientation that they give.
  mutating func take(exif data: UnsafeRawBufferPointer) throws(LiaeError) -> Int {
    guard let found = try Exif(data) else {
      leftBehind.append("damaged Exif data")
      return 1
    }
    exif = found.upright
    return found.orientation
  }
}

/// A chunk of a PNG file: length, kind, data, checksum.
struct PNGProperty: Sendable {
  var kind: String
  var whole: Bytes

  init(kind: String, whole: Bytes) { (self.kind, self.whole) = (kind, whole) }

  /// - Throws: `outOfMemory`.
  init(kind: String, _ parts: [UnsafeRawBufferPointer]) throws(LiaeError) {
    self.kind = kind
    let count = parts.reduce(0) { $0 + $1.count }
    whole = try Bytes.allocate(count + 12, for: "a chunk of a PNG file")
    whole.base.storeBytes(of: UInt32(truncatingIfNeeded: count).bigEndian, as: UInt32.self)
    var place = 4
    for byte in kind.utf8.prefix(4) {
      whole.base.storeBytes(of: byte, toByteOffset: place, as: UInt8.self)
      place += 1
    }
    for part in parts {
      if let base = part.baseAddress { (whole.base + place).copyMemory(from: base, byteCount: part.count) }
      place += part.count
    }
    let sum = CRC32.of(UnsafeRawBufferPointer(rebasing: whole.raw[4..<place]))
    for byte in 0..<4 {
      whole.base.storeBytes(
        of: UInt8(truncatingIfNeeded: sum >> (24 - 8 * byte)), toByteOffset: place + byte, as: UInt8.self)
    }
  }
}

extension Bytes {
  /// Buffers one behind the other.
  static func joined(_ parts: [UnsafeRawBufferPointer], for purpose: String) throws(LiaeError) -> Bytes {
    let result = try Bytes.allocateUnfilled(parts.reduce(0) { $0 + $1.count }, for: purpose)
    var place = result.base
    for part in parts {
      if let base = part.baseAddress { place.copyMemory(from: base, byteCount: part.count) }
      place += part.count
    }
    return result
  }
}
