// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeSystem
import LiaeTestSupport
import LiaeTrain
import Testing

/// Every stored run of DeepFaceLab's trainer: losses, gradients, updates, within what its own rounding allows.
@Suite struct TrainingGoldenTests {
  @Test(arguments: TrainingCase.all) func steps(_ c: TrainingCase) throws {
    let golden = try c.golden()
    let trainer = try c.trainer()
    let named = trainer.named
    let batches = try TrainingCase.batches.get()
    let initial = named.mapValues(\.values)
    // The cosine without the dropout.
    let ones = try Bytes.allocate(1 << 20)
    let one = ones.base.assumingMemoryBound(to: Float.self)
    one.update(repeating: 1, count: 1 << 18)
    if c.name.hasPrefix("lrcos") { trainer.rateFactors = { _ in UnsafePointer(one) } }

    let steps = golden["src_loss_step5"] == nil ? 1 : 5
    for step in 1...steps {
      let report = try trainer.step(source: batches.source, destination: batches.destination)
      #expect(report.isFinite)
      let tolerance = step == 1 ? 1e-5 : 5e-4
      for (side, loss) in [("src", report.source), ("dst", report.destination)] {
        if let expected = golden["\(side)_loss_step\(step)"]?.values {
          expectRelative(loss.total, expected, tolerance, "\(side) loss of step \(step)")
        }
        guard step == 1 else { continue }
        for (term, values) in [("dssim", loss.structure), ("mse", loss.pixel), ("mask", loss.mask)] {
          if let expected = golden["term_\(side)_\(term)"]?.values { expectRelative(values, expected, 2e-5, term) }
        }
      }
      if step == 1 {
        try checkGradients(golden, named, Double(report.gradientNorm), tolerance: c.probeTolerance)
        if golden["D_loss"] != nil {
          let total = zip(zip(report.source.total, report.destination.total), report.adversarial)
            .map { $0.0 + $0.1 + $1 }
          expectRelative(total, try #require(golden["G_loss_total"]).values, 1e-5, "the generator's loss")
          // The adversary has learnt from what the changed generator makes.
          for name in try TrainingCase.names(golden["D_weight_names"]) {
            let weights = try #require(golden["D_w_step1/\(name):0"]).values
            let near = zip(try #require(named[name]).values, weights).count { abs($0 - $1) < 1e-6 }
            #expect(Double(near) >= 0.99 * Double(weights.count), "\(name): \(near) of \(weights.count)")
          }
        }
      }
      if c.hasDeltas && (step == 1 || step == 5) { try checkDeltas(golden, named, initial, step) }
    }
    _ = ones
  }

  private func checkGradients(
    _ golden: [String: NPYArray], _ named: [String: Parameter], _ norm: Double, tolerance: Double
  ) throws {
    let names = try TrainingCase.names(golden["grad_names"])
    let norms = try #require(golden["grad_l2"]).doubles, probes = try #require(golden["grad_probe"])
    for (i, name) in names.enumerated() {
      let gradient = try #require(named[name], "\(name)").gradients
      let own = LiaeTrainTests.norm(gradient)
      #expect(abs(own - norms[i]) < 1e-4 * norms[i], "\(name): norm \(own), expected \(norms[i])")
      let bound = tolerance * Double(gradient.map(abs).max() ?? 0)
      for (value, wanted) in zip(probe(gradient), probes.item(i)) where gradient.count >= 16 {
        #expect(abs(Double(value) - Double(wanted)) < bound, "\(name): \(value), expected \(wanted)")
      }
      if let full = golden["grad/\(name):0"] {
        let distance = relativeDistance(gradient, full.values)
        #expect(distance < 1e-4, "\(name): off by \(distance)")
      }
    }
    let expected = try #require(golden["grad_global_norm"]).doubles[0]
    #expect(abs(norm - expected) < 1e-4 * expected)
  }

  private func checkDeltas(
    _ golden: [String: NPYArray], _ named: [String: Parameter], _ initial: [String: [Float]], _ step: Int
  ) throws {
    let names = try TrainingCase.names(golden["weight_names"])
    let norms = try #require(golden["delta_l2_step\(step)"]).doubles
    let probes = try #require(golden["delta_probe_step\(step)"])
    var (near, all) = (0, 0)
    for (i, name) in names.enumerated() {
      let parameter = try #require(named[name]), before = try #require(initial[name])
      let delta = zip(parameter.values, before).map { $0 - $1 }
      let own = norm(delta)
      #expect(abs(own - norms[i]) <= 1e-2 * norms[i], "\(name), step \(step): norm \(own), expected \(norms[i])")
      guard step == 1 else { continue }
      for (value, wanted) in zip(probe(delta), probes.item(i)) where delta.count >= 16 {
        all += 1
        near += abs(value - wanted) < 1e-6 ? 1 : 0
      }
      if let full = golden["w_step1/\(name):0"]?.values {
        all += full.count
        near += zip(parameter.values, full).count { abs($0 - $1) < 1e-6 }
      }
    }
    #expect(Double(near) >= 0.99 * Double(all), "\(near) of \(all) updates agree")
  }

  /// What the adversaries lose and learn. The stored values are those of the generator before its step, so that here it
  /// stands still.
  @Test(arguments: TrainingCase.all.filter { ["gan", "trueface"].contains($0.name) })
  func adversary(_ c: TrainingCase) throws {
    let golden = try c.golden()
    let trainer = try c.trainer()
    trainer.options.randomWarp = false
    for parameter in trainer.network.parameters { parameter.isTrained = false }
    let batches = try TrainingCase.batches.get()
    let report = try trainer.step(source: batches.source, destination: batches.destination)
    let losses = try #require(golden["D_loss"]).values
    expectRelative(try #require(report.patchLoss ?? report.codeLoss), losses, 1e-5, "the adversary's loss")
    let norms = try #require(golden["D_grad_l2"]).doubles
    let named = trainer.named
    for (i, full) in try TrainingCase.names(golden["D_weight_names"]).enumerated() {
      let parameter = try #require(named[full], "\(full)")
      let own = norm(parameter.gradients)
      #expect(abs(own - norms[i]) < 1e-4 * norms[i], "\(full): norm \(own), expected \(norms[i])")
      let gradient = try #require(golden["D_grad/\(full):0"]).values
      #expect(relativeDistance(parameter.gradients, gradient) < 1e-4, "\(full)")
    }
  }

  private func expectRelative(_ values: [Double], _ expected: [Float], _ tolerance: Double, _ what: String) {
    #expect(values.count == expected.count)
    for (value, wanted) in zip(values, expected) {
      #expect(abs(value - Double(wanted)) < tolerance * Double(abs(wanted)), "\(what): \(value), expected \(wanted)")
    }
  }
}
