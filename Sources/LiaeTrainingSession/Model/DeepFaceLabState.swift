// SPDX-License-Identifier: Apache-2.0
import LiaeConvert
import LiaeGraph
import LiaeSystem
import LiaeTensor
import LiaeTrain

/// Converts optimiser moments and adversaries between DeepFaceLab's files and a trainer's state. Layouts are the same, names
/// are not.
enum DeepFaceLabState {
  /// The networks that are trained: prefix of their tensors' names, file of weights (nil for the face-swap network, whose
  /// weights `ModelWriter` writes), file of moments, and the state's counter of optimiser steps.
  private static func networks(
    _ family: Architecture.Family
  ) -> [(prefix: String, weights: String?, moments: String, steps: String)] {
    [
      (family == .amp ? "GAN." : "D_src.", "GAN.npy", "GAN_opt.npy", "gan_steps"),
      ("dis.", "code_discriminator.npy", "D_code_opt.npy", "code_steps"),
      ("", nil, "src_dst_opt.npy", "optimizer_steps"),
    ]
  }

  /// The files of a DeepFaceLab model that hold a training's moments and adversaries, by their names behind the model's.
  ///
  /// - Throws: `outOfMemory`.
  static func files(
    of state: TrainingState, family: Architecture.Family, optimizer: TrainingOptions.Optimizer
  ) throws(LiaeError) -> [String: TensorDictionary] {
    var files: [String: TensorDictionary] = [:]
    let prefixes: [(ours: String, theirs: String)]
    switch optimizer {
    case .adabelief: prefixes = [("first/", "ms_"), ("second/", "vs_")]
    case .rmsprop where family != .amp: prefixes = [("first/", "acc_")]
    // DeepFaceLab has no such optimiser, or its AMP has not.
    case .rmsprop, .adam, .torchRMSprop: prefixes = []
    }
    let names = state.tensors.names.filter { !$0.contains("/") }
    let networks = networks(family)
    for (index, network) in networks.enumerated() {
      let others = networks[..<index].map(\.prefix)
      let own = names.filter { name in name.hasPrefix(network.prefix) && !others.contains { name.hasPrefix($0) } }
      guard let steps = state.counters.first(where: { $0.name == network.steps })?.value else { continue }
      if let file = network.weights {
        var weights = TensorDictionary()
        for name in own {
          weights[Trainer.deepFaceLabName(String(name.dropFirst(network.prefix.count))) + ":0"] = state.tensors[name]
        }
        files[file] = weights
      }
      guard !prefixes.isEmpty else { continue }
      var moments = TensorDictionary()
      moments["iters:0"] = try scalar(steps)
      for prefix in prefixes {
        for name in own {
          moments["\(prefix.theirs)\(Trainer.deepFaceLabName(name))_0:0"] = state.tensors[prefix.ours + name]
        }
      }
      files[network.moments] = moments
    }
    return files
  }

  /// Restores the adversaries that are both wanted and in the files. One that has another form begins anew, as in
  /// DeepFaceLab.
  ///
  /// - Returns: what a user should know of that.
  /// - Throws: `corruptFile` for a number of optimiser steps that no training comes to; `outOfMemory`.
  static func restoreAdversaries(
    _ training: DeepFaceLabTraining, _ options: TrainingOptions, to trainer: Trainer
  ) throws(LiaeError) -> String? {
    var state = try trainer.state
    for network in networks(trainer.architecture.family) {
      guard let file = network.weights, let weights = training.files[file] else { continue }
      let isPatches = network.weights == "GAN.npy"
      guard !options.pretrain, isPatches ? options.ganPower != 0 : options.trueFacePower != 0 else { continue }
      let moments = training.files[network.moments] ?? TensorDictionary()
      for key in weights.names {
        let path = key.hasSuffix(":0") ? String(key.dropLast(2)) : key
        let name = network.prefix + ourName(path)
        state.tensors[name] = weights[key]
        let theirs = Trainer.deepFaceLabName(name) + "_0:0"
        state.tensors["first/\(name)"] = moments["ms_\(theirs)"] ?? moments["acc_\(theirs)"]
        state.tensors["second/\(name)"] = moments["vs_\(theirs)"]
      }
      state.integers.append((network.steps, UInt64(try training.steps(of: network.moments))))
      if isPatches {
        state.integers += [
          ("gan_patch_size", UInt64(options.ganPatchSize)), ("gan_dims", UInt64(options.ganDims)),
        ]
      }
    }
    let before = try trainer.state
    do throws(LiaeError) {
      try trainer.restore(state)
      return nil
    } catch {
      guard error.status != .outOfMemory else { throw error }
      try trainer.restore(before)
      return "DeepFaceLab's discriminator cannot be gone on with and is initialised anew: \(error.message)"
    }
  }

  /// `convs_0/weight` as `convs.0.weight`.
  private static func ourName(_ path: String) -> String {
    path.split(separator: "/").map { part in
      guard let underscore = part.lastIndex(of: "_"), part[part.index(after: underscore)...].allSatisfy(\.isNumber)
      else { return String(part) }
      return part[..<underscore] + "." + part[part.index(after: underscore)...]
    }.joined(separator: ".")
  }

  static func scalar(_ value: UInt64) throws(LiaeError) -> TensorView {
    let bytes = try Bytes.allocate(8, for: "a number of steps")
    bytes.base.storeBytes(of: Int64(clamping: value), as: Int64.self)
    return try TensorView(dtype: .int64, shape: [], storage: bytes)
  }
}
