// SPDX-License-Identifier: Apache-2.0
import LiaeConvolution
import LiaeDispatch
import LiaeFormats
import LiaeGraph
import LiaeRuntime
import LiaeSystem
import LiaeTensor

extension PackHeader {
  /// Reads the header of a file. Where its parts lie is not checked yet.
  ///
  /// - Returns: the header, and where the first part begins.
  /// - Throws: `unknownFormat`, `corruptFile`, `limitExceeded`, `unknownArchitecture`; `packMismatch` for another version
  ///   of the format or of what is packed.
  package static func read(_ bytes: Bytes, name: String) throws(LiaeError) -> (header: PackHeader, dataStart: Int) {
    func corrupt(_ message: String) -> LiaeError { LiaeError(.corruptFile, "\(name): \(message)") }
    try requireMagic(bytes, name: name)
    guard bytes.count >= prefixBytes else { throw corrupt("ends after \(bytes.count) bytes, inside the header") }
    func integer<T: FixedWidthInteger>(_ type: T.Type, _ offset: Int) -> T {
      T(littleEndian: bytes.raw.loadUnaligned(fromByteOffset: offset, as: type))
    }
    let found = integer(UInt32.self, 16)
    guard found == version else {
      throw LiaeError(
        .packMismatch, "\(name): packed weights of format version \(found); this library reads version \(version)")
    }
    let length = integer(UInt32.self, 20)
    guard length <= byteLimit else {
      throw LiaeError(.limitExceeded, "\(name): the header claims \(length) bytes; at most \(byteLimit) are read")
    }
    let end = prefixBytes + Int(length)
    guard end <= bytes.count else {
      throw corrupt("the header ends at byte \(end), and the file has \(bytes.count): truncated?")
    }
    let sum = XXH64.hash(UnsafeRawBufferPointer(rebasing: bytes.raw[16..<end]))
    guard sum == integer(UInt64.self, 8) else { throw corrupt("the header is damaged: its checksum is another") }
    var json = JSONReader(bytes, offset: prefixBytes, end: end, name: name)
    var fields = Fields()
    try fields.read(&json)
    try json.finish()
    withExtendedLifetime(bytes) {}
    return (try fields.header(name), aligned(end))
  }

  /// - Parameter bytes: the first of a file.
  /// - Throws: `unknownFormat` where they are not those of packed weights, `corruptFile` where there are none.
  static func requireMagic(_ bytes: Bytes, name: String) throws(LiaeError) {
    defer { withExtendedLifetime(bytes) {} }
    guard bytes.count > 0 else { throw LiaeError(.corruptFile, "\(name): is empty") }
    guard bytes.raw.starts(with: FormatSniffer.packedWeightsMagic) else {
      throw LiaeError(.unknownFormat, "\(name): holds no packed weights")
    }
  }

  /// The parts stand one after the other, each at the first page behind the one before, and fill `dataBytes`.
  func checkLayout(dataBytes: Int, _ file: String) throws(LiaeError) {
    var names: Set<String> = []
    var end = 0
    for part in parts {
      guard names.insert(part.name).inserted else {
        throw LiaeError(.corruptFile, "\(file): part \(part.name) stands twice in the header")
      }
      // `end` is at most the file's length, so that rounding it up cannot overflow.
      guard part.offset == Self.aligned(end) else {
        throw LiaeError(
          .corruptFile, "\(file): part \(part.name) begins at byte \(part.offset); expected \(Self.aligned(end))")
      }
      guard let next = CheckedSize.sum(part.offset, part.size), next <= dataBytes else {
        throw LiaeError(
          .corruptFile,
          "\(file): part \(part.name) is \(part.size) bytes at byte \(part.offset), and there are \(dataBytes): truncated?"
        )
      }
      end = next
    }
    guard end == dataBytes else {
      throw LiaeError(.corruptFile, "\(file): the parts end at byte \(end), and there are \(dataBytes)")
    }
  }
}

/// The members of the header's JSON as they come.
private struct Fields {
  private var numbers: [String: Int] = [:]
  private var texts: [String: String] = [:]
  private var lists: [String: [String]] = [:]
  private var options: [(name: String, value: String)] = []
  private var choices: [LayerChoice] = []
  private var parts: [PackHeader.Part] = []
  private var seen: Set<String> = []

  mutating func read(_ json: inout JSONReader) throws(LiaeError) {
    try json.object("the header") { (json, key) throws(LiaeError) in
      guard seen.insert(key).inserted else { throw json.error("\"\(key)\" stands twice in the header") }
      switch key {
      case "layout", "width": numbers[key] = try json.size(key)
      case "instruction_set", "fingerprint", "non_finite": texts[key] = try json.string(key)
      case "options":
        try json.object(key) { (json, key) throws(LiaeError) in
          guard options.count < 64 else { throw json.error("the header has too many options") }
          options.append((key, try json.string("option \(key)")))
        }
      case "model": try readModel(&json)
      case "layers": try json.array(key) { (json) throws(LiaeError) in choices.append(try layer(&json)) }
      case "parts": try json.array(key) { (json) throws(LiaeError) in parts.append(try part(&json)) }
      default: throw json.error("the header has \"\(key)\", which is not known")
      }
    }
  }

  private mutating func readModel(_ json: inout JSONReader) throws(LiaeError) {
    try json.object("model") { (json, key) throws(LiaeError) in
      guard seen.insert("model.\(key)").inserted else { throw json.error("\"\(key)\" stands twice in the model") }
      switch key {
      case "resolution", "e_dims", "ae_dims", "d_dims", "d_mask_dims", "inter_dims", "base_dims",
        "lacks_destination_picture",
        "iteration":
        numbers[key] = try json.size(key)
      case "architecture", "flavour", "origin", "color_order", "face_type", "morph_factor":
        texts[key] = try json.string(key)
      case "guesses", "notes":
        var list: [String] = []
        try json.array(key) { (json) throws(LiaeError) in list.append(try json.string(key)) }
        lists[key] = list
      default: throw json.error("the model has \"\(key)\", which is not known")
      }
    }
  }

  private func layer(_ json: inout JSONReader) throws(LiaeError) -> LayerChoice {
    guard choices.count < PackHeader.partLimit else { throw json.error("the header has too many layers") }
    var (name, algorithm, stored): (String?, ConvolutionAlgorithm?, WeightStorage?)
    try json.object("a layer") { (json, key) throws(LiaeError) in
      switch key {
      case "name" where name == nil: name = try json.string("the name of a layer")
      case "algorithm" where algorithm == nil:
        let found = try json.string("an algorithm")
        algorithm = ConvolutionAlgorithm.all.first { $0.name == found }
        if algorithm == nil { throw json.error("algorithm \"\(found)\" is not known") }
      case "stored" where stored == nil:
        let found = try json.string("how a layer is stored")
        stored = WeightStorage(name: found)
        if stored == nil { throw json.error("weights stored as \"\(found)\" are not known") }
      default: throw json.error("a layer has \"\(key)\" twice or where name, algorithm and storage belong")
      }
    }
    guard let name, let algorithm else { throw json.error("a layer lacks its name or algorithm") }
    return LayerChoice(name: name, algorithm: algorithm, stored: stored ?? .transformed)
  }

  private func part(_ json: inout JSONReader) throws(LiaeError) -> PackHeader.Part {
    guard parts.count < PackHeader.partLimit else { throw json.error("the header has too many parts") }
    var (name, offset, size, checksum): (String?, Int?, Int?, UInt64?)
    try json.object("a part") { (json, key) throws(LiaeError) in
      switch key {
      case "name" where name == nil: name = try json.string("the name of a part")
      case "offset" where offset == nil: offset = try json.size("offset")
      case "size" where size == nil: size = try json.size("size")
      case "checksum" where checksum == nil:
        let found = try json.string("a checksum")
        checksum = UInt64(found, radix: 16)
        if checksum == nil { throw json.error("checksum \"\(found)\" is no hexadecimal number of 64 bits") }
      default: throw json.error("a part has \"\(key)\" twice or where name, offset, size and checksum belong")
      }
    }
    guard let name, let offset, let size, let checksum else {
      throw json.error("a part lacks one of name, offset, size and checksum")
    }
    return PackHeader.Part(name: name, offset: offset, size: size, checksum: checksum)
  }

  func header(_ file: String) throws(LiaeError) -> PackHeader {
    func corrupt(_ message: String) -> LiaeError { LiaeError(.corruptFile, "\(file): \(message)") }
    func number(_ key: String) throws(LiaeError) -> Int {
      guard let value = numbers[key] else { throw corrupt("the header lacks \(key)") }
      return value
    }
    func value<E: RawRepresentable>(_ key: String) throws(LiaeError) -> E where E.RawValue == String {
      guard let text = texts[key] else { throw corrupt("the header lacks \(key)") }
      guard let value = E(rawValue: text) else { throw corrupt("\(key) \"\(text)\" is not known") }
      return value
    }
    let layout = try number("layout")
    // What follows is for this library to understand only where it packs in the same way.
    guard layout == Plan.layoutVersion else {
      throw LiaeError(
        .packMismatch,
        "\(file): weights packed in layout \(layout); this library packs them in layout \(Plan.layoutVersion)")
    }
    guard let planOptions = PlanOptions(packing: options) else {
      let found = options.map { "\($0.name) \($0.value)" }.joined(separator: ", ")
      throw corrupt("the options \(found) are not those of this library")
    }
    let name = texts["architecture"] ?? ""
    let parsed: (family: Architecture.Family, options: String)
    do throws(LiaeError) { parsed = try Architecture.parse(name) } catch { throw error.within(file) }
    let flavour: Architecture.Flavour = try value("flavour")
    let resolution = try number("resolution")
    let architecture =
      parsed.family == .xseg
      ? Architecture.xseg(resolution: resolution, baseDims: try number("base_dims"))
      : Architecture(
        family: parsed.family, flavour: flavour, options: parsed.options, resolution: resolution,
        eDims: try number("e_dims"), aeDims: try number("ae_dims"), dDims: try number("d_dims"),
        dMaskDims: try number("d_mask_dims"), interDims: parsed.family == .amp ? try number("inter_dims") : 0)
    do throws(LiaeError) { try architecture.validate() } catch { throw error.within(file) }
    var info = ModelInfo(origin: try value("origin"))
    info.colorOrder = try value("color_order")
    info.faceType = texts["face_type"]
    info.iteration = numbers["iteration"]
    if let text = texts["morph_factor"] {
      guard let morph = Double(text), morph >= 0, morph <= 1 else {
        throw corrupt("morph_factor \"\(text)\" is not a number from 0 to 1")
      }
      info.trainedMorph = morph
    }
    info.lacksDestinationPicture = try number("lacks_destination_picture") != 0
    (info.guesses, info.notes) = (lists["guesses"] ?? [], lists["notes"] ?? [])
    return PackHeader(
      layoutVersion: layout, instructionSet: try value("instruction_set"), width: try number("width"),
      options: planOptions, architecture: architecture, info: info, fingerprint: texts["fingerprint"] ?? "",
      nonFinite: texts["non_finite"], choices: choices, parts: parts)
  }
}
