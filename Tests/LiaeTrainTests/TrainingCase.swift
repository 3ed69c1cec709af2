// SPDX-License-Identifier: Apache-2.0
import Foundation
import LiaeConvert
import LiaeFormats
import LiaeSystem
import LiaeTensor
import LiaeTestSupport
import LiaeTrain
import Testing

/// A run of DeepFaceLab's SAEHD or AMP trainer (`training/*.npz` of the golden data), and ours beside it.
struct TrainingCase: Sendable, CustomStringConvertible {
  /// `options` of the file. What is missing is as DeepFaceLab has it by default.
  struct Settings: Decodable, Sendable {
    var blur_out_mask, adabelief, clipgrad, random_warp, masked_training, eyes_mouth_prio: Bool?
    var lr_cos, iters0, gan_patch_size, gan_dims: Int?
    var lr_dropout, gan_power, true_face_power: Float?
    var face_style_power, bg_style_power: Float?
    var morph_factor: Double?
  }
  /// The settings of AMP, as Python prints them: numbers are floats, and `lr_dropout` is a word.
  private struct AMPSettings: Decodable {
    var blur_out_mask, clipgrad, random_warp: Bool
    var gan_patch_size, gan_dims: Double
    var gan_power: Float
    var morph_factor: Double
    var lr_dropout: String

    var settings: Settings {
      Settings(
        blur_out_mask: blur_out_mask, clipgrad: clipgrad, random_warp: random_warp, gan_patch_size: Int(gan_patch_size),
        gan_dims: Int(gan_dims), gan_power: gan_power, morph_factor: morph_factor)
    }
  }
  private struct Rate: Decodable { var lr: Float? }

  /// The file's name without `.npz`.
  let name: String
  let arrays: [String: NPYArray]
  let network: GoldenNetwork
  let settings: Settings
  private let rate: Float
  var description: String { name }

  private init(_ name: String, _ arrays: [String: NPYArray], network: String) throws {
    (self.name, self.arrays) = (name, arrays)
    self.network = GoldenNetwork(network, in: .chosen)
    func decode<T: Decodable>(_ type: T.Type, _ key: String) throws -> T {
      var text = try #require(arrays[key], "\(name): no \(key)").text
      for (python, json) in [("'", "\""), ("True", "true"), ("False", "false")] where arrays["inter_mask"] != nil {
        text = text.replacingOccurrences(of: python, with: json)
      }
      return try JSONDecoder().decode(type, from: Data(text.utf8))
    }
    if arrays["inter_mask"] != nil {
      let amp = try decode(AMPSettings.self, "options")
      try #require(amp.lr_dropout == "n", "\(name): its random updates are not known here")
      settings = amp.settings
    } else {
      settings = try decode(Settings.self, "options")
    }
    rate = arrays["optimizer_kwargs"] == nil ? 5e-5 : try decode(Rate.self, "optimizer_kwargs").lr ?? 5e-5
  }

  private enum File {
    case run(TrainingCase)
    case unread(String)
  }
  /// SAEHD's runs name their network; those of AMP, which hold the masks that mix the latent modules, have its name before
  /// the first underscore.
  private static let files = Result {
    try GoldenSet.chosen.files("training", suffix: ".npz").filter { !$0.hasPrefix("batch_") }.map { file in
      let name = String(file.dropLast(4)), arrays = try GoldenSet.chosen.arrays("training/\(name)")
      if let network = arrays["net"]?.text { return File.run(try TrainingCase(name, arrays, network: network)) }
      if arrays["inter_mask"] != nil {
        return File.run(try TrainingCase(name, arrays, network: String(name.prefix { $0 != "_" })))
      }
      let isXSeg = arrays["grad_names"]?.texts.first?.hasPrefix("XSeg/") ?? false
      return File.unread("\(name) (\(isXSeg ? "XSeg" : "unknown"))")
    }
  }
  static let loaded = files.map { files in files.compactMap { if case .run(let value) = $0 { value } else { nil } } }
  static let all = (try? loaded.get()) ?? []
  static let unread = ((try? files.get()) ?? []).compactMap { if case .unread(let name) = $0 { name } else { nil } }

  // MARK: - Options

  /// Steps of the optimiser before the first.
  var before: Int { settings.iters0 ?? 0 }
  var hasAdversary: Bool { arrays["D_loss"] != nil }
  var isAMP: Bool { arrays["inter_mask"] != nil }
  /// The allowed relative distance of losses before the first iteration. AMP's total variation over other axes is off
  /// by more.
  var lossTolerance: Double { isAMP ? 2e-6 : 1e-5 }
  /// True if each iteration changes a random part of the weights, which here is another part.
  var isRandom: Bool { (settings.lr_dropout ?? 1) < 1 }
  /// The last iteration of which losses are stored; with random updates nothing after the first is the same.
  var steps: Int {
    let stored = arrays.keys.compactMap { $0.hasPrefix("src_loss_step") ? Int($0.dropFirst(13)) : nil }
    return isRandom ? 1 : stored.max() ?? 1
  }
  /// True if the trainer's own schedule is that of the run.
  private var hasCosine: Bool { Double(settings.lr_cos ?? 0) == Optimizer.cosinePeriod }

  /// The rate before `lr_dropout`'s own cosine, which `options` ask for where its period is the stored one.
  func learningRate(step: Int) -> Float {
    guard let period = settings.lr_cos, period > 0, !hasCosine else { return rate }
    return rate * Float((cos(Double(before + step) * 2 * .pi / Double(period)) + 1) / 2)
  }

  var options: TrainingOptions {
    var options = TrainingOptions()
    options.optimizer = settings.adabelief ?? true ? .adabelief : .rmsprop
    options.learningRate = learningRate(step: 0)
    options.learningRateDropout = hasCosine
    options.clipGradient = settings.clipgrad ?? false
    options.randomWarp = settings.random_warp ?? true
    options.maskedTraining = settings.masked_training ?? true
    options.eyesMouthPriority = settings.eyes_mouth_prio ?? false
    options.blurOutMask = settings.blur_out_mask ?? false
    (options.faceStylePower, options.backgroundStylePower) = (
      settings.face_style_power ?? 0, settings.bg_style_power ?? 0
    )
    options.trueFacePower = settings.true_face_power ?? 0
    options.ganPower = settings.gan_power ?? 0
    options.morphFactor = settings.morph_factor ?? options.morphFactor
    return options
  }

  // MARK: - The trainer

  /// - Parameter moving: a parameter, by DeepFaceLab's name, and what is added to all its elements.
  func trainer(workers: Int = 2, moving: (name: String, by: Float)? = nil) throws -> Trainer {
    let model = try network.model()
    var options = options
    let adversary = try discriminator()
    if let adversary, options.ganPower != 0 {
      (options.ganPatchSize, options.ganDims) = try shape(of: adversary, side: model.architecture.rgbSide)
    }
    let trainer = try Trainer(
      engine: Engine(workers: workers), architecture: model.architecture, weights: model, options: options, seed: 1)
    if let masks = arrays["inter_mask"] {
      trainer.channelMasks = { face, channel in masks.item(face)[channel] }
    }
    if before > 0 { try trainer.restore(deepFaceLab: .init(), steps: before, iteration: before) }
    if let adversary { try trainer.restore(deepFaceLabAdversary: adversary) }
    if let moving, let parameter = trainer.named[moving.name] {
      for i in 0..<parameter.count { parameter.value[i] += moving.by }
    }
    return trainer
  }

  /// The weights of the discriminator that the run began with.
  private func discriminator() throws -> TensorDictionary? {
    guard hasAdversary else { return nil }
    let ends = ["_GAN.npy", "_code_discriminator.npy"]
    let file = try #require(
      GoldenSet.chosen.files("training", prefix: "\(name)_").first { file in ends.contains { file.hasSuffix($0) } },
      "\(name): no file of its discriminator")
    return try DeepFaceLabFile.parseWeights(try Bytes.read(path: GoldenSet.chosen.path("training/\(file)")), name: file)
  }

  /// `gan_patch_size` and `gan_dims`, from the options or from what the discriminator is made of: several sizes of
  /// patches give the same layers.
  private func shape(of discriminator: TensorDictionary, side: Int) throws -> (patch: Int, dims: Int) {
    let dims = try #require(discriminator["in_conv/weight:0"]).shape[3]
    if let patch = settings.gan_patch_size { return (patch, settings.gan_dims ?? dims) }
    let layers = (0..<16).count { discriminator["convs_\($0)/weight:0"] != nil }
    let center = arrays["D_center_out_on_target_src"]?.shape[1]
    let patch = (3...640).first { patch in
      let strides = PatchDiscriminator.strides(patch: patch)
      return strides.count == layers && (center.map { $0 * strides.reduce(1, *) == side } ?? true)
    }
    return (try #require(patch, "\(name): a discriminator of \(layers) layers"), dims)
  }
}

extension Parameter {
  /// The values in the order of files, as `gradients`.
  var values: [Float] { inFileOrder(value) }
  var gradients: [Float] { inFileOrder(gradient) }

  func inFileOrder(_ elements: UnsafePointer<Float>) -> [Float] {
    [Float](unsafeUninitializedCapacity: count) { result, initialized in
      if let base = result.baseAddress { copy(elements, toFileOrder: base) }
      initialized = count
    }
  }
  func setValues(_ values: [Float]) {
    values.withUnsafeBufferPointer { if let base = $0.baseAddress { copy(fileOrder: base, to: value) } }
  }
}

extension Trainer {
  /// The parameters by DeepFaceLab's names without ":0".
  var named: [String: Parameter] {
    Dictionary(
      uniqueKeysWithValues: (network.parameters + adversaryParameters).map {
        (Self.deepFaceLabName($0.name), $0)
      })
  }
}
