// SPDX-License-Identifier: Apache-2.0
import LiaeSamples
import LiaeSystem
import LiaeTestSupport
import LiaeTrain
import Testing

/// Values and derivatives against what DeepFaceLab's functions gave, with one thread and with three.
@Suite(.golden("losses")) struct LossGoldenTests {
  private static let workers = [1, 3]
  private static func arrays(_ file: String) throws -> [String: NPYArray] {
    try GoldenSet.chosen.arrays("losses/\(file)")
  }

  /// Returns what follows `prefix` in the keys of a file, without those that hold another underscore.
  private static func tags(_ file: String, _ prefix: String) -> [String] {
    ((try? arrays(file)) ?? [:]).keys.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
      .sorted()
  }

  /// Files of structural dissimilarity.
  private static let structures = GoldenSet.chosen.files("losses", prefix: "dssim_", suffix: ".npz").map {
    String($0.dropLast(4))
  }
  private static let blurs = tags("gaussian_blur", "x_u8_").compactMap { Int($0) }
  private static let kernels = tags("gaussian_blur", "kernelrow_")
  private static let blurOuts = tags("blur_out_mask", "target_u8_").compactMap { Int($0) }
  private static let styles = tags("style_tv", "loss_")

  @Test func everyFileHasCases() {
    for (file, count) in [
      ("gaussian_blur", Self.blurs.count), ("gaussian_blur", Self.kernels.count),
      ("blur_out_mask", Self.blurOuts.count), ("style_tv", Self.styles.count),
    ] where GoldenSet.chosen.has("losses/\(file).npz") { #expect(count > 0, "\(file)") }
  }

  @Test(.having(structures.count, "dissimilarities"), arguments: workers, structures)
  func structure(workers: Int, file: String) throws {
    let engine = try Engine(workers: workers)
    let golden = try Self.arrays(file)
    #expect(golden["max_val"]?.doubles == [1])
    let prediction = try Golden.tensor(engine, golden["pred_u8"], isDifferentiable: true)
    let target = try Golden.tensor(engine, golden["target_u8"])
    var values = Array(repeating: 0.0, count: prediction.count)
    try Losses(engine: engine).structure(
      .deepFaceLab, prediction, target, window: Int(try #require(golden["filter_size"]).doubles[0]), weight: 1,
      into: &values)
    let expected = try #require(golden["loss"]).values
    try #require(values.count == expected.count)
    for (value, wanted) in zip(values, expected) { #expect(abs(value - Double(wanted)) < 2e-5) }
    let gradients = try prediction.gradients
    let step = Int(try #require(golden["grad_stride"]).doubles[0])
    let distance = relativeDistance(prediction.strided(gradients, step), try #require(golden["grad_pred"]).values)
    #expect(distance < 1e-3)
    for sample in 0..<prediction.count {
      let own = norm(gradients[sample * prediction.stride..<(sample + 1) * prediction.stride])
      let wanted = try #require(golden["grad_l2"]).doubles[sample]
      #expect(abs(own - wanted) < 1e-3 * wanted)
    }
  }

  /// Resolutions whose windows are all there, for the same pictures.
  private static let sides: [(resolution: Int, files: [String])] = {
    let read = structures.compactMap { file in (try? arrays(file)).map { (file, $0) } }
    let resolutions = Set(read.compactMap { $0.1["target_u8"]?.shape[1] }).sorted()
    return resolutions.compactMap { resolution in
      let files = Criterion(.deepFaceLab, resolution: resolution).windows.compactMap { window in
        read.first { $0.1["target_u8"]?.shape[1] == resolution && $0.1["filter_size"]?.values == [Float(window.size)] }
      }
      guard files.count == Criterion(.deepFaceLab, resolution: resolution).windows.count else { return nil }
      let isSame = ["target_u8", "pred_u8"].allSatisfy { key in
        files.allSatisfy { $0.1[key]?.values == files[0].1[key]?.values }
      }
      return isSame ? (resolution, files.map(\.0)) : nil
    }
  }()

  /// A side of SAEHD has 10 of its window; from 256 pixels on 5 of either.
  @Test(.having(sides.count, "resolutions with all their windows"), arguments: sides)
  func side(resolution: Int, files: [String]) throws {
    let engine = try Engine(workers: 2)
    let golden = try files.map { try Self.arrays($0) }
    let target = try #require(golden[0]["target_u8"])
    let batch = try FaceBatch(count: target.shape[0], side: resolution)
    batch.target.fill(target)
    let losses = Losses(engine: engine)
    var options = TrainingOptions()
    options.maskedTraining = false
    let prediction = try Golden.tensor(engine, golden[0]["pred_u8"], isDifferentiable: true)
    let mask = try Tensor(engine, count: batch.count, height: resolution, width: resolution, channels: 1)
    mask.value.update(repeating: 0, count: mask.elements)
    let loss = try losses.side(
      Criterion(.deepFaceLab, resolution: resolution), picture: prediction, mask: mask,
      targets: try SideTargets(losses, batch, side: resolution, blurOut: false), options: options)
    for sample in 0..<batch.count {
      let expected = try golden.reduce(0.0) { sum, arrays in
        sum + Double(try #require(arrays["loss"]).values[sample]) * 10 / Double(golden.count)
      }
      #expect(abs(loss.structure[sample] - expected) < 2e-4)
    }
    #expect(loss.mask.allSatisfy { $0 == 0 })
  }

  @Test(.having(blurs.count, "blurred pictures"), arguments: workers, blurs) func blur(workers: Int, side: Int) throws {
    let engine = try Engine(workers: workers)
    let losses = Losses(engine: engine)
    let golden = try Self.arrays("gaussian_blur")
    let step = Int(try #require(golden["stride_\(side)"]).doubles[0])
    let kinds = golden.keys.filter { $0.hasPrefix("radius_") && $0.hasSuffix("_\(side)") }.map {
      String($0.dropFirst(7).dropLast("_\(side)".count))
    }
    #expect(!kinds.isEmpty)
    for kind in kinds {
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

  @Test(.having(kernels.count, "kernels"), arguments: kernels) func blurOfAPoint(tag: String) throws {
    let engine = try Engine(workers: 1), sigma = try #require(Double(tag))
    let row = try #require(try Self.arrays("gaussian_blur")["kernelrow_\(tag)"]).values
    let input = try Tensor(engine, count: 1, height: row.count, width: row.count, channels: 1)
    let out = try Tensor(engine, count: 1, height: row.count, width: row.count, channels: 1)
    input.value.update(repeating: 0, count: input.elements)
    input.value[row.count * (row.count / 2) + row.count / 2] = 1
    try Losses(engine: engine).blur(input, sigma: sigma, into: out)
    let middle = Array(out.values[row.count * (row.count / 2)..<row.count * (row.count / 2 + 1)])
    #expect(relativeDistance(middle, row) < 1e-5)
  }

  @Test(.having(blurOuts.count, "blurred surroundings"), arguments: blurOuts) func blurOutMask(side: Int) throws {
    let engine = try Engine(workers: 3)
    let golden = try Self.arrays("blur_out_mask")
    let target = try #require(golden["target_u8_\(side)"]), mask = try #require(golden["mask_u8_\(side)"])
    let batch = try FaceBatch(count: target.shape[0], side: side)
    batch.target.fill(target)
    batch.mask.fill(mask)
    let targets = try SideTargets(Losses(engine: engine), batch, side: side, blurOut: true)
    let step = Int(try #require(golden["stride_\(side)"]).doubles[0])
    let expected = try #require(golden["out_\(side)"]).values
    let comparison = Comparison(targets.picture.strided(targets.picture.values, step), expected)
    #expect(comparison.maximum < 1e-5, "\(comparison)")
  }

  /// Tags are such as `r8_w1000`: radius of the blur, 0 for none, and weight.
  @Test(.having(styles.count, "style losses"), arguments: workers, styles) func style(workers: Int, tag: String) throws
  {
    let engine = try Engine(workers: workers)
    let golden = try Self.arrays("style_tv")
    let parts = tag.split(separator: "_")
    try #require(parts.count == 2)
    let radius = try #require(Double(parts[0].dropFirst())), weight = try #require(Double(parts[1].dropFirst()))
    let style = try Golden.tensor(engine, golden["style_u8"])
    let target = try Golden.tensor(engine, golden["target_u8"], isDifferentiable: true)
    var values = Array(repeating: 0.0, count: target.count)
    try Losses(engine: engine).style(target, style, sigma: radius > 0 ? radius : nil, weight: weight, into: &values)
    let expected = try #require(golden["loss_\(tag)"]).values
    try #require(values.count == expected.count)
    for (value, wanted) in zip(values, expected) { #expect(abs(value - Double(wanted)) < 1e-4 * Double(wanted)) }
    if let gradient = golden["grad_\(tag)"] {
      #expect(relativeDistance(try target.gradients, gradient.values) < 1e-3)
    }
  }

  @Test(.having(styles.count, "style losses"), arguments: workers) func totalVariation(workers: Int) throws {
    let engine = try Engine(workers: workers)
    let golden = try Self.arrays("style_tv")
    let target = try Golden.tensor(engine, golden["target_u8"], isDifferentiable: true)
    var values = Array(repeating: 0.0, count: target.count)
    try Losses(engine: engine).totalVariation(target, weight: 1, into: &values)
    let wanted = try #require(golden["tv_loss"]).values, gradient = try #require(golden["tv_grad"])
    for (value, wanted) in zip(values, wanted) { #expect(abs(value - Double(wanted)) < 1e-4 * Double(wanted)) }
    // Every step-th row and column is stored.
    let step = (target.height + gradient.shape[1] - 1) / gradient.shape[1]
    #expect(relativeDistance(target.strided(try target.gradients, step), gradient.values) < 1e-3)
  }
}
