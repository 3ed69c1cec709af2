// SPDX-License-Identifier: Apache-2.0
import LiaeImageIO
import LiaeSystem
import LiaeTensor
import LiaeTestSupport
import Testing

/// The 16-bit samples of a PNG file, read without libpng: the filters of the PNG specification, section 9, undone.
private func samples(_ file: Bytes) throws -> (channels: Int, samples: [Int]) {
  let bytes = file.array
  func number(_ at: Int) -> Int { (0..<4).reduce(0) { $0 << 8 | Int(bytes[at + $1]) } }
  let (width, height) = (number(16), number(20))
  try #require(bytes[24] == 16 && [0, 2].contains(bytes[25]) && bytes[28] == 0)
  let channels = bytes[25] == 0 ? 1 : 3
  var packed: [UInt8] = []
  var position = 8
  while position < bytes.count {
    let length = number(position)
    if bytes[position + 4..<position + 8].elementsEqual("IDAT".utf8) {
      packed += bytes[position + 8..<position + 8 + length]
    }
    position += 12 + length
  }
  let (pixel, row) = (channels * 2, width * channels * 2)
  // zlib's header of two bytes in front, its checksum behind.
  let rows = try NPZ.inflated(Array(packed.dropFirst(2).dropLast(4)), size: height * (row + 1), "IDAT")
  var out = [Int](repeating: 0, count: row * height)
  for y in 0..<height {
    for x in 0..<row {
      let a = x >= pixel ? out[y * row + x - pixel] : 0
      let b = y > 0 ? out[(y - 1) * row + x] : 0
      let c = x >= pixel && y > 0 ? out[(y - 1) * row + x - pixel] : 0
      let paeth =
        abs(b - c) <= abs(a - c) && abs(b - c) <= abs(a + b - 2 * c) ? a : abs(a - c) <= abs(a + b - 2 * c) ? b : c
      let prediction = [0, a, b, (a + b) / 2, paeth][Int(rows[y * (row + 1)])]
      out[y * row + x] = (Int(rows[y * (row + 1) + 1 + x]) + prediction) & 0xff
    }
  }
  return (channels, stride(from: 0, to: out.count, by: 2).map { out[$0] << 8 | out[$0 + 1] })
}

@Suite struct PNG16Tests {
  private let values: [Float] = [
    0, 1, 0.5, 1 / 65535, 65534.4 / 65535, 65534.6 / 65535, -1, 2, .nan, .infinity, 0.25, 0.1,
  ]
  private let numbers = [0, 65535, 32768, 1, 65534, 65535, 0, 65535, 0, 65535, 16384, 6554]

  @Test func gray() throws {
    let picture = try Picture(width: 4, height: 3, format: .grayFloat, values: values)
    let found = try samples(try picture.encodedPNG(bits: 16, provenance: nil))
    #expect(found.channels == 1 && found.samples == numbers)
  }

  @Test func color() throws {
    let rgb = try Picture(width: 2, height: 2, format: .rgbFloat, values: values)
    let found = try samples(try rgb.encodedPNG(bits: 16, provenance: nil))
    #expect(found.channels == 3 && found.samples == numbers)
    let bgr = try Picture(width: 2, height: 2, format: .bgrFloat, values: values)
    let swapped = stride(from: 0, to: 12, by: 3).flatMap { numbers[$0..<$0 + 3].reversed() }
    #expect(try samples(try bgr.encodedPNG(bits: 16, provenance: nil)).samples == swapped)
  }

  /// Large enough for every filter.
  @Test func gradients() throws {
    let (width, height) = (97, 61)
    let numbers = (0..<width * height * 3).map { ($0 * 37 + $0 / width * 1001) % 65536 }
    let picture = try Picture(
      width: width, height: height, format: .rgbFloat, values: numbers.map { Float($0) / 65535 })
    #expect(try samples(try picture.encodedPNG(bits: 16, provenance: nil)).samples == numbers)
  }

  @Test func eightBitsBecomeSixteen() throws {
    let picture = try Picture(width: 3, height: 1, format: .grayFloat, values: [0, 51 / 255, 1]).converted(to: .gray8)
    #expect(try samples(try picture.encodedPNG(bits: 16, provenance: nil)).samples == [0, 51 * 257, 65535])
  }

  @Test func provenanceIsTheSame() throws {
    let provenance = Provenance(sourceType: .trainedAlgorithmicMedia, creatorTool: "libliae 0.1.0")
    let picture = try Picture(width: 4, height: 3, format: .grayFloat, values: values)
    func text(_ bits: Int) throws -> [UInt8] {
      let file = try picture.encodedPNG(bits: bits, provenance: provenance).array
      let end = file.indices.first { file[$0...].starts(with: Array("IDAT".utf8)) } ?? 0
      return Array(file[33..<end - 4])
    }
    #expect(try text(8) == text(16) && text(16).count > 500)
  }

  @Test func otherDepths() throws {
    let picture = try Picture(width: 1, height: 1, format: .gray8)
    for bits in [0, 1, 4, 12, 32, -8] {
      #expect { _ = try picture.encodedPNG(bits: bits, provenance: nil) } throws: {
        ($0 as? LiaeError)?.status == .invalidArgument
      }
    }
  }
}
