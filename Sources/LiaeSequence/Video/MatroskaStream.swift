// SPDX-License-Identifier: Apache-2.0

/// A Matroska stream of uncompressed frames, for a pipe into ffmpeg: each frame comes with its time stamp, which raw video
/// has not. Source: RFC 9559 (Matroska), RFC 8794 (EBML).
struct MatroskaStream {
  /// The layout of a frame's bytes, by the code that ffmpeg knows it by.
  enum Pixels {
    case gray8, rgb24, rgb48, rgba64

    var code: [UInt8] {
      switch self {
      case .gray8: return Array("Y800".utf8)
      case .rgb24: return Array("RGB".utf8) + [24]
      case .rgb48: return Array("RGB".utf8) + [48]
      case .rgba64: return Array("RBA".utf8) + [64]
      }
    }
  }

  let pixels: Pixels
  let width: Int
  let height: Int
  /// A frame's usual time, from which ffmpeg takes the rate of frames; nanoseconds.
  let spacing: Int
  /// The values of a high dynamic range that ffmpeg hands on.
  var hdr: HDRMetadata?

  /// The bytes before the first frame. Time stamps are nanoseconds.
  var header: [UInt8] {
    let ebml =
      Self.text(0x4282, "matroska") + Self.number(0x4287, 4) + Self.number(0x4285, 2)
    let information = Self.number(0x2a_d7b1, 1) + Self.text(0x4d80, "libliae") + Self.text(0x5741, "libliae")
    let color = hdr.map { Self.element(0x55b0, $0.matroskaElements) } ?? []
    let video =
      Self.number(0xb0, width) + Self.number(0xba, height) + Self.element(0x2e_b524, pixels.code) + color
    let track =
      Self.number(0xd7, 1) + Self.number(0x73c5, 1) + Self.number(0x83, 1) + Self.text(0x86, "V_UNCOMPRESSED")
      + Self.text(0x22_b59c, "und") + Self.number(0x23_e383, max(spacing, 1)) + Self.element(0xe0, video)
    // A segment whose end is not known yet has a length of ones.
    return Self.element(0x1a45_dfa3, ebml) + Self.id(0x1853_8067) + [0x01] + [UInt8](repeating: 0xff, count: 7)
      + Self.element(0x1549_a966, information) + Self.element(0x1654_ae6b, Self.element(0xae, track))
  }

  /// Returns the bytes before those of a frame: the head of a cluster of one block.
  ///
  /// - Parameter time: nanoseconds, at least 0.
  func frameHeader(time: Int, bytes: Int) -> [UInt8] {
    // Track 1, at the cluster's time, a key frame.
    let block: [UInt8] = [0x81, 0, 0, 0x80]
    let simple = Self.id(0xa3) + Self.length(block.count + bytes) + block
    let time = Self.number(0xe7, time)
    return Self.id(0x1f43_b675) + Self.length(time.count + simple.count + bytes) + time + simple
  }

  // MARK: EBML

  private static func id(_ id: Int) -> [UInt8] { Array(bigEndian(id).drop { $0 == 0 }) }

  /// Writes a length, always in 8 bytes, of which the first is the length's own.
  private static func length(_ count: Int) -> [UInt8] { [0x01] + bigEndian(count).dropFirst() }

  static func element(_ id: Int, _ content: [UInt8]) -> [UInt8] {
    self.id(id) + length(content.count) + content
  }

  static func number(_ id: Int, _ value: Int) -> [UInt8] { element(id, bigEndian(value)) }
  static func real(_ id: Int, _ value: Double) -> [UInt8] { number(id, Int(bitPattern: UInt(value.bitPattern))) }
  private static func text(_ id: Int, _ value: String) -> [UInt8] { element(id, Array(value.utf8)) }
  private static func bigEndian(_ value: Int) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }
}
