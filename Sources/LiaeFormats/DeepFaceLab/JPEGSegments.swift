// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// The marker segments of a JPEG file up to its picture (ITU-T T.81, annex B). Every length is checked.
package struct JPEGSegments {
  struct Segment {
    /// The second byte of its marker.
    let marker: UInt8
    /// The bytes after marker and length.
    let payload: Range<Int>
    /// Marker, length and payload.
    var whole: Range<Int> { payload.lowerBound - 4..<payload.upperBound }
  }

  /// Segments before the first scan.
  let segments: [Segment]
  /// The place of the marker of the first scan.
  let scan: Int

  static let signature: [UInt8] = [0xff, 0xd8, 0xff]
  static let app0: UInt8 = 0xe0
  static let app1: UInt8 = 0xe1
  static let app15: UInt8 = 0xef
  private static let endOfImage: UInt8 = 0xd9
  private static let startOfScan: UInt8 = 0xda
  /// Payload that a segment can hold: its 16-bit length counts itself.
  package static let capacity = 0xffff - 2
  /// The bytes with which an APP1 segment of XMP begins. Source: XMP specification, part 3.
  package static let xmpSignature = Array("http://ns.adobe.com/xap/1.0/\0".utf8)

  /// Marker and length of a segment.
  ///
  /// - Parameter count: bytes of the payload, at most `capacity`.
  package static func header(_ marker: UInt8, _ count: Int) -> [UInt8] {
    let length = UInt16(count + 2)
    return [0xff, marker, UInt8(length >> 8), UInt8(truncatingIfNeeded: length)]
  }

  /// - Throws: `unknownFormat` where it is no JPEG; `corruptFile`, `limitExceeded`.
  init(_ file: Bytes, name: String) throws(LiaeError) {
    guard file.starts(with: Self.signature) else {
      throw LiaeError(.unknownFormat, "\(name): no JPEG file: it does not begin with the bytes ff d8 ff")
    }
    var reader = try ByteReader(file, offset: 2, name: name)
    var segments: [Segment] = []
    while true {
      let start = reader.position
      guard try reader.integer(UInt8.self, "a marker") == 0xff else {
        throw reader.corrupt("a marker is expected at byte \(start), found byte \(file.raw[start])")
      }
      var marker = try reader.integer(UInt8.self, "a marker")
      // Fill bytes may stand before a marker.
      while marker == 0xff { marker = try reader.integer(UInt8.self, "a marker") }
      if marker == Self.startOfScan {
        (self.segments, scan) = (segments, reader.position - 2)
        return
      }
      // C0 to FE but those that stand alone: restarts, start and end of the image.
      guard marker >= 0xc0, !(0xd0...Self.endOfImage).contains(marker) else {
        throw reader.corrupt("marker \(Self.hexadecimal(marker)) at byte \(start) before the picture")
      }
      guard segments.count < FormatLimits.jpegSegments else {
        throw LiaeError(.limitExceeded, "\(name): more than \(FormatLimits.jpegSegments) segments before the picture")
      }
      let length = Int(try reader.integer(UInt16.self, "a segment's length").byteSwapped)
      guard length >= 2 else {
        throw reader.corrupt("segment \(Self.hexadecimal(marker)) at byte \(start) claims a length of \(length)")
      }
      let payload = try reader.take(length - 2, "segment \(Self.hexadecimal(marker))")
      segments.append(Segment(marker: marker, payload: payload..<payload + length - 2))
    }
  }

  private static func hexadecimal(_ marker: UInt8) -> String { "ff \(String(marker, radix: 16))" }

  /// Width, height and components, or nil without a frame header. `file` is the one that was read.
  func size(in file: Bytes) -> (width: Int, height: Int, components: Int)? {
    // C4, C8 and CC are tables; the others begin a frame: precision, height, width, components.
    let frame = segments.first { (0xc0...0xcf).contains($0.marker) && ![0xc4, 0xc8, 0xcc].contains($0.marker) }
    guard let payload = frame?.payload, payload.count >= 6 else { return nil }
    func number(_ at: Int) -> Int {
      Int(file.raw[payload.lowerBound + at]) << 8 | Int(file.raw[payload.lowerBound + at + 1])
    }
    return (number(3), number(1), Int(file.raw[payload.lowerBound + 5]))
  }

  /// Returns what DeepFaceLab's own parser cannot get past, in words; nil where it accepts the file.
  ///
  /// It knows JFIF, baseline and progressive frames, does not skip a restart interval, and takes the first `ff d9`
  /// behind the scan's header for the end.
  func obstacle(in file: Bytes) -> String? {
    for segment in segments {
      switch segment.marker {
      case Self.app0 where !file.starts(with: Array("JFIF\0".utf8), at: segment.payload.lowerBound):
        return "an APP0 segment that is not JFIF"
      case 0xdd: return "a restart interval"
      case 0xc1, 0xc3, 0xc5...0xc7, 0xc9...0xcb, 0xcd...0xcf: return "a frame neither baseline nor progressive"
      default: break
      }
    }
    guard size(in: file) != nil else { return "no frame header" }
    var position = scan + 2
    while position + 1 < file.count, file.raw[position] != 0xff || file.raw[position + 1] != Self.endOfImage {
      position += 1
    }
    guard position + 1 < file.count else { return "no end of the picture" }
    return position + 2 == file.count ? nil : "\(file.count - position - 2) bytes behind the end of the picture"
  }
}
