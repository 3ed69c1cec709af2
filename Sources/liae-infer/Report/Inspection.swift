// SPDX-License-Identifier: Apache-2.0
import LiaeModel
import LiaeRuntime
import LiaeSystem
import LiaeTensor

/// What `inspect` says of a checkpoint.
struct Inspection {
  let path: String
  let architecture: Architecture
  let info: ModelInfo
  let fileBytes: Int
  let weightTypes: [String]
  let isa: String
  let packedBytes: Int
  let workspaceBytes: Int
  let hash: String

  init(path: String, model: Model) throws(LiaeError) {
    (self.path, architecture, info) = (path, model.architecture, model.info)
    fileBytes = try CheckpointSize.bytes(path, origin: model.info.origin)
    var types: Set<String> = []
    for spec in architecture.tensors where !spec.isUnused { types.insert(try model.tensor(spec.name).dtype.rawValue) }
    weightTypes = types.sorted()
    hash = try model.hash()
    let plan = try Plan(model: model)
    (isa, packedBytes) = (plan.instructionSet.rawValue, plan.packedBytes)
    workspaceBytes = try Context(plan: plan).workspaceBytes
  }

  var text: String {
    let a = architecture
    var lines: [(String, String)] = [
      ("file", path),
      ("architecture", "\(a.name), \(a.flavour == .dfl ? "DeepFaceLab" : "PyTorch port") flavour"),
      ("resolution", "\(a.resolution)" + (a.rgbSide == a.resolution ? "" : " (picture \(a.rgbSide), mask \(a.maskSide))")),
      ("dims", "e \(a.eDims), ae \(a.aeDims), d \(a.dDims), d_mask \(a.dMaskDims)"),
      ("parameters", grouped(a.parameterCount)),
      ("weights", weightTypes.joined(separator: ", ")),
      ("file size", humanBytes(fileBytes)),
      ("memory", "\(humanBytes(packedBytes)) packed weights, \(humanBytes(workspaceBytes)) for each context (\(isa))"),
      ("colour order", info.colorOrder.rawValue.uppercased()),
      ("face type", info.faceType ?? "not known"),
      ("iteration", info.iteration.map(grouped) ?? "not known"),
      ("origin", info.origin.rawValue),
      ("hash", hash),
    ]
    lines += info.guesses.map { ("guess", $0) }
    lines += info.notes.map { ("note", $0) }
    return lines.map { $0.0.padded(to: 14) + $0.1 }.joined(separator: "\n")
  }

  var json: JSON {
    let a = architecture
    return .object([
      ("file", .string(path)),
      ("architecture", .string(a.name)),
      ("flavour", .string(a.flavour.rawValue)),
      ("resolution", .integer(a.resolution)),
      ("rgb_side", .integer(a.rgbSide)),
      ("mask_side", .integer(a.maskSide)),
      ("e_dims", .integer(a.eDims)),
      ("ae_dims", .integer(a.aeDims)),
      ("d_dims", .integer(a.dDims)),
      ("d_mask_dims", .integer(a.dMaskDims)),
      ("parameters", .integer(a.parameterCount)),
      ("weight_types", .array(weightTypes.map(JSON.string))),
      ("file_bytes", .integer(fileBytes)),
      ("packed_bytes", .integer(packedBytes)),
      ("workspace_bytes", .integer(workspaceBytes)),
      ("isa", .string(isa)),
      ("color_order", .string(info.colorOrder.rawValue)),
      ("face_type", info.faceType.map(JSON.string) ?? .null),
      ("iteration", info.iteration.map(JSON.integer) ?? .null),
      ("origin", .string(info.origin.rawValue)),
      ("hash", .string(hash)),
      ("guesses", .array(info.guesses.map(JSON.string))),
      ("notes", .array(info.notes.map(JSON.string))),
    ])
  }
}

/// Bytes on disk of a checkpoint, which in DeepFaceLab's form is a set of files.
enum CheckpointSize {
  static func bytes(_ path: String, origin: ModelInfo.Origin) throws(LiaeError) -> Int {
    guard origin == .deepFaceLab else { return try File(reading: path).length() }
    let isFolder = File.kind(path) == .folder
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    let folder = isFolder ? path : parts.dropLast().joined(separator: "/")
    // One file of a set named NAME_SAEHD_encoder.npy stands for all that begin like it.
    let name = isFolder ? "" : String(parts.last ?? "")
    let prefix = name.lastIndex(of: "_").map { name[...$0] } ?? ""
    var total = 0
    let root = isFolder ? path : folder.isEmpty ? (path.hasPrefix("/") ? "/" : ".") : folder
    for entry in try File.list(root) where entry.hasSuffix(".npy") || entry.hasSuffix(".dat") {
      if isFolder || entry.hasPrefix(sharedPrefix(prefix)) { total += try File(reading: "\(root)/\(entry)").length() }
    }
    return total
  }

  /// `inter_AB` and `decoder_src` have an underscore of their own: what counts ends in `SAEHD_` where that is there.
  private static func sharedPrefix(_ prefix: Substring) -> String {
    let text = String(prefix)
    let marker = "SAEHD_"
    var end = text.startIndex
    var index = text.startIndex
    while index < text.endIndex {
      if text[index...].hasPrefix(marker) { end = text.index(index, offsetBy: marker.count) }
      index = text.index(after: index)
    }
    return end == text.startIndex ? text : String(text[..<end])
  }
}
