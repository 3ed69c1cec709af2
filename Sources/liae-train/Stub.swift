// SPDX-License-Identifier: Apache-2.0
// Stands for the trainer and the samples until they are there.
import LiaeFrame
import LiaeModel
import LiaeSamples
import LiaeSystem
import LiaeTensor
import LiaeTrain

struct StepReport { var sourceLoss: Float, destinationLoss: Float, gradientNorm: Float, isFinite: Bool }
struct Preview { var source, destination, swap, sourceMask, destinationMask, swapMask: Bytes }
struct TrainerState {
  var tensors: TensorDictionary
  var integers: [(name: String, value: UInt64)]
}

final class Trainer {
  let architecture: Architecture
  var options: TrainingOptions
  private(set) var iteration = 0
  private var weights: Bytes
  private var random: SplitMix64
  init(engine: Engine, architecture: Architecture, weights: Model?, options: TrainingOptions, seed: UInt64)
    throws(LiaeError)
  {
    (self.architecture, self.options) = (architecture, options)
    self.weights = try Bytes.allocate(4000)
    random = SplitMix64(state: seed)
  }
  func step(source: FaceBatch, destination: FaceBatch) throws(LiaeError) -> StepReport {
    let w = weights.base.assumingMemoryBound(to: Float.self)
    let x = source.warped.base.assumingMemoryBound(to: Float.self)
    for i in 0..<1000 { w[i] = w[i] * 0.99 + 0.01 * (x[i] + random.uniform()) }
    iteration += 1
    let noise = random.uniform()
    return StepReport(
      sourceLoss: 0.2 + 8 / Float(iteration + 9).squareRoot() * (0.8 + 0.4 * noise),
      destinationLoss: 0.15 + 6 / Float(iteration + 9).squareRoot() * (0.8 + 0.4 * random.uniform()), gradientNorm: 1,
      isFinite: true)
  }
  func model() throws(LiaeError) -> Model { try Model.random(architecture) }
  func preview(source: FaceBatch, destination: FaceBatch) throws(LiaeError) -> Preview {
    Preview(
      source: source.warped, destination: destination.warped, swap: source.target, sourceMask: source.mask,
      destinationMask: destination.mask, swapMask: destination.eyesMouth)
  }
  var state: TrainerState {
    get throws(LiaeError) {
      var t = TensorDictionary()
      t["weights"] = try TensorView(dtype: .float32, shape: [1000], storage: weights)
      return TrainerState(tensors: t, integers: [("iteration", UInt64(iteration))])
    }
  }
  func restore(_ state: TrainerState) throws(LiaeError) {
    iteration = Int(state.integers.first { $0.name == "iteration" }?.value ?? 0)
    random = SplitMix64(state: UInt64(iteration))
    if let w = state.tensors["weights"] { weights = try Bytes.copy(w.raw) }
  }
}
