// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeSamples
import LiaeSystem
import LiaeTestSupport
import LiaeTrain
import Testing

/// Every stored run of DeepFaceLab's trainer: losses, gradients, updates, within what its own rounding allows.
@Suite(.golden("training", "networks")) struct TrainingGoldenTests {
  @Test(.having(GoldenSet.chosen.files("training", suffix: ".npz").count, "runs of a trainer"))
  func everyRunIsRead() throws { #expect(try TrainingCase.loaded.get().count + TrainingCase.unread.count > 0) }

  @Test(.unread(TrainingCase.unread)) func theRest() { #expect(TrainingCase.unread.isEmpty) }

  private func batches(_ c: TrainingCase, _ trainer: Trainer) throws -> TrainingBatch.Sides {
    let count = try #require(c.arrays["src_loss_step1"] ?? c.arrays["term_src_dssim"], "\(c): no losses").values.count
    return try TrainingBatch.of(side: trainer.architecture.resolution, count: count)
  }

  @Test(.having(TrainingCase.all.count, "runs of SAEHD and AMP"), arguments: TrainingCase.all) func steps(
    _ c: TrainingCase
  )
    throws
  {
    let golden = c.arrays
    let trainer = try c.trainer()
    let named = trainer.named
    let batches = try batches(c, trainer)
    let initial = named.mapValues(\.values)
    // The cosine without the dropout.
    let ones = try Bytes.allocate(4 * ((named.values.map(\.count).max() ?? 0) + 16))
    let one = ones.base.assumingMemoryBound(to: Float.self)
    one.update(repeating: 1, count: ones.count / 4)
    if c.options.learningRateDropout && !c.isRandom { trainer.rateFactors = { _ in UnsafePointer(one) } }

    for step in 1...c.steps {
      trainer.options.learningRate = c.learningRate(step: step - 1)
      let report = try trainer.iterate(source: batches.source, destination: batches.destination)
      #expect(report.isFinite)
      let tolerance = step == 1 ? c.lossTolerance : 5e-4
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
        let gradients = named.mapValues(\.gradients)
        try GoldenGradients(golden, tolerance: c.isAMP ? 5e-5 : 1e-4).check(gradients) { move in
          let other = try c.trainer(moving: move)
          _ = try other.iterate(source: batches.source, destination: batches.destination)
          return other.named.mapValues(\.gradients)
        }
        if let total = golden["G_loss_total"] ?? golden["G_loss_total_step1"] {
          let own = total.values.indices.map {
            report.source.total[$0] + report.destination.total[$0] + report.background[$0] + report.adversarial[$0]
          }
          expectRelative(own, total.values, c.lossTolerance, "the generator's loss")
        }
        if c.hasAdversary { try checkAdversary(golden, named) }
      }
      if !c.isRandom, golden["delta_l2_step\(step)"] != nil { try checkDeltas(golden, named, initial, step) }
    }
    withExtendedLifetime(ones) {}
  }

  private func checkAdversary(_ golden: [String: NPYArray], _ named: [String: Parameter]) throws {
    guard let names = golden["D_weight_names"]?.texts else { return }
    // The adversary has learnt from what the changed generator makes.
    var (near, all) = (0, 0)
    for key in names {
      guard let weights = golden["D_w_step1/\(key)"]?.values else { continue }
      let own = try #require(named[String(key.dropLast(2))], "\(key)").values
      try #require(own.count == weights.count)
      all += weights.count
      near += zip(own, weights).count { abs($0 - $1) < 1e-6 }
    }
    #expect(Double(near) >= 0.99 * Double(all), "\(near) of \(all) of the adversary's weights agree")
  }

  private func checkDeltas(
    _ golden: [String: NPYArray], _ named: [String: Parameter], _ initial: [String: [Float]], _ step: Int
  ) throws {
    let names = try #require(golden["weight_names"]).texts
    let norms = try #require(golden["delta_l2_step\(step)"]).doubles
    let probes = golden["delta_probe_step\(step)"]
    var (near, all) = (0, 0)
    for (i, key) in names.enumerated() {
      let name = String(key.dropLast(2))
      let parameter = try #require(named[name], "\(name)"), before = try #require(initial[name])
      let delta = zip(parameter.values, before).map { $0 - $1 }
      let own = norm(delta)
      #expect(abs(own - norms[i]) <= 1e-2 * norms[i], "\(name), step \(step): norm \(own), expected \(norms[i])")
      guard step == 1 else { continue }
      if let probes, delta.count >= 16 {
        all += 16
        near += zip(probe(delta), probes.item(i)).count { abs($0 - $1) < 1e-6 }
      }
      if let full = golden["w_step1/\(key)"]?.values {
        all += full.count
        near += zip(parameter.values, full).count { abs($0 - $1) < 1e-6 }
      }
    }
    #expect(Double(near) >= 0.99 * Double(all), "\(near) of \(all) updates agree")
  }

  /// The adversaries lose and learn as DeepFaceLab's do. The stored values are those of the generator before its update,
  /// so that here it stands still.
  @Test(
    .having(TrainingCase.all.count(where: \.hasAdversary), "runs with an adversary"),
    arguments: TrainingCase.all.filter(\.hasAdversary)) func adversary(_ c: TrainingCase) throws
  {
    func learned(_ move: (name: String, by: Float)? = nil) throws -> (IterationReport, [String: [Float]]) {
      let trainer = try c.trainer(moving: move)
      trainer.options.randomWarp = false
      for parameter in trainer.network.parameters { parameter.isTrained = false }
      let batches = try batches(c, trainer)
      let report = try trainer.iterate(source: batches.source, destination: batches.destination)
      return (report, trainer.named.mapValues(\.gradients))
    }
    let (report, gradients) = try learned()
    let losses = try #require(c.arrays["D_loss"]).values
    expectRelative(try #require(report.patchLoss ?? report.codeLoss), losses, 1e-5, "the adversary's loss")
    try GoldenGradients(c.arrays, prefix: "D_", tolerance: c.isAMP ? 1e-3 : 1e-4).check(gradients) { try learned($0).1 }
  }

  /// The network makes of the batch what DeepFaceLab's made of it, in the runs that stored it.
  @Test(
    .having(TrainingCase.all.count { $0.arrays["pred_src_src"] != nil }, "runs with predictions"),
    arguments: TrainingCase.all.filter { $0.arrays["pred_src_src"] != nil }) func preview(_ c: TrainingCase) throws
  {
    let trainer = try c.trainer()
    let batches = try batches(c, trainer)
    let preview = try trainer.preview(source: batches.source, destination: batches.destination)
    let (pictureSide, maskSide) = (trainer.architecture.rgbSide, trainer.architecture.maskSide)
    for (bytes, name, side, channels) in [
      (preview.source, "src_src", pictureSide, 3), (preview.destination, "dst_dst", pictureSide, 3),
      (preview.swap, "src_dst", pictureSide, 3), (preview.sourceMask, "src_srcm", maskSide, 1),
      (preview.destinationMask, "dst_dstm", maskSide, 1), (preview.swapMask, "src_dstm", maskSide, 1),
    ] {
      let expected = try #require(c.arrays["pred_\(name)"])
      let tensor = try Tensor(
        trainer.engine, count: batches.source.count, height: side, width: side, channels: channels)
      tensor.value.update(from: bytes.base.assumingMemoryBound(to: Float.self), count: tensor.elements)
      let comparison = Comparison(tensor.strided(tensor.values, side / expected.shape[1]), expected.values)
      #expect(comparison.maximum < GoldenTolerance.direct, "\(name): \(comparison)")
    }
  }

  private func expectRelative(_ values: [Double], _ expected: [Float], _ tolerance: Double, _ what: String) {
    #expect(values.count == expected.count)
    for (value, wanted) in zip(values, expected) {
      #expect(abs(value - Double(wanted)) <= tolerance * Double(abs(wanted)), "\(what): \(value), expected \(wanted)")
    }
  }
}
