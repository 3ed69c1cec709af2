// SPDX-License-Identifier: Apache-2.0
import LiaeConvert
import LiaeSamples
import LiaeSystem
import LiaeTestSupport
import LiaeTrain
import Testing

/// A step of DeepFaceLab's XSeg trainer in float64 (`training/xseg-*.npz` of the golden data), and ours beside it.
struct SegmentationCase: Sendable, CustomStringConvertible {
  /// The file's name without `.npz`: the network, an underscore and what is trained.
  let name: String
  let arrays: [String: NPYArray]
  var description: String { name }
  var isPretraining: Bool { arrays["target_u8"] != nil }

  static let files = GoldenSet.chosen.files("training", prefix: "xseg-", suffix: ".npz").map { String($0.dropLast(4)) }
  static let all = files.compactMap { name in
    (try? GoldenSet.chosen.arrays("training/\(name)")).map { SegmentationCase(name: name, arrays: $0) }
  }

  func trainer(workers: Int = 2) throws -> SegmentationTrainer {
    let model = try GoldenNetwork(String(name.prefix { $0 != "_" }), in: .chosen).model()
    var options = SegmentationOptions()
    options.pretrain = isPretraining
    return try SegmentationTrainer(
      engine: Engine(workers: workers), architecture: model.architecture, weights: model, options: options, seed: 1)
  }

  func batch() throws -> SegmentationBatch {
    let network = GoldenXSeg(network: GoldenNetwork(String(name.prefix { $0 != "_" }), in: .chosen))
    let faces = try network.faces()
    let batch = try SegmentationBatch(count: faces.count, side: 256)
    let picture = batch.picture.base.assumingMemoryBound(to: Float.self)
    for (i, value) in faces.joined().enumerated() { picture[i] = value }
    let mask = batch.mask.base.assumingMemoryBound(to: Float.self), pixels = faces.count * 256 * 256
    if let gray = arrays["target_u8"]?.values {
      for i in 0..<pixels { mask[i] = gray[i] / 255 }
    } else {
      let bits = try #require(arrays["target_packed"]).values
      for i in 0..<pixels { mask[i] = Float(Int(bits[i / 8]) >> (7 - i % 8) & 1) }
    }
    return batch
  }
}

/// Losses, gradients and the first update of DeepFaceLab's XSeg, within the tolerances of the golden data's README.
@Suite(.golden("training", "networks")) struct SegmentationGoldenTests {
  @Test(.having(SegmentationCase.files.count, "runs of XSeg's trainer")) func everyRunIsRead() {
    #expect(SegmentationCase.all.count == SegmentationCase.files.count)
  }

  @Test(.having(SegmentationCase.all.count, "runs of XSeg's trainer"), arguments: SegmentationCase.all)
  func step(_ c: SegmentationCase) throws {
    let trainer = try c.trainer(), batch = try c.batch()
    let named = Dictionary(
      uniqueKeysWithValues: trainer.network.parameters.map {
        (SegmentationTrainer.deepFaceLabName($0.name), $0)
      })
    // Masks of the random update, where they are stored: 308 / 1024 of 0 and 1; the others stay.
    var masks: [String: Bytes] = [:]
    for (key, array) in c.arrays where key.hasPrefix("lr_mask/") {
      let name = String(key.dropFirst(8).dropLast(2)), parameter = try #require(named[name])
      let bytes = try Bytes.allocate((parameter.count + 16) / 16 * 64)
      let factors = bytes.base.assumingMemoryBound(to: Float.self)
      array.values.withUnsafeBufferPointer {
        if let base = $0.baseAddress { parameter.copy(fileOrder: base, to: factors) }
      }
      masks[name] = bytes
    }
    #expect(!masks.isEmpty)
    let none = try Bytes.allocate((named.values.map(\.count).max() ?? 0) * 4 + 64)
    trainer.rateFactors = { parameter in
      let bytes = masks[SegmentationTrainer.deepFaceLabName(parameter.name)] ?? none
      return UnsafePointer(bytes.base.assumingMemoryBound(to: Float.self))
    }
    let report = try trainer.iterate(batch)
    #expect(report.isFinite)
    let losses = try #require(c.arrays["loss_step1"]).doubles
    try #require(losses.count == report.losses.count)
    for (own, expected) in zip(report.losses, losses) {
      #expect(abs(own - expected) <= 1e-5 * expected, "loss \(own), expected \(expected)")
    }

    let names = try #require(c.arrays["grad_names"]).texts, norms = try #require(c.arrays["grad_l2"]).doubles
    let whole = norms.reduce(0) { $0 + $1 * $1 }.squareRoot()
    for (index, key) in names.enumerated() {
      let name = String(key.dropLast(2)), parameter = try #require(named[name], "\(name)")
      let own = norm(parameter.gradients)
      // An epsilon's derivative is a small difference of large sums: float64 alone is exact there, and the tests of
      // operations hold ours to central differences.
      if name.hasSuffix("/eps") { continue }
      let bound = (c.isPretraining ? 2e-2 : 5e-3) * norms[index] + 1e-4 * whole
      #expect(abs(own - norms[index]) <= bound, "\(name): norm \(own), expected \(norms[index])")
      if let full = c.arrays["grad/\(key)"]?.values {
        let distance = norm(zip(parameter.gradients, full).map { $0 - $1 })
        #expect(distance <= bound, "\(name): off by \(distance) of \(norms[index])")
      }
    }
    for (key, array) in c.arrays where key.hasPrefix("w_step1/") {
      let name = String(key.dropFirst(8).dropLast(2)), values = try #require(named[name]).values
      let far = zip(values, array.values).count { abs($0 - $1) > 4e-6 }
      let most = zip(values, array.values).reduce(0) { max($0, abs($1.0 - $1.1)) }
      // Elements whose gradient is as large as rounding go the other way, by two steps of 3.2e-4.
      #expect(
        Double(far) <= max(1, 0.07 * Double(values.count)) && most <= 6.6e-4, "\(name): \(far) of \(values.count)")
    }
    withExtendedLifetime((masks, none)) {}
  }

  /// The same bits for any number of threads.
  @Test(.having(SegmentationCase.all.count, "runs of XSeg's trainer"))
  func threads() throws {
    let c = try #require(SegmentationCase.all.first { !$0.isPretraining })
    func weights(_ workers: Int) throws -> [Float] {
      let trainer = try c.trainer(workers: workers)
      for _ in 0..<2 { _ = try trainer.iterate(try c.batch()) }
      return trainer.network.parameters.flatMap(\.values)
    }
    #expect(isBitEqual(try weights(1), try weights(3)))
  }
}
