// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeSystem
import LiaeTensor

extension SegmentationTrainer {
  /// - Throws: `outOfMemory`.
  package func model() throws(LiaeError) -> Model {
    var info = ModelInfo(origin: .trained)
    info.iteration = iteration
    return try network.model(info: info)
  }

  /// The tensors of the state, each made when it is asked for: to be written before the next iteration.
  package var stateTensors: [TensorSource] { network.parameters.flatMap(\.sources) }

  /// The counters of the state.
  package var stateIntegers: [(name: String, value: UInt64)] {
    [
      ("iteration", UInt64(iteration)), ("seed", seed), ("optimizer", momentsOf.number),
      ("optimizer_steps", UInt64(optimizer.steps)), ("pretrain", options.pretrain ? 1 : 0),
    ]
  }

  /// Goes on from `state`, which may be a file's. Where this throws, the trainer may hold parts of it.
  ///
  /// - Throws: `missingTensor`, `shapeMismatch`, `corruptFile`, `outOfMemory`.
  package func restore(_ state: TrainerState) throws(LiaeError) {
    let counters = try state.counters()
    (seed, momentsOf) = (counters.seed, counters.optimizer)
    optimizer.seed = seed
    (iteration, optimizer.steps) = (counters.iteration, counters.optimizerSteps)
    for parameter in network.parameters { try parameter.restore { state.tensors[$0] } }
    if try state.integer("pretrain") == 1 && !options.pretrain { iteration = 0 }
  }

  /// Takes over the moments that DeepFaceLab keeps in `XSeg_256_opt.npy`: `acc_` of RMSprop. For another optimiser moments
  /// begin at zero.
  ///
  /// - Parameters:
  ///   - tensors: under the file's keys, such as `acc_XSeg/conv01/conv/weight_0:0`.
  ///   - steps: `iters:0`.
  ///   - iteration: of `data.dat`.
  /// - Throws: `shapeMismatch`, `outOfMemory`.
  package func restore(deepFaceLab tensors: TensorDictionary, steps: Int, iteration: Int) throws(LiaeError) {
    (self.iteration, optimizer.steps) = (iteration, steps)
    for parameter in network.parameters {
      parameter.dropMoments()
      guard options.optimizer == .rmsprop else { continue }
      let name = Self.deepFaceLabName(parameter.name)
      try parameter.restoreMoments(first: tensors["acc_\(name)_0:0"], second: nil)
    }
  }

  /// `xseg.conv01.conv.weight` as `XSeg/conv01/conv/weight`.
  package static func deepFaceLabName(_ name: String) -> String {
    "XSeg/" + name.split(separator: ".").dropFirst().joined(separator: "/")
  }
}
