// SPDX-License-Identifier: Apache-2.0
import LiaeDispatch
import LiaeFormats
import LiaeGraph
import LiaeRuntime
import LiaeSystem

/// The header of a packed-weights file: docs/packed-weights.md. `PackHeader+Reading.swift` is the way back.
package struct PackHeader: Sendable {
  /// A part of the file.
  package struct Part: Sendable, Equatable {
    package var name: String
    /// Bytes from the first part's begin; a multiple of `alignment`.
    package var offset: Int
    package var size: Int
    /// `PartChecksum`.
    package var checksum: UInt64
  }

  /// `Plan.layoutVersion` of the library that wrote it.
  package var layoutVersion: Int
  package var instructionSet: InstructionSet
  /// Floats of a vector.
  package var width: Int
  package var options: PlanOptions
  package var architecture: Architecture
  package var info: ModelInfo
  /// `Model.fingerprint()` of the checkpoint.
  package var fingerprint: String
  /// A tensor with weights that are not finite; nil where there is none.
  package var nonFinite: String?
  package var choices: [LayerChoice]
  package var parts: [Part]

  static let version: UInt32 = 2
  /// Magic, checksum, version and length.
  static let prefixBytes = 24
  /// Parts begin at multiples of it: a page.
  static let alignment = 4096
  static let byteLimit = 1 << 24
  static let partLimit = 1 << 16

  static func aligned(_ offset: Int) -> Int { (offset + alignment - 1) / alignment * alignment }
}

extension PackHeader {
  /// Creates the header of a plan and computes the checksums of its parts.
  init(_ plan: Plan) throws(LiaeError) {
    layoutVersion = Plan.layoutVersion
    (instructionSet, width) = (plan.instructionSet, try plan.instructionSet.kernels().width)
    (options, architecture, info) = (plan.options, plan.architecture, plan.info)
    (fingerprint, choices, nonFinite) = (plan.fingerprint, plan.choices, plan.nonFinite)
    parts = []
    var offset = 0
    for part in plan.parts {
      let sum = try PartChecksum.of(part.bytes)
      parts.append(Part(name: part.name, offset: offset, size: part.bytes.count, checksum: sum))
      offset = Self.aligned(offset + part.bytes.count)
    }
  }

  /// The bytes before the first part, without the padding.
  var encoded: [UInt8] {
    let json = Array(json.utf8)
    var tail: [UInt8] = []
    tail.append(littleEndian: Self.version)
    tail.append(littleEndian: UInt32(clamping: json.count))
    tail += json
    var bytes = FormatSniffer.packedWeightsMagic
    bytes.append(littleEndian: tail.withUnsafeBytes { XXH64.hash($0) })
    return bytes + tail
  }

  private var json: String {
    func object(_ members: [(String, String)]) -> String {
      "{" + members.map { "\(jsonQuoted($0.0)):\($0.1)" }.joined(separator: ",") + "}"
    }
    func array(_ values: [String]) -> String { "[" + values.joined(separator: ",") + "]" }
    func number(_ value: Int) -> String { "\(value)" }
    let a = architecture
    var model = [
      ("architecture", jsonQuoted(a.name)), ("flavour", jsonQuoted(a.flavour.rawValue)),
      ("resolution", number(a.resolution)),
    ]
    model += a.dims.map { ($0.name, number($0.value)) }
    model += [
      ("origin", jsonQuoted(info.origin.rawValue)), ("color_order", jsonQuoted(info.colorOrder.rawValue)),
      ("lacks_destination_picture", info.lacksDestinationPicture ? "1" : "0"),
      ("guesses", array(info.guesses.map(jsonQuoted))), ("notes", array(info.notes.map(jsonQuoted))),
    ]
    if let faceType = info.faceType { model.append(("face_type", jsonQuoted(faceType))) }
    if let iteration = info.iteration { model.append(("iteration", number(iteration))) }
    if let morph = info.trainedMorph { model.append(("morph_factor", jsonQuoted("\(morph)"))) }
    return object(
      [
        ("layout", number(layoutVersion)), ("instruction_set", jsonQuoted(instructionSet.rawValue)),
        ("width", number(width)), ("options", object(options.packing.map { ($0.name, jsonQuoted($0.value)) })),
        ("fingerprint", jsonQuoted(fingerprint)), ("model", object(model)),
      ] + (nonFinite.map { [("non_finite", jsonQuoted($0))] } ?? []) + [
        (
          "layers",
          array(
            choices.map {
              object(
                [("name", jsonQuoted($0.name)), ("algorithm", jsonQuoted($0.algorithm.name))]
                  + ($0.stored == .transformed ? [] : [("stored", jsonQuoted($0.stored.name))]))
            })
        ),
        (
          "parts",
          array(
            parts.map {
              object([
                ("name", jsonQuoted($0.name)), ("offset", number($0.offset)), ("size", number($0.size)),
                ("checksum", jsonQuoted(String($0.checksum, radix: 16))),
              ])
            })
        ),
      ])
  }
}
