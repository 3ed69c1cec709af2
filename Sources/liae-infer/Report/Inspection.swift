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
    fileBytes = try CheckpointSize.bytes(path)
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
      (
        "resolution",
        "\(a.resolution)" + (a.rgbSide == a.resolution ? "" : " (picture \(a.rgbSide), mask \(a.maskSide))")
      ),
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

/// Bytes on disk of a checkpoint.
enum CheckpointSize {
  /// A DeepFaceLab model is a set of files: the folder, or any one file of it, stands for all of one name.
  static func bytes(_ path: String) throws(LiaeError) -> Int {
    let isFolder = File.kind(path) == .folder
    let slash = path.lastIndex(of: "/")
    let name = isFolder ? "" : String(slash.map { path[path.index(after: $0)...] } ?? path[...])
    guard isFolder || isPart(name) else { return try File(reading: path).length() }
    let folder = isFolder ? path : slash.map { String(path[...$0]) } ?? "."
    let prefix = modelName(name)
    var total = 0
    for entry in try File.list(folder) where isPart(entry) && (isFolder || modelName(entry) == prefix) {
      total += try File(reading: "\(folder)/\(entry)").length()
    }
    return total
  }

  private static func isPart(_ name: String) -> Bool { name.hasSuffix(".npy") || name.hasSuffix(".dat") }

  /// What stands before the class of the model and the part: `new` of `new_SAEHD_inter_AB.npy`.
  private static func modelName(_ name: String) -> String {
    let marker = "_SAEHD_"
    return name.indices.last { name[$0...].hasPrefix(marker) }.map { String(name[..<$0]) } ?? name
  }
}
