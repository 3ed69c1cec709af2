// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeTensor

/// The checksum of a part of packed weights: XXH64 of the XXH64s, little-endian, of its blocks of 1 MiB, of which the last
/// may be shorter. Threads share the blocks.
package enum PartChecksum {
  static let blockBytes = 1 << 20

  static func blocks(_ count: Int) -> Int { (count + blockBytes - 1) / blockBytes }

  static func block(_ index: Int, of bytes: Bytes) -> UInt64 {
    let start = index * blockBytes
    return XXH64.hash(
      UnsafeRawBufferPointer(start: bytes.base + start, count: min(blockBytes, bytes.count - start)))
  }

  /// - Throws: `outOfMemory`.
  package static func of(_ bytes: Bytes) throws(LiaeError) -> UInt64 {
    let sums = try Bytes.allocate(8 * blocks(bytes.count), for: "checksums")
    defer { withExtendedLifetime((bytes, sums)) {} }
    for index in 0..<blocks(bytes.count) {
      sums.base.storeBytes(of: block(index, of: bytes).littleEndian, toByteOffset: 8 * index, as: UInt64.self)
    }
    return XXH64.hash(sums.raw)
  }
}

/// Compares weights out of a file with their checksums, each part before it is first used. Of a plan; any thread.
package final class WeightCheck: @unchecked Sendable {
  package struct Part: Sendable {
    let name: String
    let bytes: Bytes
    let checksum: UInt64

    package init(name: String, bytes: Bytes, checksum: UInt64) {
      (self.name, self.bytes, self.checksum) = (name, bytes, checksum)
    }
  }

  private let file: String
  private let parts: [Part]
  private let places: [String: Int]
  private let makeAnew: (@Sendable () throws(LiaeError) -> [WeightPart])?
  private let monitor = Monitor()
  /// The state of each part; under the lock.
  private var isSound: [Bool]
  /// Sums of the blocks of one part; under the lock.
  private let sums: Bytes

  /// - Parameters:
  ///   - file: the name in messages.
  ///   - isSound: whether the parts were compared already.
  ///   - makeAnew: packs the same weights again, where their checkpoint is at hand.
  /// - Throws: `outOfMemory`.
  package init(
    file: String, parts: [Part], isSound: Bool, makeAnew: (@Sendable () throws(LiaeError) -> [WeightPart])?
  ) throws(LiaeError) {
    (self.file, self.parts, self.makeAnew) = (file, parts, makeAnew)
    places = Dictionary(parts.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
    self.isSound = [Bool](repeating: isSound, count: parts.count)
    let largest = parts.map(\.bytes.count).max() ?? 0
    sums = try Bytes.allocate(8 * PartChecksum.blocks(largest), for: "checksums")
  }

  /// The parts of layers.
  func parts(of layers: [String]) -> [Int] {
    layers.flatMap { layer in ["bias", "weight"].compactMap { places["\(layer).\($0)"] } }
  }

  /// Compares those parts that nobody has compared yet. Allocates nothing where they are sound.
  ///
  /// - Throws: `corruptFile` naming the first damaged part, unless it could be made anew.
  func require(_ wanted: [Int], _ pool: ThreadPool) throws(LiaeError) {
    // A closure that returned it would have the runtime make its type's metadata, in the first run.
    var failure: LiaeError?
    monitor.locked {
      do throws(LiaeError) { try compare(wanted, pool) } catch { failure = error }
    }
    if let failure { throw failure }
  }

  private func compare(_ wanted: [Int], _ pool: ThreadPool) throws(LiaeError) {
    for place in wanted where !isSound[place] {
      guard try checksum(parts[place].bytes, pool) == parts[place].checksum else { return try repair(place, pool) }
      isSound[place] = true
    }
  }

  /// - Throws: `cancelled`, `threadFailure` where blocks were left out, whose sums say nothing then.
  private func checksum(_ bytes: Bytes, _ pool: ThreadPool) throws(LiaeError) -> UInt64 {
    let count = PartChecksum.blocks(bytes.count)
    var job = Job(bytes: bytes, sums: sums.base.assumingMemoryBound(to: UInt64.self))
    withUnsafeMutablePointer(to: &job) { job in
      pool.run(count, UnsafeMutableRawPointer(job)) { raw, index, _ in
        let job = raw.assumingMemoryBound(to: Job.self)
        job.pointee.sums[index] = PartChecksum.block(index, of: job.pointee.bytes).littleEndian
      }
    }
    try CallScope.check()
    try pool.check()
    return XXH64.hash(UnsafeRawBufferPointer(start: sums.base, count: 8 * count))
  }

  private struct Job {
    let bytes: Bytes
    let sums: UnsafeMutablePointer<UInt64>
  }

  /// Puts fresh weights in place of every damaged part. Parts that were found sound may be in use and are left alone.
  private func repair(_ damaged: Int, _ pool: ThreadPool) throws(LiaeError) {
    let what = "\(file): packed weights \(parts[damaged].name) are damaged: their checksum is another"
    guard let makeAnew else {
      throw LiaeError(.corruptFile, "\(what); pack the checkpoint again (liae-infer pack, liae_model_save_packed)")
    }
    let fresh: [WeightPart]
    do throws(LiaeError) { fresh = try makeAnew() } catch {
      throw LiaeError(.corruptFile, "\(what), and they cannot be packed anew: \(error.message)")
    }
    for (place, part) in parts.enumerated() where !isSound[place] {
      if try checksum(part.bytes, pool) == part.checksum { continue }
      guard let found = fresh.first(where: { $0.name == part.name }), found.bytes.count == part.bytes.count,
        try checksum(found.bytes, pool) == part.checksum
      else { throw LiaeError(.corruptFile, "\(what), and the checkpoint is another by now; open it again") }
      try part.bytes.replacePages(offset: 0, with: found.bytes)
    }
    // What is not damaged has been compared with the rest.
    for place in isSound.indices { isSound[place] = true }
  }
}
