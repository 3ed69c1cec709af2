// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeTestSupport
import LiaeTrain
import Testing

/// The optimisers alone: DeepFaceLab's stored gradients in, DeepFaceLab's weights out.
@Suite(.golden("training", "networks")) struct OptimizerGoldenTests {
  @Test(.having(TrainingCase.all.count, "runs of SAEHD"), arguments: TrainingCase.all)
  func firstStep(_ c: TrainingCase) throws {
    let engine = try Engine(workers: 3)
    let before = try c.trainer().named
    var compared = 0
    for (key, array) in c.arrays where key.hasPrefix("grad/") {
      let gradient = array.values, name = String(key.dropFirst(5).dropLast(2))
      guard let weights = c.arrays["w_step1/\(name):0"]?.values else { continue }
      // Which elements were changed is stored for these tensors alone.
      let mask = c.arrays["lr_mask/\(name):0"]?.values
      if c.isRandom && mask == nil { continue }
      let parameter = try Parameter(name: name, shape: [gradient.count])
      parameter.value.update(from: try #require(before[name], "\(name)").values, count: gradient.count)
      parameter.gradient.update(from: gradient, count: gradient.count)
      parameter.hasGradient = true
      let optimizer = Optimizer(engine, [parameter], seed: 0)
      optimizer.steps = c.before
      let bytes = try Bytes.allocate(gradient.count * 4 + 64)
      let factors = bytes.base.assumingMemoryBound(to: Float.self)
      factors.update(repeating: 1, count: gradient.count)
      if let mask { factors.update(from: mask, count: gradient.count) }
      try optimizer.step(
        c.options, norm: try #require(c.arrays["grad_global_norm"]).doubles[0], factors: { _ in UnsafePointer(factors) }
      )
      let comparison = Comparison(parameter.values, weights)
      // A unit in the last place of a weight, or what an update of 2e-4 rounds by.
      #expect(comparison.maximum < 1e-7 || comparison.maximumULP <= 1, "\(name): \(comparison)")
      compared += 1
      withExtendedLifetime(bytes) {}
    }
    #expect(compared > 0)
  }
}
