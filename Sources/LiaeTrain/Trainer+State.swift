// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeSystem
import LiaeTensor

/// The state that a training goes on from: with the same batches and options it continues bit for bit.
package struct TrainerState: Sendable {
  /// Weights under their names, moments as `first/NAME` and `second/NAME`.
  package var tensors: TensorDictionary
  package var integers: [(name: String, value: UInt64)]

  package init(tensors: TensorDictionary, integers: [(name: String, value: UInt64)]) {
    (self.tensors, self.integers) = (tensors, integers)
  }
}

extension TrainerState {
  /// What every training counts.
  struct Counters {
    let iteration, optimizerSteps: Int
    let seed: UInt64
    let optimizer: TrainingOptions.Optimizer
  }

  /// - Throws: `corruptFile` where one is missing or of no sense.
  func counters() throws(LiaeError) -> Counters {
    let number = try needed("optimizer")
    guard let kind = TrainingOptions.Optimizer.allCases.first(where: { $0.number == UInt64(number) }) else {
      throw LiaeError(.corruptFile, "the training state is that of optimiser number \(number), which is not known")
    }
    guard let seed = integers.first(where: { $0.name == "seed" }) else {
      throw LiaeError(.corruptFile, "the training state lacks seed")
    }
    return Counters(
      iteration: try needed("iteration"), optimizerSteps: try needed("optimizer_steps"), seed: seed.value,
      optimizer: kind)
  }

  /// - Throws: `corruptFile` for a number that is too large.
  func integer(_ name: String) throws(LiaeError) -> Int? {
    guard let found = integers.first(where: { $0.name == name }) else { return nil }
    guard let value = Int(exactly: found.value) else {
      throw LiaeError(.corruptFile, "the training state's \(name) is \(found.value)")
    }
    return value
  }

  func needed(_ name: String) throws(LiaeError) -> Int {
    guard let value = try integer(name) else {
      throw LiaeError(.corruptFile, "the training state lacks \(name)")
    }
    return value
  }
}

extension Trainer {
  /// - Throws: `outOfMemory`.
  package func model() throws(LiaeError) -> Model {
    var info = ModelInfo(origin: .trained)
    info.iteration = iteration
    if isAMP { info.trainedMorph = options.morphFactor }
    return try network.model(info: info)
  }

  /// The tensors of `state`, of which each is made when it is asked for: to be written before the next iteration.
  package var stateTensors: [TensorSource] { allParameters.flatMap(\.sources) }

  /// The integers of `state`.
  package var stateIntegers: [(name: String, value: UInt64)] {
    var integers: [(name: String, value: UInt64)] = [
      ("iteration", UInt64(iteration)), ("seed", seed), ("optimizer", momentsOf.number),
      ("optimizer_steps", UInt64(optimizer.steps)), ("pretrain", options.pretrain ? 1 : 0),
    ]
    if let patches {
      integers += [
        ("gan_patch_size", UInt64(patches.patch)), ("gan_dims", UInt64(patches.dims)),
        ("gan_steps", UInt64(patches.trainer.optimizer.steps)),
      ]
    }
    if let codes { integers.append(("code_steps", UInt64(codes.optimizer.steps))) }
    return integers
  }

  /// Copies of convolutions' weights, and views of the trainer's own memory, which are valid until the next iteration.
  package var state: TrainerState {
    get throws(LiaeError) {
      var tensors = TensorDictionary()
      for source in stateTensors { tensors[source.name] = try source.view() }
      return TrainerState(tensors: tensors, integers: stateIntegers)
    }
  }

  /// Goes on from `state`, which may be a file's. Where this throws, the trainer may hold parts of it.
  ///
  /// - Throws: `missingTensor`, `shapeMismatch`, `corruptFile`, `outOfMemory`.
  package func restore(_ state: TrainerState) throws(LiaeError) {
    let counters = try state.counters()
    (seed, momentsOf) = (counters.seed, counters.optimizer)
    optimizer.seed = seed
    (iteration, optimizer.steps) = (counters.iteration, counters.optimizerSteps)
    (patches, codes) = (nil, nil)
    if let patch = try state.integer("gan_patch_size") {
      let dims = try state.needed("gan_dims")
      guard (1...4096).contains(patch), (1...512).contains(dims) else {
        throw LiaeError(.corruptFile, "the training state has a discriminator of patch \(patch) and \(dims) channels")
      }
      try makePatches(patch: patch, dims: dims)
      patches?.trainer.optimizer.steps = try state.needed("gan_steps")
    }
    if let steps = try state.integer("code_steps"), network.sharesCode {
      try makeCodes()
      codes?.optimizer.steps = steps
    }
    for parameter in allParameters { try parameter.restore { state.tensors[$0] } }
    if try state.integer("pretrain") == 1 && !options.pretrain { endPretraining() }
  }

  /// Takes over the moments that DeepFaceLab keeps in `NAME_SAEHD_src_dst_opt.npy` or `NAME_AMP_src_dst_opt.npy`: `ms_` and `vs_` of AdaBelief or
  /// `acc_` of RMSprop. Where they are the other optimiser's, moments begin at zero.
  ///
  /// - Parameters:
  ///   - tensors: under the file's keys, such as `ms_encoder/down1/downs_0/conv1/weight_0:0`.
  ///   - steps: optimiser steps, `iters:0`.
  ///   - iteration: of `data.dat`.
  /// - Throws: `shapeMismatch`, `outOfMemory`.
  package func restore(deepFaceLab tensors: TensorDictionary, steps: Int, iteration: Int) throws(LiaeError) {
    (self.iteration, optimizer.steps) = (iteration, steps)
    for parameter in network.parameters {
      let name = Self.deepFaceLabName(parameter.name)
      parameter.dropMoments()
      if options.optimizer == .adabelief {
        try parameter.restoreMoments(first: tensors["ms_\(name)_0:0"], second: tensors["vs_\(name)_0:0"])
      } else if options.optimizer == .rmsprop {
        try parameter.restoreMoments(first: tensors["acc_\(name)_0:0"], second: nil)
      }
    }
  }

  /// Takes over the weights of DeepFaceLab's `NAME_SAEHD_GAN.npy`, `NAME_AMP_GAN.npy` or, of df, `NAME_SAEHD_code_discriminator.npy`, for
  /// the discriminator that the options ask for.
  ///
  /// - Parameter tensors: under the file's keys, such as `convs_0/weight:0`.
  /// - Throws: `missingTensor`, `shapeMismatch`, `outOfMemory`.
  package func restore(deepFaceLabAdversary tensors: TensorDictionary) throws(LiaeError) {
    try prepare()
    guard let trainer = tensors["in_conv/weight:0"] == nil ? codes : patches?.trainer else { return }
    for parameter in trainer.adversary.parameters {
      // The file leaves the scope of the variables out.
      let name = Self.deepFaceLabName(parameter.name).drop { $0 != "/" }.dropFirst()
      try parameter.restore { $0 == parameter.name ? tensors["\(name):0"] : nil }
    }
  }

  /// The adversaries' parameters, under DeepFaceLab's names with dots.
  package var adversaryParameters: [Parameter] {
    (patches?.trainer.adversary.parameters ?? []) + (codes?.adversary.parameters ?? [])
  }

  /// `encoder.down1.downs.0.conv1.weight` as `encoder/down1/downs_0/conv1/weight`.
  package static func deepFaceLabName(_ name: String) -> String {
    name.split(separator: ".").reduce("") { path, part in
      path.isEmpty ? String(part) : path + (part.allSatisfy(\.isNumber) ? "_" : "/") + part
    }
  }
}

extension TrainingOptions.Optimizer {
  /// The number of the optimiser in states: never to be given to another.
  var number: UInt64 {
    switch self {
    case .adabelief: 0
    case .rmsprop: 1
    case .adam: 2
    case .torchRMSprop: 3
    }
  }
}
