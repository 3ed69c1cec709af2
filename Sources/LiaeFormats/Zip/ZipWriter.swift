// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeTensor

/// Writes a zip archive of stored entries whose content begins at multiples of 64, as PyTorch does, so that a reader
/// can map it.
package struct ZipWriter {
  private struct Entry {
    let name: String
    let content: PickleStream
    let checksum: UInt32
  }

  private var entries: [Entry] = []
  /// Sizes from here on are written in zip64 fields. Tests lower it.
  private let wideFrom: Int

  package init(wideFrom: Int = 0xffff_ffff) { self.wideFrom = wideFrom }

  /// Adds an entry; its checksum is computed now.
  package mutating func add(_ name: String, _ content: PickleStream) throws(LiaeError) {
    var sum = CRC32()
    try content.forEach { (part) throws(LiaeError) in sum.update(part) }
    entries.append(Entry(name: name, content: content, checksum: sum.value))
  }

  package mutating func add(_ name: String, _ bytes: [UInt8]) throws(LiaeError) {
    var content = PickleStream()
    content.append(bytes)
    try add(name, content)
  }

  package mutating func add(_ name: String, _ tensor: TensorView) throws(LiaeError) {
    var content = PickleStream()
    content.append(tensor)
    try add(name, content)
  }

  /// Writes the whole file or nothing.
  package func write(to path: String, replacing: Bool) throws(LiaeError) {
    try File.writeAtomically(path, replacing: replacing) { (writer) throws(LiaeError) in
      var position = 0
      var directory: [UInt8] = []
      for entry in entries {
        let header = localHeader(entry, at: position)
        try writer.write(header)
        try entry.content.write(to: writer)
        directory += directoryRecord(entry, at: position)
        position += header.count + entry.content.byteCount
      }
      try writer.write(directory + end(directoryOffset: position, size: directory.count))
    }
  }

  private func narrow(_ value: Int) -> UInt32 { value >= wideFrom ? .max : UInt32(truncatingIfNeeded: value) }

  /// Version 4.5 when zip64 is there, no flags, stored, no time but the first day that zip can name, checksum, sizes.
  private func common(_ entry: Entry, isWide: Bool) -> [UInt8] {
    var bytes: [UInt8] = []
    for value: UInt16 in [isWide ? 45 : 20, 0x0800, 0, 0, 0x21] { bytes.append(littleEndian: value) }
    bytes.append(littleEndian: entry.checksum)
    for _ in 0..<2 { bytes.append(littleEndian: narrow(entry.content.byteCount)) }
    bytes.append(littleEndian: UInt16(truncatingIfNeeded: entry.name.utf8.count))
    return bytes
  }

  private func wideField(_ values: [Int]) -> [UInt8] {
    if values.isEmpty { return [] }
    var bytes: [UInt8] = [1, 0]
    bytes.append(littleEndian: UInt16(8 * values.count))
    for value in values { bytes.append(littleEndian: UInt64(value)) }
    return bytes
  }

  private func localHeader(_ entry: Entry, at position: Int) -> [UInt8] {
    let size = entry.content.byteCount
    var extra = wideField(size >= wideFrom ? [size, size] : [])
    // The padding is an extra field of its own, called FB as PyTorch calls it.
    let unpadded = position + 30 + entry.name.utf8.count + extra.count + 4
    let padding = (64 - unpadded % 64) % 64
    extra += Array("FB".utf8)
    extra.append(littleEndian: UInt16(padding))
    extra += [UInt8](repeating: UInt8(ascii: "Z"), count: padding)
    var bytes: [UInt8] = ZipArchive.magic + common(entry, isWide: size >= wideFrom)
    bytes.append(littleEndian: UInt16(extra.count))
    return bytes + Array(entry.name.utf8) + extra
  }

  private func directoryRecord(_ entry: Entry, at position: Int) -> [UInt8] {
    let size = entry.content.byteCount
    let extra = wideField((size >= wideFrom ? [size, size] : []) + (position >= wideFrom ? [position] : []))
    var bytes: [UInt8] = [0x50, 0x4b, 0x01, 0x02]
    bytes.append(littleEndian: UInt16(extra.isEmpty ? 20 : 45))
    bytes += common(entry, isWide: !extra.isEmpty)
    bytes.append(littleEndian: UInt16(extra.count))
    bytes += [UInt8](repeating: 0, count: 10)  // comment, disk, attributes
    bytes.append(littleEndian: narrow(position))
    return bytes + Array(entry.name.utf8) + extra
  }

  private func end(directoryOffset: Int, size: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    if directoryOffset >= wideFrom || entries.count >= 0xffff {
      bytes += [0x50, 0x4b, 0x06, 0x06]
      bytes.append(littleEndian: UInt64(44))
      for value: UInt16 in [45, 45] { bytes.append(littleEndian: value) }
      bytes += [UInt8](repeating: 0, count: 8)  // disks
      for value in [entries.count, entries.count, size, directoryOffset] { bytes.append(littleEndian: UInt64(value)) }
      bytes += [0x50, 0x4b, 0x06, 0x07, 0, 0, 0, 0]
      bytes.append(littleEndian: UInt64(directoryOffset + size))
      bytes.append(littleEndian: UInt32(1))
    }
    bytes += [0x50, 0x4b, 0x05, 0x06, 0, 0, 0, 0]
    let count = UInt16(min(entries.count, 0xffff))
    for value in [count, count] { bytes.append(littleEndian: value) }
    bytes.append(littleEndian: UInt32(truncatingIfNeeded: size))
    bytes.append(littleEndian: narrow(directoryOffset))
    return bytes + [0, 0]
  }
}
