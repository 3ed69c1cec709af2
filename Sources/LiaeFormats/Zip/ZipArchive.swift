// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeTensor

/// A zip archive whose entries are stored, not compressed, as PyTorch and numpy's `savez` write them.
///
/// Source: PKWARE APPNOTE 6.3. Zip64 is read. What the central directory says is checked against the local headers, and
/// entries may not overlap, so that no byte of the file can be counted twice.
package struct ZipArchive: Sendable {
  package struct Entry: Sendable {
    package let name: String
    /// 0 is stored, 8 is deflated.
    package let method: Int
    package let checksum: UInt32
    /// The size of the content, uncompressed.
    package let size: Int
    let storedSize: Int
    let headerOffset: Int
    let isEncrypted: Bool
    /// The place where the entry's bytes begin.
    package fileprivate(set) var dataOffset = 0
  }

  /// The entries in the order of the central directory.
  package private(set) var entries: [Entry] = []
  private let bytes: Bytes
  private let name: String
  private var indices: [String: Int] = [:]

  /// The first bytes of an archive that has entries.
  package static let magic: [UInt8] = [0x50, 0x4b, 0x03, 0x04]

  /// - Parameter name: how messages call the file.
  /// - Throws: `corruptFile`, `limitExceeded`, `unsupported` for an archive in several parts.
  package init(_ bytes: Bytes, name: String) throws(LiaeError) {
    (self.bytes, self.name) = (bytes, name)
    let directory = try ZipDirectory.find(in: bytes, name: name)
    var reader = try ByteReader(bytes, offset: directory.offset, count: directory.size, name: name)
    // Every entry takes at least 46 bytes, so that the count cannot reserve more than the file has.
    guard directory.entries <= FormatLimits.zipEntries else {
      throw LiaeError(
        .limitExceeded, "\(name): \(directory.entries) zip entries; at most \(FormatLimits.zipEntries) are read")
    }
    for _ in 0..<directory.entries {
      try CallScope.check()
      let entry = try Self.readEntry(&reader)
      guard indices.updateValue(entries.count, forKey: entry.name) == nil else {
        throw reader.corrupt("the zip entry \(entry.name) stands twice")
      }
      entries.append(entry)
    }
    guard reader.remaining == 0 else {
      throw reader.corrupt("\(reader.remaining) bytes are left over in the zip directory")
    }
    try locateData(before: directory.offset)
  }

  package subscript(entryName: String) -> Entry? { indices[entryName].map { entries[$0] } }

  private static func readEntry(_ reader: inout ByteReader) throws(LiaeError) -> Entry {
    guard try reader.integer(UInt32.self, "the zip directory") == 0x0201_4b50 else {
      throw reader.corrupt("no zip entry at byte \(reader.position - 4), where the directory has one")
    }
    _ = try reader.take(4, "a zip entry")  // versions
    let flags = try reader.integer(UInt16.self, "a zip entry")
    let method = try reader.integer(UInt16.self, "a zip entry")
    _ = try reader.take(4, "a zip entry")  // time and date
    let checksum = try reader.integer(UInt32.self, "a zip entry")
    let storedSize = try reader.integer(UInt32.self, "a zip entry")
    let size = try reader.integer(UInt32.self, "a zip entry")
    let nameLength = Int(try reader.integer(UInt16.self, "a zip entry"))
    let extraLength = Int(try reader.integer(UInt16.self, "a zip entry"))
    let commentLength = Int(try reader.integer(UInt16.self, "a zip entry"))
    _ = try reader.take(8, "a zip entry")  // disk and attributes
    let headerOffset = try reader.integer(UInt32.self, "a zip entry")
    let name = try reader.text(nameLength, "the name of a zip entry")
    let extraStart = try reader.take(extraLength, "the zip entry \(name)")
    _ = try reader.take(commentLength, "the comment of the zip entry \(name)")

    // The zip64 field holds, in this order, those of the three that did not fit.
    var wide = try zip64Field(of: reader, start: extraStart, count: extraLength)
    func widened(_ value: UInt32) throws(LiaeError) -> Int {
      guard value == .max else { return Int(value) }
      guard wide != nil else { throw reader.corrupt("the zip entry \(name) lacks its 64-bit sizes") }
      return try wide?.size("the zip entry \(name)") ?? 0
    }
    let fullSize = try widened(size)
    let fullStoredSize = try widened(storedSize)
    return Entry(
      name: name, method: Int(method), checksum: checksum, size: fullSize, storedSize: fullStoredSize,
      headerOffset: try widened(headerOffset), isEncrypted: flags & 1 != 0)
  }

  /// The content of extra field 1, or nil.
  private static func zip64Field(of reader: ByteReader, start: Int, count: Int) throws(LiaeError) -> ByteReader? {
    var extra = try ByteReader(reader.bytes, offset: start, count: count, name: reader.name)
    while extra.remaining >= 4 {
      let kind = try extra.integer(UInt16.self, "an extra field")
      let length = Int(try extra.integer(UInt16.self, "an extra field"))
      let content = try extra.take(length, "an extra field of a zip entry")
      if kind == 1 { return try ByteReader(reader.bytes, offset: content, count: length, name: reader.name) }
    }
    return nil
  }

  /// Reads the local headers, and checks that the entries follow each other and end before the directory.
  private mutating func locateData(before directory: Int) throws(LiaeError) {
    var position = 0
    var previous = "the beginning"
    for index in entries.indices.sorted(by: { entries[$0].headerOffset < entries[$1].headerOffset }) {
      let entry = entries[index]
      guard entry.headerOffset >= position, entry.headerOffset <= directory else {
        throw LiaeError(
          .corruptFile,
          "\(name): the zip entry \(entry.name) at byte \(entry.headerOffset) overlaps \(previous), "
            + "which ends at byte \(position), or the directory at byte \(directory)")
      }
      var reader = try ByteReader(
        bytes, offset: entry.headerOffset, count: directory - entry.headerOffset, name: name)
      guard try reader.integer(UInt32.self, "the zip entry \(entry.name)") == 0x0403_4b50 else {
        throw reader.corrupt("no zip entry at byte \(entry.headerOffset), where the directory has \(entry.name)")
      }
      _ = try reader.take(22, "the zip entry \(entry.name)")  // versions to sizes, as in the directory
      let nameLength = Int(try reader.integer(UInt16.self, "the zip entry \(entry.name)"))
      let extraLength = Int(try reader.integer(UInt16.self, "the zip entry \(entry.name)"))
      guard try reader.text(nameLength, "the zip entry \(entry.name)") == entry.name else {
        throw reader.corrupt("the zip entry \(entry.name) has another name in its own header")
      }
      _ = try reader.take(extraLength, "the zip entry \(entry.name)")
      entries[index].dataOffset = reader.position
      _ = try reader.take(entry.storedSize, "the zip entry \(entry.name)")
      position = reader.position
      previous = entry.name
    }
  }

  /// The bytes of an entry, as a view.
  ///
  /// - Parameter verifying: whether to compare their checksum, which reads all of them.
  /// - Throws: `unsupported` for a compressed or encrypted entry, `corruptFile` for a wrong checksum.
  package func contents(of entry: Entry, verifying: Bool = true) throws(LiaeError) -> TensorView {
    guard entry.method == 0, !entry.isEncrypted else {
      let how = entry.isEncrypted ? "encrypted" : "compressed (method \(entry.method))"
      throw LiaeError(
        .unsupported,
        "\(name): the zip entry \(entry.name) is \(how); only stored entries are read: save it again uncompressed")
    }
    guard entry.storedSize == entry.size else {
      throw LiaeError(
        .corruptFile,
        "\(name): the zip entry \(entry.name) is stored in \(entry.storedSize) bytes and claims \(entry.size)")
    }
    let view = try TensorView(dtype: .uint8, shape: [entry.size], storage: bytes, offset: entry.dataOffset)
    guard !verifying || withExtendedLifetime(view, { CRC32.of(view.raw) }) == entry.checksum else {
      throw LiaeError(.corruptFile, "\(name): the zip entry \(entry.name) does not match its checksum: it is damaged")
    }
    return view
  }
}

/// The place of the central directory of an archive.
struct ZipDirectory {
  let offset: Int
  let size: Int
  let entries: Int

  private static let endLength = 22

  /// Finds the record at the end of the file, which a comment of at most 65535 bytes may follow.
  static func find(in bytes: Bytes, name: String) throws(LiaeError) -> ZipDirectory {
    func corrupt(_ message: String) -> LiaeError { LiaeError(.corruptFile, "\(name): \(message)") }
    var position = bytes.count - endLength
    let lowest = max(0, position - 0xffff)
    let signature: [UInt8] = [0x50, 0x4b, 0x05, 0x06]
    while position >= lowest {
      if bytes.raw[position] == signature[0], bytes.starts(with: signature, at: position),
        Int(bytes.raw[position + 20]) | Int(bytes.raw[position + 21]) << 8 == bytes.count - endLength - position
      {
        break
      }
      position -= 1
    }
    guard position >= lowest, position >= 0 else {
      throw corrupt("a zip archive without its directory at the end: truncated?")
    }
    var reader = try ByteReader(bytes, offset: position + 4, name: name)
    let disk = try reader.integer(UInt16.self, "the zip directory")
    _ = try reader.take(4, "the zip directory")  // disk of the directory, entries on this disk
    var entries = Int(try reader.integer(UInt16.self, "the zip directory"))
    var size = Int(try reader.integer(UInt32.self, "the zip directory"))
    var offset = Int(try reader.integer(UInt32.self, "the zip directory"))
    guard disk == 0 || disk == 0xffff else {
      throw LiaeError(.unsupported, "\(name): a zip archive in several parts")
    }
    var end = position
    if bytes.starts(with: [0x50, 0x4b, 0x06, 0x07], at: position - 20) {
      var locator = try ByteReader(bytes, offset: position - 12, name: name)
      let record = try locator.size("the zip64 directory")
      guard record <= position - 20, bytes.starts(with: [0x50, 0x4b, 0x06, 0x06], at: record) else {
        throw corrupt("its zip64 directory is not at byte \(record), where it should be")
      }
      var wide = try ByteReader(bytes, offset: record, count: position - 20 - record, name: name)
      _ = try wide.take(32, "the zip64 directory")  // signature to entries on this disk
      entries = try wide.size("the zip64 directory")
      size = try wide.size("the zip64 directory")
      offset = try wide.size("the zip64 directory")
      end = record
    }
    guard let directoryEnd = CheckedSize.sum(offset, size), directoryEnd <= end else {
      throw corrupt("its zip directory of \(size) bytes at byte \(offset) reaches past its place before byte \(end)")
    }
    return ZipDirectory(offset: offset, size: size, entries: entries)
  }
}
