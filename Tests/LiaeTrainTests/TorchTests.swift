// SPDX-License-Identifier: Apache-2.0
import Foundation
import LiaeSamples
import LiaeSystem
import LiaeTestSupport
import LiaeTrain
import Testing

/// The PyTorch port's criterion and PyTorch's optimisers, against PyTorch (make_torch_fixtures.py).
@Suite struct TorchTests {
  static let fixture = Result {
    try NPZ.read(URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/Fixtures/torch.npz")
  }
  private func array(_ name: String) throws -> NPYArray {
    try #require(try Self.fixture.get()[name], "no array \(name)")
  }

  /// One window, one window with a smaller picture, two windows. Stored values are float64.
  @Test(arguments: [1, 3], ["64_64", "64_60", "288_288"]) func criterion(workers: Int, tag: String) throws {
    let engine = try Engine(workers: workers)
    let losses = Losses(engine: engine)
    let rgb = try Golden.tensor(engine, array("\(tag)_rgb_u8"), isDifferentiable: true)
    let mask = try Golden.tensor(engine, array("\(tag)_mask_u8"), isDifferentiable: true)
    let batch = try FaceBatch(count: rgb.count, side: mask.height)
    batch.target.fill(try array("\(tag)_target_u8"))
    batch.mask.fill(try array("\(tag)_m_u8"))
    batch.eyesMouth.fill(try array("\(tag)_em_u8"))
    var options = TrainingOptions()
    (options.criterion, options.eyesMouthPriority) = (.torch, true)
    let targets = try SideTargets(losses, batch, side: rgb.height, blurOut: false)
    let loss = try losses.side(
      Criterion(.torch, resolution: mask.height), picture: rgb, mask: mask, targets: targets, options: options)
    let mean = loss.total.reduce(0, +) / Double(rgb.count)
    let expected = try array("\(tag)_loss").doubles[0]
    #expect(abs(mean - expected) < 1e-5 * expected, "\(mean), expected \(expected)")
    let step = mask.height == 64 ? 1 : 8
    for (tensor, name) in [(rgb, "rgb"), (mask, "mask")] {
      let distance = relativeDistance(
        tensor.strided(try tensor.gradients, step), try array("\(tag)_grad_\(name)").values)
      #expect(distance < 1e-4, "\(name): off by \(distance)")
    }
  }

  @Test(arguments: [Float(0), 1]) func logistic(label: Float) throws {
    let engine = try Engine(workers: 2)
    let logits = try Golden.tensor(engine, array("logits"), dividedBy: 1, isDifferentiable: true)
    var values = [0.0, 0.0]
    try Losses(engine: engine).logistic(logits, label: label, weight: 1, into: &values)
    let comparison = Comparison(values.map(Float.init), try array("logistic_\(Int(label))").values)
    #expect(comparison.maximum < 1e-6, "\(comparison)")
    #expect(relativeDistance(try logits.gradients, try array("logistic_grad_\(Int(label))").values) < 1e-5)
  }

  @Test(arguments: ["adam", "rmsprop"]) func optimizer(kind: String) throws {
    let engine = try Engine(workers: 2)
    let (before, gradients) = (try array("optimizer_w").values, try array("optimizer_g"))
    let parameter = try Parameter(name: "w", shape: [before.count])
    parameter.value.update(from: before, count: before.count)
    let optimizer = Optimizer(engine, [parameter], seed: 0)
    var options = TrainingOptions()
    (options.optimizer, options.learningRate) = (kind == "adam" ? .adam : .torchRMSprop, 1e-3)
    let expected = try array("optimizer_\(kind)")
    for step in 0..<gradients.shape[0] {
      parameter.gradient.update(from: gradients.item(step), count: before.count)
      parameter.hasGradient = true
      try optimizer.step(options, norm: optimizer.gradientNorm())
      let comparison = Comparison(parameter.values, expected.item(step))
      #expect(comparison.maximum < 3e-7, "step \(step): \(comparison)")
    }
  }

  /// Twenty iterations, whose losses float32 and float64 of PyTorch share to 4e-5.
  @Test(arguments: ["torch-udt", "torch-ud"], ["adam", "rmsprop"]) func trajectory(net: String, kind: String) throws {
    let model = try GoldenNetwork.repository(net).model()
    var options = TrainingOptions()
    (options.criterion, options.eyesMouthPriority) = (.torch, true)
    (options.optimizer, options.learningRate) = kind == "adam" ? (.adam, 5e-5) : (.torchRMSprop, 5e-6)
    let trainer = try Trainer(
      engine: Engine(workers: 2), architecture: model.architecture, weights: model, options: options, seed: 1)
    let batches = try TrainingBatch.repository.get()
    let expected = try array("\(net)_\(kind)")
    var worst = 0.0
    for step in 0..<20 {
      let report = try trainer.iterate(source: batches.source, destination: batches.destination)
      let wanted = Array(expected.doubles[2 * step..<2 * step + 2])
      for (loss, wanted) in zip([report.sourceLoss, report.destinationLoss], wanted) {
        worst = max(worst, abs(Double(loss) / wanted - 1))
      }
    }
    #expect(worst < 1e-4, "off by \(worst)")
  }
}
