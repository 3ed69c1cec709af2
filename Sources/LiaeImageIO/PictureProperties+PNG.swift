// SPDX-License-Identifier: Apache-2.0
import CLiaeImage
import LiaeFormats
import LiaeSystem

extension PictureProperties {
  /// Chunks that are true of any picture of the same size and colours.
  private static let kept: Set<String> = [
    "cICP", "sRGB", "gAMA", "cHRM", "mDCV", "cLLI", "pHYs", "tEXt", "zTXt", "iTXt",
  ]
  /// Chunks of the picture itself.
  private static let ofPixels: Set<String> = ["IHDR", "PLTE", "tRNS", "IDAT", "IEND"]
  /// Bytes of a profile; the largest that are in use have some megabytes.
  private static let largestProfile = 16 << 20

  static func readPNG(_ file: Bytes, name: String) throws(LiaeError) -> (PictureProperties, orientation: Int) {
    var (result, orientation) = (PictureProperties(), 1)
    for chunk in try PNGChunks(file, name: name).chunks where !ofPixels.contains(chunk.kind) {
      let data = UnsafeRawBufferPointer(rebasing: file.raw[chunk.payload])
      let whole = PNGProperty(
        kind: chunk.kind, whole: Bytes.slice(file, offset: chunk.whole.lowerBound, count: chunk.whole.count))
      switch chunk.kind {
      case "eXIf": orientation = try result.take(exif: data)
      case "iCCP":
        if let profile = try profile(data) {
          result.profile = profile
          result.chunks.append(whole)
        } else {
          result.leftBehind.append("a damaged ICC profile")
        }
      case "iTXt" where data.starts(with: "XML:com.adobe.xmp\0".utf8): result.leftBehind.append("XMP")
      case "tEXt" where data.starts(with: "Software\0".utf8): break
      case let kind where kept.contains(kind):
        if kind == "pHYs" { result.density = density(data) }
        result.chunks.append(whole)
      default: result.leftBehind.append(chunk.kind)
      }
    }
    return (result, orientation)
  }

  /// Pixels of an inch; nil where the chunk gives a ratio alone.
  private static func density(_ data: UnsafeRawBufferPointer) -> (x: Double, y: Double)? {
    guard data.count == 9, data[8] == 1 else { return nil }
    func number(_ at: Int) -> Double { (0..<4).reduce(0) { $0 * 256 + Double(data[at + $1]) } }
    return (number(0) * 0.0254, number(4) * 0.0254)
  }

  /// The profile of an `iCCP` chunk: a name, a zero, the method 0, zlib's stream.
  private static func profile(_ data: UnsafeRawBufferPointer) throws(LiaeError) -> Bytes? {
    guard let zero = data.prefix(80).firstIndex(of: 0), zero + 2 < data.count, data[zero + 1] == 0 else { return nil }
    let stream = UnsafeRawBufferPointer(rebasing: data[(zero + 2)...])
    var (count, result) = (0, nil as UnsafeMutablePointer<UInt8>?)
    defer { liae_image_free(result) }
    let status = liae_image_inflate(
      stream.baseAddress?.assumingMemoryBound(to: UInt8.self), stream.count, largestProfile, &result, &count)
    switch Int(status) {
    case LIAE_IMAGE_OK:
      return try Bytes.copy(UnsafeRawBufferPointer(start: result, count: count), for: "an ICC profile")
    case LIAE_IMAGE_OUT_OF_MEMORY: throw LiaeError(.outOfMemory, "out of memory: an ICC profile")
    default: return nil
    }
  }

  /// A PNG file with these properties, behind its header.
  ///
  /// - Parameter png: as our encoder makes it.
  func added(toPNG png: Bytes) throws(LiaeError) -> Bytes {
    var added = chunks
    if let profile, !chunks.contains(where: { $0.kind == "iCCP" }) { added.append(try compressed(profile)) }
    if let density, !chunks.contains(where: { $0.kind == "pHYs" }) {
      func number(_ perInch: Double) -> UInt32 { UInt32(min(max(perInch / 0.0254, 0), 2e9).rounded()).bigEndian }
      let data = (number(density.x), number(density.y), UInt8(1))
      added.append(
        try withUnsafeBytes(of: data) { (bytes) throws(LiaeError) in
          try PNGProperty(kind: "pHYs", [UnsafeRawBufferPointer(rebasing: bytes[..<9])])
        })
    }
    if let exif { added.append(try PNGProperty(kind: "eXIf", [exif.raw])) }
    guard !added.isEmpty else { return png }
    let header = PNGChunks.signature.count + 25
    defer { withExtendedLifetime((png, added, exif)) {} }
    return try .joined(
      [UnsafeRawBufferPointer(rebasing: png.raw[..<header])] + added.map(\.whole.raw)
        + [UnsafeRawBufferPointer(rebasing: png.raw[header...])], for: "a PNG file")
  }

  private func compressed(_ profile: Bytes) throws(LiaeError) -> PNGProperty {
    var (count, stream) = (0, nil as UnsafeMutablePointer<UInt8>?)
    defer {
      liae_image_free(stream)
      withExtendedLifetime(profile) {}
    }
    let data = UnsafePointer(profile.base.assumingMemoryBound(to: UInt8.self))
    guard Int(liae_image_deflate(data, profile.count, &stream, &count)) == LIAE_IMAGE_OK else {
      throw LiaeError(.outOfMemory, "out of memory: an ICC profile of \(profile.count) bytes")
    }
    let body = UnsafeRawBufferPointer(start: stream, count: count)
    // A name that any reader takes, its zero, and the method.
    return try Array("ICC profile\0\0".utf8).withUnsafeBufferPointer { (name) throws(LiaeError) in
      try PNGProperty(kind: "iCCP", [UnsafeRawBufferPointer(name), body])
    }
  }
}
