import LiaeFormats
// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeTensor
import Testing

/// A zip entry, every field of which can be a lie.
struct RawEntry {
  var name: String
  var localName: String
  var content: [UInt8]
  var method: UInt16 = 0
  var flags: UInt16 = 0
  var checksum: UInt32
  var size: UInt32
  var storedSize: UInt32
  var offset: UInt32?
  var extra: [UInt8] = []
  var signature: UInt32 = 0x0201_4b50

  init(_ name: String, _ content: [UInt8]) {
    (self.name, localName, self.content) = (name, name, content)
    checksum = content.withUnsafeBytes { CRC32.of($0) }
    size = UInt32(content.count)
    storedSize = size
  }
}

/// An archive of such entries, and its end record, which can lie too.
struct RawZip {
  var entries: [RawEntry]
  var count: UInt16?
  var directorySize: UInt32?
  var directoryOffset: UInt32?
  var disk: UInt16 = 0
  /// Bytes between the directory and the end record.
  var beforeEnd: [UInt8] = []

  init(_ entries: [RawEntry]) { self.entries = entries }

  var bytes: [UInt8] {
    var bytes: [UInt8] = []
    var directory: [UInt8] = []
    for entry in entries {
      let offset = UInt32(bytes.count)
      bytes.append(littleEndian: UInt32(0x0403_4b50))
      bytes += [20, 0]
      for value in [entry.flags, entry.method, 0, 0x21] { bytes.append(littleEndian: value) }
      for value in [entry.checksum, entry.storedSize, entry.size] { bytes.append(littleEndian: value) }
      bytes.append(littleEndian: UInt16(entry.localName.utf8.count))
      bytes += [0, 0] + Array(entry.localName.utf8) + entry.content

      directory.append(littleEndian: entry.signature)
      directory += [20, 0, 20, 0]
      for value in [entry.flags, entry.method, 0, 0x21] { directory.append(littleEndian: value) }
      for value in [entry.checksum, entry.storedSize, entry.size] { directory.append(littleEndian: value) }
      directory.append(littleEndian: UInt16(entry.name.utf8.count))
      directory.append(littleEndian: UInt16(entry.extra.count))
      directory += [UInt8](repeating: 0, count: 10)
      directory.append(littleEndian: entry.offset ?? offset)
      directory += Array(entry.name.utf8) + entry.extra
    }
    let offset = UInt32(bytes.count)
    bytes += directory + beforeEnd
    bytes.append(littleEndian: UInt32(0x0605_4b50))
    let count = count ?? UInt16(entries.count)
    for value in [disk, 0, count, count] { bytes.append(littleEndian: value) }
    bytes.append(littleEndian: directorySize ?? UInt32(directory.count))
    bytes.append(littleEndian: directoryOffset ?? offset)
    return bytes + [0, 0]
  }
}

private func refused(
  _ status: Status, _ words: String, sourceLocation: SourceLocation = #_sourceLocation,
  _ change: (inout RawZip) -> Void
) throws {
  var zip = RawZip([RawEntry("a/one", [1, 2, 3]), RawEntry("a/two", [UInt8](repeating: 5, count: 100))])
  change(&zip)
  let bytes = try Bytes.of(zip.bytes)
  expectRefusal(status, words, sourceLocation: sourceLocation) {
    let archive = try ZipArchive(bytes, name: "lie.pt")
    for entry in archive.entries { _ = try archive.contents(of: entry) }
  }
}

private func wide(_ values: [UInt64], length: UInt16? = nil) -> [UInt8] {
  var bytes: [UInt8] = [1, 0]
  bytes.append(littleEndian: length ?? UInt16(8 * values.count))
  for value in values { bytes.append(littleEndian: value) }
  return bytes
}

private func wideEnd(entries: UInt64, size: UInt64, offset: UInt64, record: UInt64) -> [UInt8] {
  var bytes: [UInt8] = [0x50, 0x4b, 6, 6] + [UInt8](repeating: 0, count: 20)
  for value in [entries, entries, size, offset] { bytes.append(littleEndian: value) }
  bytes += [0x50, 0x4b, 6, 7, 0, 0, 0, 0]
  bytes.append(littleEndian: record)
  return bytes + [1, 0, 0, 0]
}

@Suite struct ZipLies {
  @Test func theArchiveOfTheseTestsIsRead() throws {
    let archive = try ZipArchive(Bytes.of(RawZip([RawEntry("a", [1]), RawEntry("b", [])]).bytes), name: "fine")
    #expect(archive.entries.map(\.size) == [1, 0])
  }
  @Test func zipBomb() throws {
    // 100 bytes that claim to inflate to 4 GB.
    try refused(.unsupported, "a/two is compressed (method 8)") { zip in
      zip.entries[1].method = 8
      zip.entries[1].size = 0xffff_fff0
    }
  }
  @Test func sizeThatIsNotTheStoredOne() throws {
    try refused(.corruptFile, "claims 4000000000") { $0.entries[1].size = 4_000_000_000 }
  }
  @Test func encrypted() throws { try refused(.unsupported, "encrypted") { $0.entries[0].flags = 1 } }
  @Test func wrongChecksum() throws {
    try refused(.corruptFile, "a/one does not match its checksum") { $0.entries[0].checksum ^= 1 }
  }
  @Test func entriesOverlap() throws {
    try refused(.corruptFile, "overlaps a/one") { zip in
      zip.entries[1].offset = 0
      zip.entries[1].localName = "a/one"
    }
  }
  @Test func entryReachesIntoTheNext() throws {
    try refused(.corruptFile, "overlaps a/one") { zip in
      zip.entries[0].size = 20
      zip.entries[0].storedSize = 20
    }
  }
  @Test func entryReachesIntoTheDirectory() throws {
    try refused(.corruptFile, "a/two") { zip in
      zip.entries[1].size = 101
      zip.entries[1].storedSize = 101
    }
  }
  @Test func entryOfFourGigabytes() throws {
    try refused(.corruptFile, "a/two") { zip in
      zip.entries[1].size = 0xffff_fffe
      zip.entries[1].storedSize = 0xffff_fffe
    }
  }
  @Test func entryBehindTheFile() throws { try refused(.corruptFile, "a/two") { $0.entries[1].offset = 0x7fff_ffff } }
  @Test func entryWhereNoneIs() throws {
    try refused(.corruptFile, "no zip entry at byte 1") { $0.entries[0].offset = 1 }
  }
  @Test func anotherNameInItsOwnHeader() throws {
    try refused(.corruptFile, "another name") { $0.entries[0].localName = "b/one" }
  }
  @Test func nameTwice() throws {
    try refused(.corruptFile, "stands twice") { zip in
      zip.entries[1].name = "a/one"
      zip.entries[1].localName = "a/one"
    }
  }
  @Test func fewerEntriesThanTheDirectory() throws { try refused(.corruptFile, "left over") { $0.count = 1 } }
  @Test func moreEntriesThanTheDirectory() throws { try refused(.corruptFile, "zip directory") { $0.count = 60000 } }
  @Test func brokenDirectoryEntry() throws { try refused(.corruptFile, "no zip entry") { $0.entries[1].signature = 7 } }
  @Test func directoryOutsideTheFile() throws {
    try refused(.corruptFile, "reaches past") { $0.directoryOffset = 0xffff_fff0 }
    try refused(.corruptFile, "reaches past") { $0.directorySize = 0xffff_fff0 }
  }
  @Test func directoryElsewhere() throws { try refused(.corruptFile, "no zip entry") { $0.directoryOffset = 0 } }
  @Test func severalParts() throws { try refused(.unsupported, "several parts") { $0.disk = 3 } }
  @Test func noDirectory() throws {
    let bytes = try Bytes.of(ZipArchive.magic + [UInt8](repeating: 0, count: 100))
    expectRefusal(.corruptFile, "without its directory") { _ = try ZipArchive(bytes, name: "lie") }
  }

  @Test func zip64FieldMissing() throws { try refused(.corruptFile, "64-bit sizes") { $0.entries[1].size = .max } }
  @Test func zip64FieldTooShort() throws {
    try refused(.corruptFile, "a/two") { zip in
      zip.entries[1].size = .max
      zip.entries[1].extra = wide([], length: 0)
    }
    try refused(.corruptFile, "extra field") { zip in
      zip.entries[1].size = .max
      zip.entries[1].extra = wide([1], length: 40000)
    }
  }
  @Test func zip64SizeOfAllOnes() throws {
    try refused(.corruptFile, "a/two") { zip in
      zip.entries[1].size = .max
      zip.entries[1].storedSize = .max
      zip.entries[1].extra = wide([.max, .max])
    }
  }
  @Test func zip64SizeOfExabytes() throws {
    try refused(.corruptFile, "a/two") { zip in
      zip.entries[1].size = .max
      zip.entries[1].storedSize = .max
      zip.entries[1].extra = wide([UInt64(Int64.max), UInt64(Int64.max)])
    }
  }
  @Test func zip64OffsetOfExabytes() throws {
    try refused(.corruptFile, "a/two") { zip in
      zip.entries[1].offset = .max
      zip.entries[1].extra = wide([UInt64(Int64.max)])
    }
  }
  @Test func zip64DirectoryElsewhere() throws {
    for record in [0, 1 << 40, UInt64(Int64.max), .max] {
      try refused(.corruptFile, "zip64 directory") {
        $0.beforeEnd = wideEnd(entries: 2, size: 0, offset: 0, record: record)
      }
    }
  }
  @Test func zip64DirectoryOfExabytes() throws {
    var zip = RawZip([RawEntry("a", [1])])
    let start = UInt64(zip.bytes.count - 22)
    for (entries, size, offset) in [(1, UInt64(Int64.max), 5), (1, 5, UInt64(Int64.max)), (.max, 51, 0)]
      as [(UInt64, UInt64, UInt64)]
    {
      zip.beforeEnd = wideEnd(entries: entries, size: size, offset: offset, record: start)
      let bytes = try Bytes.of(zip.bytes)
      expectRefusal(.corruptFile, "zip") { _ = try ZipArchive(bytes, name: "lie") }
    }
    zip.beforeEnd = wideEnd(entries: 1 << 40, size: 47, offset: start - 47, record: start)
    let bytes = try Bytes.of(zip.bytes)
    expectRefusal(.limitExceeded, "zip entries") { _ = try ZipArchive(bytes, name: "lie") }
  }
}
