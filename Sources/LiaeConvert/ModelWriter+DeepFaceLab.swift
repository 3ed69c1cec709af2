// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeGraph
import LiaeSystem
import LiaeTensor

extension ModelWriter {
  static func writeDeepFaceLab(
    _ model: Model, _ training: DeepFaceLabTraining?, folder: String, name: String, replacing: Bool
  ) throws(LiaeError) {
    let architecture = model.architecture
    guard !name.isEmpty, !name.contains("/"), !name.contains("_") else {
      throw LiaeError(
        .invalidArgument,
        "\"\(name)\" cannot name a DeepFaceLab model: expected a name without / and without _, at which DeepFaceLab cuts it off"
      )
    }
    guard architecture.flavour == .dfl || !architecture.doubleResolution else {
      throw LiaeError(
        .unsupported,
        "\(folder): DeepFaceLab cannot hold this network: its first head is a 1x1 convolution with padding around the others, that of the PyTorch port with d is 3x3\(architecture.validHeads ? " without padding" : "")"
      )
    }
    let kind = DeepFaceLabKind(architecture.family)
    guard kind != .xseg || architecture.resolution == 256 else {
      throw LiaeError(
        .unsupported,
        "\(folder): DeepFaceLab's XSeg reads pictures of 256 pixels; this network reads \(architecture.resolution)")
    }
    let set = DeepFaceLabSet(folder: folder, name: name, kind: kind)
    let model = try model.blueFirst()
    let names = try model.writtenNames()
    let modules = model.graph.modules.filter { module in names.contains { $0.hasPrefix("\(module).") } }
    let state = (training?.files ?? [:]).sorted { $0.key < $1.key }
    if !replacing {
      for file in modules.map(DeepFaceLabSet.weightFile) + state.map(\.key) + [DeepFaceLabSet.dataFile]
      where File.kind(set.path(file)) != nil {
        throw LiaeError(.fileExists, "\(set.path(file)): exists already; --force replaces it")
      }
    }
    try File.makeFolder(folder)
    let scheme = NamingScheme.tensorFlow
    let shuffled = model.graph.shuffledTensors
    for module in modules {
      var tensors = TensorDictionary()
      for canonical in names where canonical.hasPrefix("\(module).") {
        let key = scheme.name(canonical, doubleResolution: architecture.doubleResolution).dropFirst(module.count + 1)
        tensors[String(key)] = try scheme.foreignLayout(
          try model.tensor(canonical).asFloat32(), isShuffled: shuffled.contains(canonical))
      }
      let path = set.path(DeepFaceLabSet.weightFile(module))
      try DeepFaceLabFile.writeWeights(tensors, to: path, replacing: replacing)
    }
    for file in state {
      try DeepFaceLabFile.writeWeights(file.value, to: set.path(file.key), replacing: replacing)
    }
    // Last: DeepFaceLab finds models by this file.
    try DeepFaceLabFile.writeData(
      data(model, kind, training), to: set.path(DeepFaceLabSet.dataFile), replacing: replacing)
  }

  /// Exactly the keys that DeepFaceLab writes, with its defaults where neither model nor training has a word in it.
  private static func data(_ model: Model, _ kind: DeepFaceLabKind, _ training: DeepFaceLabTraining?) -> PickleValue {
    let given = training?.options ?? []
    let chosen = kind.options(model).map { option in
      (key: PickleValue.string(option.key), value: given.first { $0.key == option.key }?.value ?? option.value)
    }
    let losses = (training?.losses ?? []).map { losses in
      PickleValue.list([losses.source, losses.destination].compactMap { $0 }.map { .float(Double($0)) })
    }
    return .dictionary([
      // 0 would mean a first run, at which DeepFaceLab ignores the rest and makes new weights.
      (.string("iter"), .int(max(1, model.info.iteration ?? 1))),
      (.string("options"), .dictionary(chosen)), (.string("loss_history"), .list(losses)),
      (.string("sample_for_preview"), .none),
      (.string("choosed_gpu_indexes"), .none),
    ])
  }
}
