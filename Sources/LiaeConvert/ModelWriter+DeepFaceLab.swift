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
    let set = DeepFaceLabSet(folder: folder, prefix: "\(name)_SAEHD_")
    let names = model.writtenNames
    let modules = ModelReader.modules.filter { module in names.contains { $0.hasPrefix("\(module).") } }
    let state = (training?.files ?? [:]).sorted { $0.key < $1.key }
    if !replacing {
      for file in modules.map({ "\($0).npy" }) + state.map(\.key) + [DeepFaceLabSet.dataFile]
      where File.kind(set.path(file)) != nil {
        throw LiaeError(.fileExists, "\(set.path(file)): exists already; --force replaces it")
      }
    }
    try File.makeFolder(folder)
    let scheme = NamingScheme.tensorFlow
    let shuffled = Network(architecture).shuffledTensors
    for module in modules {
      var tensors = TensorDictionary()
      for canonical in names where canonical.hasPrefix("\(module).") {
        let key = scheme.name(canonical, doubleResolution: architecture.doubleResolution).dropFirst(module.count + 1)
        tensors[String(key)] = try scheme.foreignLayout(
          try model.blueFirstTensor(canonical), isShuffled: shuffled.contains(canonical))
      }
      try DeepFaceLabFile.writeWeights(tensors, to: set.path("\(module).npy"), replacing: replacing)
    }
    for file in state {
      try DeepFaceLabFile.writeWeights(file.value, to: set.path(file.key), replacing: replacing)
    }
    // Last: DeepFaceLab finds models by this file.
    try DeepFaceLabFile.writeData(data(model, training), to: set.path(DeepFaceLabSet.dataFile), replacing: replacing)
  }

  /// Exactly the keys that DeepFaceLab writes, with its defaults where neither model nor training has a word in it.
  private static func data(_ model: Model, _ training: DeepFaceLabTraining?) -> PickleValue {
    let a = model.architecture
    let face = ModelInfo.faceTypes.first(where: { $0.name == model.info.faceType })?.letters ?? "f"
    let options: [(String, PickleValue)] = [
      ("resolution", .int(a.resolution)), ("face_type", .string(face)), ("models_opt_on_gpu", .bool(true)),
      ("archi", .string(a.name)), ("ae_dims", .int(a.aeDims)), ("e_dims", .int(a.eDims)), ("d_dims", .int(a.dDims)),
      ("d_mask_dims", .int(a.dMaskDims)), ("masked_training", .bool(true)), ("eyes_mouth_prio", .bool(false)),
      ("uniform_yaw", .bool(false)), ("blur_out_mask", .bool(false)), ("adabelief", .bool(true)),
      ("lr_dropout", .string("n")), ("random_warp", .bool(true)), ("random_hsv_power", .float(0)),
      ("true_face_power", .float(0)), ("face_style_power", .float(0)), ("bg_style_power", .float(0)),
      ("ct_mode", .string("none")), ("clipgrad", .bool(false)), ("pretrain", .bool(false)),
      ("autobackup_hour", .int(0)), ("write_preview_history", .bool(false)), ("target_iter", .int(0)),
      ("random_src_flip", .bool(false)), ("random_dst_flip", .bool(true)), ("batch_size", .int(8)),
      ("gan_power", .float(0)), ("gan_patch_size", .int(a.resolution / 8)), ("gan_dims", .int(16)),
    ]
    let given = training?.options ?? []
    let chosen = options.map { option in
      (key: PickleValue.string(option.0), value: given.first { $0.key == option.0 }?.value ?? option.1)
    }
    let losses = (training?.losses ?? []).map { pair in
      PickleValue.list([.float(Double(pair.source)), .float(Double(pair.destination))])
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
