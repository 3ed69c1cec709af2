// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeTensor

/// DeepFaceLab's aligned faces: JPEG files with a pickled dictionary as their APP15 segment, without any header of its own.
/// Versions up to March 2020 wrote PNG files with the same dictionary as a chunk, which are read too.
package enum FaceImage {
  /// Returns the face's metadata, or nil where the picture has none ("not a DFL image").
  ///
  /// The last APP15 segment, or the last chunk `fcWp` or `dFLd`, counts; the picture itself is not looked at. Nothing is executed. Keys that are not known
  /// are ignored.
  /// - Parameter name: how messages call the file.
  /// - Throws: `unknownFormat` where it is neither a JPEG nor a PNG, `unsafeFile` for a pickle that would call something, `corruptFile`,
  ///   `limitExceeded`, `unsupported`.
  package static func readMetadata(_ file: Bytes, name: String) throws(LiaeError) -> FaceMetadata? {
    guard let payload = try metadata(in: file, name: name) else { return nil }
    let value = try PickleReader.parse(
      file, offset: payload.lowerBound, count: payload.count, name: name, allowing: .numpy)
    guard let pairs = value.pairs else {
      throw LiaeError(.corruptFile, "\(name): the metadata of a face is a dictionary, this one \(value.kind)")
    }
    if pairs.isEmpty { return nil }
    var reader = FaceReader(byteCount: payload.count, name: name)
    return try FaceMetadata(value, &reader)
  }

  /// Returns the place of a face's metadata in its file; nil: nowhere.
  private static func metadata(in file: Bytes, name: String) throws(LiaeError) -> Range<Int>? {
    if file.starts(with: PNGChunks.signature) {
      return try PNGChunks(file, name: name).chunks.last { pngKinds.contains($0.kind) }?.payload
    }
    guard file.starts(with: JPEGSegments.signature) else {
      throw LiaeError(.unknownFormat, "\(name): no JPEG or PNG file: it begins with neither ff d8 ff nor 89 50 4e 47")
    }
    return try JPEGSegments(file, name: name).segments.last { $0.marker == JPEGSegments.app15 }?.payload
  }

  /// The chunks in which PNG faces have their metadata: DeepFaceLab's, and that of tools which followed it.
  private static let pngKinds = ["fcWp", "dFLd"]

  /// Width and height as the picture's header says; nil where it has none.
  ///
  /// - Throws: `unknownFormat`, `corruptFile`, `limitExceeded`.
  static func size(of file: Bytes, name: String) throws(LiaeError) -> (width: Int, height: Int)? {
    if file.starts(with: PNGChunks.signature) { return try PNGChunks(file, name: name).size(in: file) }
    return try JPEGSegments(file, name: name).size(in: file).map { ($0.width, $0.height) }
  }

  /// The JPEG with this metadata, behind the last APPn segment, where DeepFaceLab puts it; what was there is replaced.
  ///
  /// - Parameters:
  ///   - jpeg: a file that DeepFaceLab's parser accepts, as `Picture.encodedJPEG` makes it; its picture stays as it is.
  ///   - name: how messages call the file.
  ///   - xmp: an XMP packet for an APP1 segment, in place of the one that is there; nil leaves that.
  /// - Throws: `limitExceeded` where metadata or packet do not fit in a segment, `invalidArgument` for metadata that no
  ///   reader takes, `unsupported` for a JPEG that DeepFaceLab does not read, and what `readMetadata` throws.
  package static func embed(
    _ metadata: FaceMetadata, in jpeg: Bytes, name: String, xmp: String?
  ) throws(LiaeError) -> Bytes {
    let value: PickleValue
    do throws(LiaeError) { value = try metadata.pickled() } catch { throw error.within(name) }
    return try embed(value, maskBytes: metadata.xsegMask?.count, in: jpeg, name: name, xmp: xmp)
  }

  /// The JPEG with another mask among its metadata, or without one. All other entries stay, also those that this library
  /// has no use for; as in DeepFaceLab, entries that are None go.
  ///
  /// - Parameter mask: a PNG or JPEG file, gray; nil: none.
  /// - Throws: `corruptFile` for a picture without metadata; as `embed`.
  package static func replacingMask(_ mask: Bytes?, in jpeg: Bytes, name: String) throws(LiaeError) -> Bytes {
    guard jpeg.starts(with: JPEGSegments.signature) else {
      throw LiaeError(.unsupported, "\(name): no JPEG file; DeepFaceLab keeps masks in those alone")
    }
    guard let payload = try metadata(in: jpeg, name: name) else {
      throw LiaeError(.corruptFile, "\(name): a picture without the metadata of a face")
    }
    let old = try PickleReader.parse(
      jpeg, offset: payload.lowerBound, count: payload.count, name: name, allowing: .numpy)
    guard var pairs = old.pairs else {
      throw LiaeError(.corruptFile, "\(name): the metadata of a face is a dictionary, this one \(old.kind)")
    }
    pairs.removeAll { pair in
      if case .none = pair.value { return true }
      return pair.key.stringValue == FaceMetadata.maskKey
    }
    if let mask { pairs.append((.string(FaceMetadata.maskKey), try FaceMetadata.pickled(file: mask))) }
    return try embed(.dictionary(pairs), maskBytes: mask?.count, in: jpeg, name: name, xmp: nil)
  }

  /// - Parameter maskBytes: what of the metadata is a mask, for messages.
  private static func embed(
    _ metadata: PickleValue, maskBytes: Int?, in jpeg: Bytes, name: String, xmp: String?
  ) throws(LiaeError) -> Bytes {
    let found = try JPEGSegments(jpeg, name: name)
    if let obstacle = found.obstacle(in: jpeg) {
      throw LiaeError(.unsupported, "\(name): DeepFaceLab reads no JPEG with \(obstacle)")
    }
    let stream: PickleStream
    do throws(LiaeError) { stream = try PickleWriter.serialize(metadata, protocol: 4) } catch {
      throw error.within(name)
    }
    guard stream.byteCount <= JPEGSegments.capacity else {
      let mask = maskBytes.map { ", \($0) of them its mask" } ?? ""
      throw LiaeError(
        .limitExceeded,
        "\(name): the metadata takes \(stream.byteCount) bytes\(mask); a JPEG segment holds \(JPEGSegments.capacity)")
    }
    let packet = try xmp.map { (text) throws(LiaeError) in try xmpPayload(text, name) }
    let kept = found.segments.filter { segment in
      segment.marker != JPEGSegments.app15 && !(packet != nil && isXMP(segment, in: jpeg))
    }
    // Behind the last APPn, or first of all.
    let place = 1 + (kept.lastIndex { (JPEGSegments.app0...JPEGSegments.app15).contains($0.marker) } ?? -1)
    let added = 4 + stream.byteCount + (packet.map { 4 + $0.count } ?? 0)
    let result = try Bytes.allocate(
      2 + kept.reduce(0) { $0 + $1.whole.count } + added + jpeg.count - found.scan, for: "a JPEG file")
    var end = result.base
    func append(_ bytes: UnsafeRawBufferPointer) {
      if let base = bytes.baseAddress { end.copyMemory(from: base, byteCount: bytes.count) }
      end += bytes.count
    }
    append(UnsafeRawBufferPointer(rebasing: jpeg.raw[..<2]))
    for segment in kept[..<place] { append(UnsafeRawBufferPointer(rebasing: jpeg.raw[segment.whole])) }
    if let packet {
      JPEGSegments.header(JPEGSegments.app1, packet.count).withUnsafeBytes(append)
      packet.withUnsafeBytes(append)
    }
    JPEGSegments.header(JPEGSegments.app15, stream.byteCount).withUnsafeBytes(append)
    try stream.forEach { (part) throws(LiaeError) in append(part) }
    for segment in kept[place...] { append(UnsafeRawBufferPointer(rebasing: jpeg.raw[segment.whole])) }
    append(UnsafeRawBufferPointer(rebasing: jpeg.raw[found.scan...]))
    withExtendedLifetime(jpeg) {}
    return result
  }

  private static func isXMP(_ segment: JPEGSegments.Segment, in file: Bytes) -> Bool {
    segment.marker == JPEGSegments.app1 && file.raw[segment.payload].starts(with: JPEGSegments.xmpSignature)
  }

  private static func xmpPayload(_ text: String, _ name: String) throws(LiaeError) -> [UInt8] {
    let payload = JPEGSegments.xmpSignature + Array(text.utf8)
    guard payload.count <= JPEGSegments.capacity else {
      throw LiaeError(
        .limitExceeded,
        "\(name): an XMP packet of \(text.utf8.count) bytes; a JPEG segment holds \(JPEGSegments.capacity)")
    }
    return payload
  }
}
