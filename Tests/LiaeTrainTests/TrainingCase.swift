// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeSamples
import LiaeSystem
import LiaeTestSupport
import LiaeTrain
import Testing

/// A run of DeepFaceLab's own trainer (Tests/golden/training), and ours beside it.
struct TrainingCase: Sendable, CustomStringConvertible {
  let network: String, name: String
  var change: @Sendable (inout TrainingOptions) -> Void = { _ in }
  /// Steps of the optimiser before the first.
  var before = 0
  /// Whether the updates follow DeepFaceLab's: not where our random numbers choose what is updated.
  var hasDeltas = true
  var description: String { "\(network)_\(name)" }

  /// Of a gradient's elements, relative to the greatest. Smooth surroundings of the face cancel in the structure's
  /// variances, which only the unmasked loss sees.
  var probeTolerance: Double { name == "unmasked" ? 3e-4 : 1e-4 }

  static let all = [
    TrainingCase(network: "liae-ud", name: "plain"),
    TrainingCase(network: "liae-ud", name: "blurout") { $0.blurOutMask = true },
    TrainingCase(network: "liae-ud", name: "rmsprop") { ($0.blurOutMask, $0.optimizer) = (true, .rmsprop) },
    TrainingCase(network: "liae-ud", name: "clip") { $0.clipGradient = true },
    TrainingCase(network: "liae-ud", name: "lrcos") { $0.learningRateDropout = true },
    TrainingCase(network: "liae-ud", name: "lrcos_at120", change: { $0.learningRateDropout = true }, before: 120),
    TrainingCase(network: "liae-ud", name: "nowarp") { $0.randomWarp = false },
    TrainingCase(network: "liae-ud", name: "style") { ($0.faceStylePower, $0.backgroundStylePower) = (10, 10) },
    TrainingCase(network: "liae-ud", name: "unmasked") { ($0.maskedTraining, $0.eyesMouthPriority) = (false, false) },
    TrainingCase(network: "liae-ud", name: "lrdropout", change: { $0.learningRateDropout = true }, hasDeltas: false),
    TrainingCase(network: "liae-ud", name: "gan") { ($0.ganPower, $0.ganPatchSize, $0.ganDims) = (0.1, 16, 4) },
    TrainingCase(network: "liae-udt", name: "plain"),
    TrainingCase(network: "liae-udt", name: "blurout") { $0.blurOutMask = true },
    TrainingCase(network: "liae-udt", name: "clip") { $0.clipGradient = true },
    TrainingCase(network: "df-ud", name: "blurout") { $0.blurOutMask = true },
    TrainingCase(network: "df-ud", name: "trueface") { $0.trueFacePower = 0.01 },
  ]

  var options: TrainingOptions {
    var options = TrainingOptions()
    options.eyesMouthPriority = true
    change(&options)
    return options
  }

  func golden() throws -> [String: NPYArray] { try Golden.training(description) }

  /// Names in a stored list: they all end in ":0".
  static func names(_ array: NPYArray?) throws -> [String] {
    var names: [String] = [], name = ""
    for character in try #require(array).text {
      name.append(character)
      if name.hasSuffix(":0") {
        names.append(String(name.dropLast(2)))
        name = ""
      }
    }
    return names
  }

  func trainer(workers: Int = 2) throws -> Trainer {
    let model = try #require(GoldenNetwork.all.first { $0.name == network }).model()
    let trainer = try Trainer(
      engine: Engine(workers: workers), architecture: model.architecture, weights: model, options: options, seed: 1)
    // One sum before decoder_src.res1's last activation is -5e-7, where float32 errs by 4e-6: which slope of the leaky
    // ReLU it gets is chance. This makes it TensorFlow's.
    if network == "df-ud", let bias = trainer.network.parameter("decoder_src.res1.conv2.bias") {
      bias.value[1] -= 5e-6
    }
    if before > 0 { try trainer.restore(deepFaceLab: .init(), steps: before, iteration: before) }
    if let file = ["gan": "GAN", "trueface": "code_discriminator"][name] {
      let path = "\(GoldenNetwork.root)/training/\(description)_golden_SAEHD_\(file).npy"
      try trainer.restore(
        deepFaceLabAdversary: DeepFaceLabFile.parseWeights(try Bytes.map(path: path), name: path))
    }
    return trainer
  }

  static let batches: Result<(source: FaceBatch, destination: FaceBatch), any Error> = Result {
    let arrays = try Golden.training("batch_r64")
    func batch(_ side: String) throws -> FaceBatch {
      let target = try #require(arrays["target_\(side)_u8"])
      let batch = try FaceBatch(count: target.shape[0], side: target.shape[1])
      batch.target.fill(target)
      batch.warped.fill(try #require(arrays["warped_\(side)_u8"]))
      batch.mask.fill(try #require(arrays["target_\(side)m_u8"]))
      batch.eyesMouth.fill(try #require(arrays["target_\(side)m_em_u8"]))
      return batch
    }
    return (try batch("src"), try batch("dst"))
  }
}

extension Parameter {
  var values: [Float] { Array(UnsafeBufferPointer(start: value, count: count)) }
  var gradients: [Float] { Array(UnsafeBufferPointer(start: gradient, count: count)) }
}

extension Trainer {
  /// By DeepFaceLab's names without ":0".
  var named: [String: Parameter] {
    Dictionary(
      uniqueKeysWithValues: (network.parameters + adversaryParameters).map {
        (Self.deepFaceLabName($0.name), $0)
      })
  }
}

/// Elements at linspace(0, size - 1, 16), as the golden probes have them; short tensors have as many as they hold.
func probe(_ values: [Float]) -> [Float] {
  (0..<16).map { values[Int(Double(values.count - 1) * Double($0) / 15)] }
}
