// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// The chunks of a PNG file (ISO/IEC 15948), every length checked.
package struct PNGChunks {
  package struct Chunk {
    /// Four letters, as `IHDR`.
    package let kind: String
    /// The data, without length, kind and checksum.
    package let payload: Range<Int>
    /// Length, kind, data and checksum.
    package var whole: Range<Int> { payload.lowerBound - 8..<payload.upperBound + 4 }
  }

  /// The chunks in the order of the file. Those whose checksum is wrong are left out, as libpng does with those it can
  /// do without.
  package let chunks: [Chunk]

  package static let signature: [UInt8] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]

  /// - Throws: `unknownFormat` where it is no PNG; `corruptFile`, `limitExceeded`.
  package init(_ file: Bytes, name: String) throws(LiaeError) {
    guard file.starts(with: Self.signature) else {
      throw LiaeError(.unknownFormat, "\(name): no PNG file: it does not begin with the bytes 89 50 4e 47")
    }
    var reader = try ByteReader(file, offset: Self.signature.count, name: name)
    var chunks: [Chunk] = []
    var count = 0
    while reader.remaining > 0 {
      count += 1
      guard count <= FormatLimits.pngChunks else {
        throw LiaeError(.limitExceeded, "\(name): more than \(FormatLimits.pngChunks) chunks")
      }
      let length = Int(try reader.integer(UInt32.self, "a chunk's length").byteSwapped)
      let start = try reader.take(4, "a chunk's kind")
      let kind = String(decoding: file.raw[start..<start + 4], as: UTF8.self)
      let payload = try reader.take(length, "chunk \(kind)")
      let checksum = try reader.integer(UInt32.self, "the checksum of chunk \(kind)").byteSwapped
      // The picture's own chunks are the decoder's matter.
      let isWhole =
        kind == "IDAT"
        || CRC32.of(UnsafeRawBufferPointer(rebasing: file.raw[start..<payload + length])) == checksum
      if isWhole { chunks.append(Chunk(kind: kind, payload: payload..<payload + length)) }
      if kind == "IEND" { break }
    }
    self.chunks = chunks
    withExtendedLifetime(file) {}
  }

  /// Width and height, or nil without a header. `file` is the one that was read.
  package func size(in file: Bytes) -> (width: Int, height: Int)? {
    guard let header = chunks.first, header.kind == "IHDR", header.payload.count == 13 else { return nil }
    func number(_ at: Int) -> Int { Int(file.bigEndian(header.payload.lowerBound + at)) }
    return (number(0), number(4))
  }
}

extension Bytes {
  /// Four bytes as a number, the highest first. They must lie inside.
  package func bigEndian(_ offset: Int) -> UInt32 {
    UInt32(bigEndian: raw.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }
}
