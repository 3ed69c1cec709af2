// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeTensor

/// DeepFaceLab's aligned faces: JPEG files with a pickled dictionary as their APP15 segment, without any header of its own.
package enum FaceImage {
  /// What the face's metadata says, or nil where the JPEG has none ("not a DFL image").
  ///
  /// The last APP15 segment counts; the picture itself is not looked at. Nothing is executed. Keys that are not known
  /// are ignored.
  /// - Parameter name: how messages call the file.
  /// - Throws: `unknownFormat` where it is no JPEG, `unsafeFile` for a pickle that would call something, `corruptFile`,
  ///   `limitExceeded`, `unsupported`.
  package static func readMetadata(_ file: Bytes, name: String) throws(LiaeError) -> FaceMetadata? {
    let jpeg = try JPEGSegments(file, name: name)
    guard let payload = jpeg.segments.last(where: { $0.marker == JPEGSegments.app15 })?.payload else { return nil }
    let value = try PickleReader.parse(
      file, offset: payload.lowerBound, count: payload.count, name: name, allowing: .numpy)
    guard let pairs = value.pairs else {
      throw LiaeError(.corruptFile, "\(name): the metadata of a face is a dictionary, this one \(value.kind)")
    }
    if pairs.isEmpty { return nil }
    var reader = FaceReader(byteCount: payload.count, name: name)
    return try FaceMetadata(value, &reader)
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
    let found = try JPEGSegments(jpeg, name: name)
    if let obstacle = found.obstacle(in: jpeg) {
      throw LiaeError(.unsupported, "\(name): DeepFaceLab reads no JPEG with \(obstacle)")
    }
    let stream: PickleStream
    do throws(LiaeError) { stream = try PickleWriter.serialize(try metadata.pickled(), protocol: 4) } catch {
      throw error.within(name)
    }
    guard stream.byteCount <= JPEGSegments.capacity else {
      let mask = metadata.xsegMask.map { ", \($0.count) of them its mask" } ?? ""
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
    func appendHeader(_ marker: UInt8, _ count: Int) {
      let length = UInt16(count + 2)
      [0xff, marker, UInt8(length >> 8), UInt8(truncatingIfNeeded: length)].withUnsafeBytes(append)
    }
    append(UnsafeRawBufferPointer(rebasing: jpeg.raw[..<2]))
    for segment in kept[..<place] { append(UnsafeRawBufferPointer(rebasing: jpeg.raw[segment.whole])) }
    if let packet {
      appendHeader(JPEGSegments.app1, packet.count)
      packet.withUnsafeBytes(append)
    }
    appendHeader(JPEGSegments.app15, stream.byteCount)
    try stream.forEach { (part) throws(LiaeError) in append(part) }
    for segment in kept[place...] { append(UnsafeRawBufferPointer(rebasing: jpeg.raw[segment.whole])) }
    append(UnsafeRawBufferPointer(rebasing: jpeg.raw[found.scan...]))
    withExtendedLifetime(jpeg) {}
    return result
  }

  /// How Adobe's XMP specification, part 3, marks its APP1 segment.
  private static let xmpSignature = Array("http://ns.adobe.com/xap/1.0/\0".utf8)

  private static func isXMP(_ segment: JPEGSegments.Segment, in file: Bytes) -> Bool {
    segment.marker == JPEGSegments.app1 && file.raw[segment.payload].starts(with: xmpSignature)
  }

  private static func xmpPayload(_ text: String, _ name: String) throws(LiaeError) -> [UInt8] {
    let payload = xmpSignature + Array(text.utf8)
    guard payload.count <= JPEGSegments.capacity else {
      throw LiaeError(
        .limitExceeded,
        "\(name): an XMP packet of \(text.utf8.count) bytes; a JPEG segment holds \(JPEGSegments.capacity)")
    }
    return payload
  }
}
