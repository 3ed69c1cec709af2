// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeGraph
import LiaeSystem
import LiaeTensor

extension ModelReader {
  /// The key under which a `.pt` of ours holds what a frozen checkpoint holds in its metadata.
  static let torchMetadataKey = "liae"

  /// A training checkpoint (a state dict a module, beside optimiser and counters) or one flat state dict.
  static func openTorch(_ bytes: Bytes, name: String, options: OpenOptions) throws(LiaeError) -> Model {
    var root = try TorchArchive.parse(bytes, name: name)
    for key in ["state_dict", "model_state_dict", "model"] {
      // As many training scripts wrap it.
      if let inner = root[key], inner.pairs != nil { root = inner }
    }
    guard let pairs = root.pairs else {
      throw LiaeError(.unknownArchitecture, "\(name): holds \(root.kind); expected a dictionary of tensors")
    }
    let modules = try Architecture.Family.allModules()
    var tensors = TensorDictionary()
    var info = ModelInfo(origin: .torch)
    var declared: DeclaredArchitecture?
    func add(_ key: String, _ tensor: TensorView) throws(LiaeError) {
      guard tensors[key] == nil else { throw LiaeError(.corruptFile, "\(name): two tensors are called \(key)") }
      tensors[key] = tensor
    }
    for (key, value) in pairs {
      guard let key = key.stringValue else { continue }
      switch (key, value) {
      case (_, .tensor(let tensor)): try add(key, tensor)
      case (torchMetadataKey, .dictionary(let entries)):
        var metadata: [String: String] = [:]
        for entry in entries { if let key = entry.key.stringValue { metadata[key] = entry.value.stringValue } }
        (declared, info) = try CheckpointMetadata.decode(metadata, file: name)
      case (_, .dictionary(let entries)) where modules.contains(key):
        for entry in entries {
          if let leaf = entry.key.stringValue, let tensor = entry.value.tensorValue {
            try add("\(key).\(leaf)", tensor)
          }
        }
      case ("global_step", _): info.iteration = value.intValue.flatMap { $0 >= 0 ? $0 : nil }
      case ("optimizer", .dictionary): info.notes.append("the optimiser's state is not used")
      default: break
      }
    }
    guard let declared else { return try openNamed(tensors, name: name, info: info, options: options) }
    let plain = try tensors.withoutWrappers(file: name)
    return try ForeignCheckpoint(
      file: name, scheme: declared.flavour == .torch ? .torchPort : .torchDeepFaceLab, tensors: plain, info: info,
      declared: declared, knowsColorOrder: true
    ).model(options)
  }
}
