// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeSystem

extension PictureProperties {
  private static let exifSignature = Array("Exif\0\0".utf8)
  private static let profileSignature = Array("ICC_PROFILE\0".utf8)
  private static let jfifSignature = Array("JFIF\0".utf8)

  static func readJPEG(_ file: Bytes) throws(LiaeError) -> (PictureProperties, orientation: Int) {
    var (result, orientation) = (PictureProperties(), 1)
    var parts: [Int: UnsafeRawBufferPointer] = [:]
    for (marker, data) in segments(file.raw) {
      switch marker {
      case 0xe0 where data.starts(with: jfifSignature): result.density = density(data)
      case 0xe1 where data.starts(with: exifSignature):
        guard result.exif == nil else { break }
        orientation = try result.take(exif: UnsafeRawBufferPointer(rebasing: data[exifSignature.count...]))
      case 0xe1 where data.starts(with: JPEGSegments.xmpSignature): result.leftBehind.append("XMP")
      // Behind the signature: the number of the part, from 1, and how many there are.
      case 0xe2 where data.starts(with: profileSignature) && data.count > profileSignature.count + 2:
        parts[Int(data[profileSignature.count])] = UnsafeRawBufferPointer(
          rebasing: data[(profileSignature.count + 2)...])
      // Adobe's segment tells the decoder of the colours.
      case 0xe0, 0xee: break
      case 0xe1...0xef: result.leftBehind.append("APP\(marker - 0xe0)")
      case 0xfe: result.leftBehind.append("a comment")
      default: break
      }
    }
    if !parts.isEmpty {
      let ordered = (1...parts.count).compactMap { parts[$0] }
      if ordered.count == parts.count {
        result.profile = try .joined(ordered, for: "an ICC profile")
      } else {
        result.leftBehind.append("a damaged ICC profile")
      }
    }
    return (result, orientation)
  }

  /// The segments before the first scan, read as libjpeg reads them: bytes that do not belong there are passed over.
  private static func segments(_ file: UnsafeRawBufferPointer) -> [(marker: UInt8, data: UnsafeRawBufferPointer)] {
    var result: [(UInt8, UnsafeRawBufferPointer)] = []
    var place = 2
    while true {
      while place < file.count, file[place] != 0xff { place += 1 }
      while place < file.count, file[place] == 0xff { place += 1 }
      guard place < file.count else { return result }
      let marker = file[place]
      place += 1
      // Markers that stand alone.
      if marker == 0 || marker == 1 || (0xd0...0xd8).contains(marker) { continue }
      if marker == 0xd9 || marker == 0xda { return result }
      guard place + 2 <= file.count else { return result }
      let length = Int(file[place]) << 8 | Int(file[place + 1])
      guard length >= 2, length <= file.count - place else { return result }
      result.append((marker, UnsafeRawBufferPointer(rebasing: file[place + 2..<place + length])))
      place += length
    }
  }

  private static func density(_ data: UnsafeRawBufferPointer) -> (x: Double, y: Double)? {
    guard data.count >= 12, data[7] == 1 || data[7] == 2 else { return nil }
    func number(_ at: Int) -> Double { Double(Int(data[at]) << 8 | Int(data[at + 1])) * (data[7] == 2 ? 2.54 : 1) }
    return (number(8), number(10))
  }

  /// A JPEG file with these properties, behind JFIF's segment.
  ///
  /// - Parameter jpeg: as our encoder makes it: SOI and an APP0 of 16 bytes come first.
  func added(toJPEG jpeg: Bytes) throws(LiaeError) -> Bytes {
    let header = 20
    guard jpeg.count > header else { return jpeg }
    var head = Array(jpeg.raw[..<header])
    if let density {
      func number(_ value: Double) -> [UInt8] {
        let number = UInt16(min(max(value, 1), 65535).rounded())
        return [UInt8(number >> 8), UInt8(truncatingIfNeeded: number)]
      }
      head.replaceSubrange(13..<18, with: [1] + number(density.x) + number(density.y))
    }
    var parts = [try Bytes.copied(head)]
    if let exif, exif.count <= JPEGSegments.capacity - Self.exifSignature.count {
      parts += [try Bytes.copied(Self.start(0xe1, Self.exifSignature, exif.count)), exif]
    }
    if let profile {
      let share = JPEGSegments.capacity - Self.profileSignature.count - 2
      let count = (profile.count + share - 1) / share
      for part in 0..<(count <= 255 ? count : 0) {
        let data = Bytes.slice(profile, offset: part * share, count: min(share, profile.count - part * share))
        let signature = Self.profileSignature + [UInt8(part + 1), UInt8(count)]
        parts += [try Bytes.copied(Self.start(0xe2, signature, data.count)), data]
      }
    }
    parts.append(Bytes.slice(jpeg, offset: header, count: jpeg.count - header))
    defer { withExtendedLifetime(parts) {} }
    return try .joined(parts.map(\.raw), for: "a JPEG file")
  }

  private static func start(_ marker: UInt8, _ signature: [UInt8], _ count: Int) -> [UInt8] {
    JPEGSegments.header(marker, signature.count + count) + signature
  }
}

extension Bytes {
  fileprivate static func copied(_ bytes: [UInt8]) throws(LiaeError) -> Bytes {
    try bytes.withUnsafeBufferPointer { (bytes) throws(LiaeError) in try .copy(UnsafeRawBufferPointer(bytes)) }
  }
}
