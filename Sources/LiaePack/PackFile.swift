// SPDX-License-Identifier: Apache-2.0
import LiaeDispatch
import LiaeFormats
import LiaeGraph
import LiaeRuntime
import LiaeSystem
import LiaeTensor

/// A packed-weights file, mapped or copied. Of a mapped one the pages are the page cache's: processes that map the same
/// file share them.
///
/// A file that somebody truncates while it is mapped ends the process (SIGBUS), as with any mapped file: who replaces
/// it renames, which leaves the old one to those that have it.
package struct PackFile: Sendable {
  /// The file's name in messages.
  package let name: String
  package let header: PackHeader
  private let bytes: Bytes
  private let dataStart: Int

  /// Takes a file and reads its header.
  ///
  /// - Parameter copying: whether it is read into memory of our own; else it is mapped.
  /// - Throws: `fileNotFound`, `inputOutput`, `unknownFormat`, `corruptFile`, `limitExceeded`, `unknownArchitecture`,
  ///   `packMismatch`.
  package init(path: String, copying: Bool = false) throws(LiaeError) {
    try self.init(File(reading: path), copying: copying)
  }

  /// Opens an open file as it would a path.
  package init(_ file: File, copying: Bool = false) throws(LiaeError) {
    // What is none is not read for that to be said.
    if copying { try PackHeader.requireMagic(file.prefix(FormatSniffer.bytes), name: file.path) }
    try self.init(copying ? Bytes.read(file) : Bytes.map(file), name: file.path)
  }

  /// Opens bytes that are aligned as a mapped file's are.
  package init(_ bytes: Bytes, name: String) throws(LiaeError) {
    (header, dataStart) = try PackHeader.read(bytes, name: name)
    try header.checkLayout(dataBytes: max(0, bytes.count - dataStart), name)
    (self.bytes, self.name) = (bytes, name)
  }

  /// Bytes of the whole file.
  package var fileBytes: Int { bytes.count }

  /// Reads every part and compares its checksum.
  ///
  /// - Throws: `corruptFile`, naming the part.
  package func verify() throws(LiaeError) {
    for part in header.parts {
      guard try PartChecksum.of(slice(part)) == part.checksum else {
        throw LiaeError(.corruptFile, "\(name): part \(part.name) is damaged: its checksum is another")
      }
    }
  }

  /// The plan, on the pages of the file.
  ///
  /// - Parameters:
  ///   - info: in place of the header's.
  ///   - isSound: whether `verify` has compared every part; else each is compared as it is first used.
  ///   - makeAnew: packs the same weights again where a part turns out to be damaged, as it is first used; nil: the run
  ///     that finds it fails (`corruptFile`).
  /// - Throws: `corruptFile` for parts and choices that are not those of the architecture, and for weights that are not
  ///   finite, unless they are allowed; `packMismatch`, `unsupported`, `outOfMemory`.
  package func plan(
    _ request: PackRequest, info: ModelInfo? = nil, isSound: Bool = false,
    makeAnew: (@Sendable () throws(LiaeError) -> [WeightPart])? = nil
  ) throws(LiaeError) -> Plan {
    if let reason = try request.mismatch(header) { throw LiaeError(.packMismatch, "\(name): \(reason)") }
    if let tensor = header.nonFinite, !request.options.allowsNonFinite {
      throw Plan.nonFinite("\(name): tensor \(tensor) was packed with elements that are not finite")
    }
    // Reads from disk in large pieces what the first run will want; costs nothing where the pages are there. Mapping them
    // now (MAP_POPULATE) would take longer than the faults of the first run, which its threads share.
    bytes.readAhead()
    var table: [String: PackHeader.Part] = [:]
    for part in header.parts { table[part.name] = part }
    let store = WeightStore { (part, count) throws(LiaeError) in
      guard let found = table[part] else { throw LiaeError(.corruptFile, "part \(part) is missing") }
      guard found.size == count else {
        throw LiaeError(.corruptFile, "part \(part) has \(found.size) bytes; expected \(count)")
      }
      return slice(found)
    }
    var options = header.options
    (options.instructionSet, options.threads) = (header.instructionSet, request.options.threads)
    options.allowsNonFinite = request.options.allowsNonFinite
    let check = try WeightCheck(
      file: name,
      parts: header.parts.map { WeightCheck.Part(name: $0.name, bytes: slice($0), checksum: $0.checksum) },
      isSound: isSound, makeAnew: makeAnew)
    let plan: Plan
    do throws(LiaeError) {
      plan = try Plan(
        architecture: header.architecture, info: info ?? header.info, fingerprint: header.fingerprint,
        options: options, choices: header.choices, areCurrent: request.checkpoint != nil, store: store,
        nonFinite: header.nonFinite, check: check)
    } catch { throw error.naming(name) }
    // Names differ, so as many as were asked for are all that were.
    guard plan.parts.count == header.parts.count, plan.choices == header.choices else {
      throw LiaeError(
        .corruptFile, "\(name): holds \(header.parts.count) parts; \(header.architecture.name) has \(plan.parts.count)")
    }
    return plan
  }

  private func slice(_ part: PackHeader.Part) -> Bytes {
    Bytes.slice(bytes, offset: dataStart + part.offset, count: part.size)
  }

  /// Writes the packed weights of a plan: the whole file or nothing.
  ///
  /// - Parameter replacing: without it, a file that is there already is an error (`fileExists`) and stays.
  /// - Throws: `fileExists`, `inputOutput`, `fileNotFound` for a folder that is not there.
  package static func write(_ plan: Plan, to path: String, replacing: Bool) throws(LiaeError) {
    let header = try PackHeader(plan).encoded
    guard header.count <= PackHeader.byteLimit else {
      throw LiaeError(.limitExceeded, "\(path): the header would take \(header.count) bytes")
    }
    try File.writeAtomically(path, replacing: replacing) { (writer) throws(LiaeError) in
      try writer.write(header)
      var end = header.count
      for part in plan.parts {
        try writer.write([UInt8](repeating: 0, count: PackHeader.aligned(end) - end))
        defer { withExtendedLifetime(part) {} }
        try writer.write(part.bytes.raw)
        end = part.bytes.count
      }
    }
  }
}
