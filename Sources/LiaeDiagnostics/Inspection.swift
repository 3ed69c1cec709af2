// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeRuntime
import LiaeSystem
import LiaeTensor
import LiaeText

extension Architecture {
  /// The network's sizes for a person: "e 64, ae 256, d 64, d_mask 32".
  var dimsText: String {
    dims.map { "\($0.name.hasSuffix("_dims") ? String($0.name.dropLast(5)) : $0.name) \($0.value)" }
      .joined(separator: ", ")
  }

  var dimsMembers: [(String, JSON)] { dims.map { ($0.name, .integer($0.value)) } }

  func lines(parameters: Int) -> [(String, String)] {
    let sides = rgbSide == resolution || rgbSide == 0 ? "" : " (picture \(rgbSide), mask \(maskSide))"
    return [
      ("architecture", "\(name), \(flavour == .dfl ? "DeepFaceLab" : "PyTorch port") flavour"),
      ("resolution", "\(resolution)\(sides)"), ("dims", dimsText), ("parameters", grouped(parameters)),
    ]
  }

  func members(parameters: Int) -> [(String, JSON)] {
    [
      ("architecture", .string(name)), ("flavour", .string(flavour.rawValue)), ("resolution", .integer(resolution)),
      ("rgb_side", .integer(rgbSide)), ("mask_side", .integer(maskSide)),
    ] + dimsMembers + [("parameters", .integer(parameters))]
  }
}

extension ModelInfo {
  var lines: [(String, String)] {
    [
      ("colour order", colorOrder.rawValue.uppercased()), ("face type", faceType ?? "not known"),
      ("iteration", iteration.map(grouped) ?? "not known"),
    ] + (trainedMorph.map { [("trained morph", "\($0)")] } ?? []) + [("origin", origin.rawValue)]
  }

  var remarks: [(String, String)] { guesses.map { ("guess", $0.printable) } + notes.map { ("note", $0.printable) } }

  var members: [(String, JSON)] {
    [
      ("color_order", .string(colorOrder.rawValue)), ("face_type", faceType.map(JSON.string) ?? .null),
      ("iteration", iteration.map(JSON.integer) ?? .null),
    ] + (trainedMorph.map { [("morph_factor", .number($0))] } ?? []) + [("origin", .string(origin.rawValue))]
  }

  var remarkMembers: [(String, JSON)] {
    [("guesses", .array(guesses.map(JSON.string))), ("notes", .array(notes.map(JSON.string)))]
  }
}

/// A description of a checkpoint: architecture, memory, origin and hash, as text and as JSON.
package struct Inspection {
  let path: String
  let architecture: Architecture
  let parameters: Int
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
    parameters = model.graph.parameterCount
    fileBytes = try CheckpointSize.bytes(path)
    var types: Set<String> = []
    for spec in model.graph.tensors where !spec.isUnused { types.insert(try model.tensor(spec.name).dtype.rawValue) }
    weightTypes = types.sorted()
    hash = try model.hash()
    // What is wrong with weights is for `verify` to say.
    var options = PlanOptions()
    options.allowsNonFinite = true
    let plan = try Plan(model: model, options: options)
    (isa, packedBytes) = (plan.instructionSet.rawValue, plan.packedBytes)
    workspaceBytes = try Context(plan: plan).workspaceBytes
  }

  package var text: String {
    let lines =
      [("file", path)] + architecture.lines(parameters: parameters) + [
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
      [("file", .string(path))] + architecture.members(parameters: parameters) + [
        ("weight_types", .array(weightTypes.map(JSON.string))),
        ("file_bytes", .integer(fileBytes)),
        ("packed_bytes", .integer(packedBytes)),
        ("workspace_bytes", .integer(workspaceBytes)),
        ("isa", .string(isa)),
      ] + info.members + [("hash", .string(hash))] + info.remarkMembers)
  }
}
