// SPDX-License-Identifier: Apache-2.0
import LiaeSamples
import LiaeSystem
import LiaeTestSupport
import LiaeTrain
import Testing

/// Values and derivatives against what DeepFaceLab's functions gave, with one thread and with three.
@Suite struct LossGoldenTests {
  @Test(arguments: [1, 3], ["r64_fs5", "r64_fs11", "r128_fs11", "r256_fs11", "r256_fs22", "r320_fs13", "r320_fs27"])
  func structure(workers: Int, file: String) throws {
    let engine = try Engine(workers: workers)
    let golden = try Golden.losses("dssim_\(file)")
    let prediction = try Golden.tensor(engine, golden["pred_u8"], isDifferentiable: true)
    let target = try Golden.tensor(engine, golden["target_u8"])
    var values = Array(repeating: 0.0, count: prediction.count)
    try Losses(engine: engine).structure(
      .deepFaceLab, prediction, target, window: Int(try #require(golden["filter_size"]).values[0]), weight: 1,
      into: &values)
    let expected = try #require(golden["loss"]).values
    for (value, wanted) in zip(values, expected) { #expect(abs(value - Double(wanted)) < 2e-5) }
    let gradients = try prediction.gradients
    let step = Int(try #require(golden["grad_stride"]).values[0])
    let distance = relativeDistance(prediction.strided(gradients, step), try #require(golden["grad_pred"]).values)
    #expect(distance < 1e-3)
    for sample in 0..<prediction.count {
      let own = norm(gradients[sample * prediction.stride..<(sample + 1) * prediction.stride])
      let wanted = try #require(golden["grad_l2"]).doubles[sample]
      #expect(abs(own - wanted) < 1e-3 * wanted)
    }
  }

  /// Sizes and weights of the windows: DeepFaceLab's two begin at 256 pixels, the port's above.
  @Test(arguments: [
    (64, [5]), (128, [11]), (192, [16]), (224, [19]), (256, [22, 11]), (320, [27, 13]), (384, [33, 16]),
    (512, [44, 22]),
    (640, [55, 27]),
  ])
  func windows(resolution: Int, sizes: [Int]) {
    let own = Criterion(.deepFaceLab, resolution: resolution).windows
    #expect(own.map(\.size) == sizes && own.map(\.weight) == (sizes.count == 1 ? [10] : [5, 5]))
    let port = Criterion(.torch, resolution: resolution).windows
    #expect(port.map(\.size) == (resolution == 256 ? [22] : sizes) && port.allSatisfy { $0.weight == 5 })
  }

  /// A side at 256 pixels has 5 of either window.
  @Test func largeSide() throws {
    let engine = try Engine(workers: 2)
    let (large, small) = (try Golden.losses("dssim_r256_fs22"), try Golden.losses("dssim_r256_fs11"))
    let target = try #require(large["target_u8"])
    try #require(target.values == small["target_u8"]?.values && large["pred_u8"]?.values == small["pred_u8"]?.values)
    let batch = try FaceBatch(count: target.shape[0], side: 256)
    batch.target.fill(target)
    let losses = Losses(engine: engine)
    var options = TrainingOptions()
    options.maskedTraining = false
    let prediction = try Golden.tensor(engine, large["pred_u8"], isDifferentiable: true)
    let mask = try Tensor(engine, count: batch.count, height: 256, width: 256, channels: 1)
    mask.value.update(repeating: 0, count: mask.elements)
    let loss = try losses.side(
      Criterion(.deepFaceLab, resolution: 256), picture: prediction, mask: mask,
      targets: try SideTargets(losses, batch, side: 256, blurOut: false), options: options)
    let expected = zip(try #require(large["loss"]).values, try #require(small["loss"]).values).map { 5 * $0 + 5 * $1 }
    for (value, wanted) in zip(loss.structure, expected) { #expect(abs(value - Double(wanted)) < 2e-4) }
    #expect(loss.mask.allSatisfy { $0 == 0 })
  }

  @Test(arguments: [1, 3], [64, 128, 256]) func blur(workers: Int, side: Int) throws {
    let engine = try Engine(workers: workers)
    let losses = Losses(engine: engine)
    let golden = try Golden.losses("gaussian_blur")
    let step = Int(try #require(golden["stride_\(side)"]).values[0])
    for kind in ["mask", "blurout", "style"] {
      let sigma = try #require(golden["radius_\(kind)_\(side)"]).doubles[0]
      for picture in ["x", "m"] {
        let input = try Golden.tensor(engine, golden["\(picture)_u8_\(side)"])
        let out = try Golden.tensor(engine, golden["\(picture)_u8_\(side)"])
        try losses.blur(input, sigma: sigma, into: out)
        let expected = try #require(golden["\(picture)_\(kind)_\(side)"]).values
        let comparison = Comparison(out.strided(out.values, step), expected)
        #expect(comparison.maximum < 1e-5, "\(kind) \(picture): \(comparison)")
      }
    }
  }

  @Test(arguments: [0.5, 0.75, 1, 1.25, 2, 2.5, 3, 4, 5, 7, 8, 10, 16, 20]) func blurOfAPoint(sigma: Double) throws {
    let engine = try Engine(workers: 1)
    let name = sigma == sigma.rounded() ? "\(Int(sigma))" : "\(sigma)"
    let row = try #require(try Golden.losses("gaussian_blur")["kernelrow_\(name)"]).values
    let input = try Tensor(engine, count: 1, height: row.count, width: row.count, channels: 1)
    let out = try Tensor(engine, count: 1, height: row.count, width: row.count, channels: 1)
    input.value.update(repeating: 0, count: input.elements)
    input.value[row.count * (row.count / 2) + row.count / 2] = 1
    try Losses(engine: engine).blur(input, sigma: sigma, into: out)
    let middle = Array(out.values[row.count * (row.count / 2)..<row.count * (row.count / 2 + 1)])
    #expect(relativeDistance(middle, row) < 1e-5)
  }

  @Test(arguments: [64, 128, 256]) func blurOutMask(side: Int) throws {
    let engine = try Engine(workers: 3)
    let golden = try Golden.losses("blur_out_mask")
    let target = try #require(golden["target_u8_\(side)"]), mask = try #require(golden["mask_u8_\(side)"])
    let batch = try FaceBatch(count: target.shape[0], side: side)
    batch.target.fill(target)
    batch.mask.fill(mask)
    let targets = try SideTargets(Losses(engine: engine), batch, side: side, blurOut: true)
    let step = Int(try #require(golden["stride_\(side)"]).values[0])
    let expected = try #require(golden["out_\(side)"]).values
    let comparison = Comparison(targets.picture.strided(targets.picture.values, step), expected)
    #expect(comparison.maximum < 1e-5, "\(comparison)")
  }

  @Test(arguments: [1, 3]) func style(workers: Int) throws {
    let engine = try Engine(workers: workers)
    let losses = Losses(engine: engine)
    let golden = try Golden.losses("style_tv")
    let style = try Golden.tensor(engine, golden["style_u8"])
    for (name, sigma, weight) in [("r0.0_w1", nil, 1.0), ("r8_w1000", 8.0, 1000), ("r8_w100", 8, 100)] {
      let target = try Golden.tensor(engine, golden["target_u8"], isDifferentiable: true)
      var values = [0.0, 0.0]
      try losses.style(target, style, sigma: sigma, weight: weight, into: &values)
      for (value, wanted) in zip(values, try #require(golden["loss_\(name)"]).values) {
        #expect(abs(value - Double(wanted)) < 1e-4 * Double(wanted))
      }
      if let gradient = golden["grad_\(name)"] {
        #expect(relativeDistance(try target.gradients, gradient.values) < 1e-3)
      }
    }
  }

  @Test(arguments: [1, 3]) func totalVariation(workers: Int) throws {
    let engine = try Engine(workers: workers)
    let golden = try Golden.losses("style_tv")
    let target = try Golden.tensor(engine, golden["target_u8"], isDifferentiable: true)
    var values = [0.0, 0.0]
    try Losses(engine: engine).totalVariation(target, weight: 1, into: &values)
    for (value, wanted) in zip(values, try #require(golden["tv_loss"]).values) {
      #expect(abs(value - Double(wanted)) < 1e-4 * Double(wanted))
    }
    let expected = try #require(golden["tv_grad"]).values
    #expect(relativeDistance(target.strided(try target.gradients, 2), expected) < 1e-3)
  }
}

extension Bytes {
  /// Bytes of pictures as floats 0...1.
  func fill(_ array: NPYArray) {
    let floats = base.assumingMemoryBound(to: Float.self)
    for i in array.values.indices { floats[i] = array.values[i] / 255 }
  }
}
