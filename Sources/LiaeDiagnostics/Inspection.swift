// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeRuntime
import LiaeSystem
import LiaeTensor
import LiaeText

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

/// A description of a checkpoint: architecture, memory, origin and hash, as text and as JSON.
package struct Inspection {
  let path: String
  let architecture: Architecture
  let info: ModelInfo
  let fileBytes: Int
  let weightTypes: [String]
  let isa: String
  let packedBytes: Int
  let workspaceBytes: Int
  let hash: String

  /// - Throws: `outOfMemory`; what a missing or damaged tensor is.
  package init(path: String, model: Model) throws(LiaeError) {
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

  package var text: String {
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

  package var json: JSON {
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
