// SPDX-License-Identifier: Apache-2.0
import LiaeCommandLine
import LiaeGraph
import LiaeRuntime
import LiaeSystem
import LiaeTensor

extension Architecture {
  var lines: [(String, String)] {
    let sides = rgbSide == resolution ? "" : " (picture \(rgbSide), mask \(maskSide))"
    return [
      ("architecture", "\(name), \(flavour == .dfl ? "DeepFaceLab" : "PyTorch port") flavour"),
      ("resolution", "\(resolution)\(sides)"),
      ("dims", "e \(eDims), ae \(aeDims), d \(dDims), d_mask \(dMaskDims)"),
      ("parameters", grouped(parameterCount)),
    ]
  }

  var members: [(String, JSON)] {
    [
      ("architecture", .string(name)), ("flavour", .string(flavour.rawValue)), ("resolution", .integer(resolution)),
      ("rgb_side", .integer(rgbSide)), ("mask_side", .integer(maskSide)), ("e_dims", .integer(eDims)),
      ("ae_dims", .integer(aeDims)), ("d_dims", .integer(dDims)), ("d_mask_dims", .integer(dMaskDims)),
      ("parameters", .integer(parameterCount)),
    ]
  }
}

extension ModelInfo {
  var lines: [(String, String)] {
    [
      ("colour order", colorOrder.rawValue.uppercased()), ("face type", faceType ?? "not known"),
      ("iteration", iteration.map(grouped) ?? "not known"), ("origin", origin.rawValue),
    ]
  }

  var remarks: [(String, String)] { guesses.map { ("guess", $0) } + notes.map { ("note", $0) } }

  var members: [(String, JSON)] {
    [
      ("color_order", .string(colorOrder.rawValue)), ("face_type", faceType.map(JSON.string) ?? .null),
      ("iteration", iteration.map(JSON.integer) ?? .null), ("origin", .string(origin.rawValue)),
    ]
  }

  var remarkMembers: [(String, JSON)] {
    [("guesses", .array(guesses.map(JSON.string))), ("notes", .array(notes.map(JSON.string)))]
  }
}

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
    let lines =
      [("file", path)] + architecture.lines + [
        ("weights", weightTypes.joined(separator: ", ")),
        ("file size", humanBytes(fileBytes)),
        (
          "memory",
          "\(humanBytes(packedBytes)) packed weights, \(humanBytes(workspaceBytes)) for each context (\(isa))"
        ),
      ] + info.lines + [("hash", hash)] + info.remarks
    return listing(lines)
  }

  var json: JSON {
    .object(
      [("file", .string(path))] + architecture.members + [
        ("weight_types", .array(weightTypes.map(JSON.string))),
        ("file_bytes", .integer(fileBytes)),
        ("packed_bytes", .integer(packedBytes)),
        ("workspace_bytes", .integer(workspaceBytes)),
        ("isa", .string(isa)),
      ] + info.members + [("hash", .string(hash))] + info.remarkMembers)
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
