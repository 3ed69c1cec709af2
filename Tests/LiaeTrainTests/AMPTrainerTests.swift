// SPDX-License-Identifier: Apache-2.0
import LiaeConvert
import LiaeGraph
import LiaeSamples
import LiaeSystem
import LiaeTestSupport
import LiaeTrain
import Testing

/// Tests what is AMP's own in training: which weights move, the random masks, options that it lacks, previews.
@Suite struct AMPTrainerTests {
  private static let architecture = Architecture(
    family: .amp, resolution: 64, eDims: 4, aeDims: 8, dDims: 4, dMaskDims: 4, interDims: 16)

  private func trainer(seed: UInt64 = 3, _ change: (inout TrainingOptions) -> Void = { _ in }) throws -> Trainer {
    var options = TrainingOptions()
    change(&options)
    return try Trainer(
      engine: Engine(workers: 2), architecture: Self.architecture, weights: nil, options: options, seed: seed)
  }

  private func step(_ trainer: Trainer) throws -> IterationReport {
    let batches = try TrainingBatch.repository.get()
    return try trainer.iterate(source: batches.source, destination: batches.destination)
  }

  /// The latent modules keep their first values, whether faces are warped or not.
  @Test(arguments: [true, false]) func encoderAndDecoderAloneAreTrained(isWarped: Bool) throws {
    let trainer = try trainer { $0.randomWarp = isWarped }
    let before = trainer.named.mapValues(\.values)
    _ = try step(trainer)
    for (name, parameter) in trainer.named {
      let isSame = isBitEqual(parameter.values, try #require(before[name]))
      #expect(isSame == name.hasPrefix("inter_"), "\(name)")
    }
  }

  /// Losses of the source alone depend on the masks, which follow from the seed and the iteration.
  @Test func masksAreDrawnAnewInEachStep() throws {
    func losses(seed: UInt64, steps: Int) throws -> [IterationReport] {
      // The weights stand still.
      let trainer = try trainer(seed: seed) { $0.learningRate = 0 }
      let weights = try self.trainer()
      for (own, other) in zip(trainer.network.parameters, weights.network.parameters) { own.setValues(other.values) }
      return try (0..<steps).map { _ in try step(trainer) }
    }
    let one = try losses(seed: 3, steps: 3), same = try losses(seed: 3, steps: 3), other = try losses(seed: 4, steps: 1)
    #expect(one.map(\.source.total) == same.map(\.source.total))
    #expect(Set(one.map(\.sourceLoss)).count == 3 && other[0].sourceLoss != one[0].sourceLoss)
    #expect(Set((one + other).map(\.destinationLoss)).count == 1)
  }

  /// With a factor of 1 the source's code is inter_src's, with 0 inter_dst's, as masks of ones and zeros have it; between
  /// them exactly int(16 * factor) channels of 16 are inter_src's, which ones is random, and each as often as the others.
  @Test(arguments: [0.0, 0.1, 0.3, 0.5, 1]) func masksHaveExactlySoManyChannels(factor: Double) throws {
    let trainer = try trainer { $0.morphFactor = factor }
    let channels = Self.architecture.interDims
    let engine = trainer.engine
    // inter_src is 1 and inter_dst 0 everywhere, so that the mix is the mask.
    func filled(_ value: Float) throws -> Tensor {
      let tensor = try Tensor(engine, count: 2, height: 2, width: 2, channels: channels)
      tensor.value.update(repeating: value, count: tensor.elements)
      return tensor
    }
    let (ones, zeros) = (try filled(1), try filled(0))
    var counts = [Int](repeating: 0, count: channels)
    let draws = 400
    for step in 0..<draws {
      let masks = try trainer.drawnMasks(count: 2, step: step)
      let mixed = try trainer.network.evaluate(
        "morph.code", given: ["inter_src": ones, "inter_dst": zeros], mixing: masks, on: Tape(engine))
      for face in 0..<2 {
        let pixels = (0..<4).map { pixel in (0..<channels).map { mixed.values[(face * 4 + pixel) * channels + $0] } }
        #expect(Set(pixels).count == 1)
        let mask = pixels[0]
        #expect(mask.count { $0 == 1 } == Int(Double(channels) * factor) && mask.allSatisfy { $0 == 0 || $0 == 1 })
        for channel in 0..<channels where mask[channel] == 1 { counts[channel] += 1 }
      }
    }
    let share = Double(Int(Double(channels) * factor)) / Double(channels), faces = Double(2 * draws)
    // Five deviations of a binomial number.
    let bound = 5 * (faces * share * (1 - share)).squareRoot()
    #expect(counts.allSatisfy { abs(Double($0) - faces * share) <= bound }, "\(counts)")
  }

  /// Whatever is asked for: faces are masked, and eyes and mouth count more.
  @Test func eyesAndMouthAlwaysCount() throws {
    let plain = try step(try trainer()), asked = try step(try trainer { $0.eyesMouthPriority = true })
    #expect(plain.source.eyesMouth == asked.source.eyesMouth && plain.source.eyesMouth.allSatisfy { $0 > 0 })
  }

  @Test func optionsThatItLacks() throws {
    for (name, change) in [
      ("pretrain", { $0.pretrain = true }), ("true_face_power", { $0.trueFacePower = 0.1 }),
      ("face_style_power", { $0.faceStylePower = 1 }), ("bg_style_power", { $0.backgroundStylePower = 1 }),
      ("torch", { $0.criterion = .torch }), ("masked_training", { $0.maskedTraining = false }),
      ("morph_factor", { $0.morphFactor = .nan }), ("morph_factor", { $0.morphFactor = 1.5 }),
    ] as [(String, (inout TrainingOptions) -> Void)] {
      var options = TrainingOptions()
      change(&options)
      expectError(.invalidArgument, name) { try Trainer.check(options, for: Self.architecture) }
      let trainer = try trainer(change)
      expectError(.invalidArgument, name) { _ = try step(trainer) }
      #expect(trainer.iteration == 0)
    }
  }

  /// The pictures of golden networks: reconstructions with the stored mask, and the swap.
  @Test(.golden("networks"), .having(GoldenNetwork.amp.count, "AMP networks"), arguments: GoldenNetwork.amp)
  func preview(_ network: GoldenNetwork) throws {
    let golden = try network.arrays(), model = try network.model()
    let trainer = try Trainer(
      engine: Engine(workers: 2), architecture: model.architecture, weights: model, options: TrainingOptions(), seed: 1)
    let masks = try #require(golden["src_mask"])
    trainer.channelMasks = { face, channel in masks.item(face)[channel] }
    func batch(_ name: String) throws -> FaceBatch {
      let faces = try #require(golden[name])
      let batch = try FaceBatch(count: faces.shape[0], side: faces.shape[1])
      batch.warped.fill(faces)
      return batch
    }
    let preview = try trainer.preview(source: batch("src_u8"), destination: batch("dst_u8"))
    func expect(_ bytes: Bytes, _ name: String) throws {
      let expected = try #require(golden[name]?.values ?? golden["\(name)_u16"]?.values.map { $0 / 65535 }, "\(name)")
      let own = (0..<expected.count).map { bytes.base.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
      try #require(bytes.count == 4 * expected.count)
      let comparison = Comparison(own, expected)
      #expect(comparison.maximum < 1e-4, "\(name): \(comparison)")
    }
    try expect(preview.source, "src_src_rgb")
    try expect(preview.sourceMask, "src_src_mask")
    try expect(preview.destination, "dst_dst_rgb")
    try expect(preview.destinationMask, "dst_dst_mask")
    try expect(preview.swap, "swap_rgb_m1")
    try expect(preview.swapMask, "swap_mask_m1")
    #expect(preview.morphs.map(\.morph) == [0.25, 0.5, 0.65, 0.75])
    for morph in preview.morphs where golden.keys.contains(where: { $0.hasPrefix("swap_rgb_m\(morph.morph)") }) {
      try expect(morph.picture, "swap_rgb_m\(morph.morph)")
    }
  }
}
