// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeGraph
import LiaeSamples
import LiaeSystem
import LiaeText
import LiaeTrain

/// Everything that says how an XSeg model is trained: the options of `xseg` and of its settings file, most of which are
/// kept with the model. Names, defaults and ranges are those of DeepFaceLab's XSeg where it has the option.
package struct SegmentationSettings: ModelSettings {
  // The network: fixed when the model is made.
  package var resolution = 256
  package var baseDims = 32
  package var faceType = FaceType.whole

  // What an iteration computes.
  package var options = SegmentationOptions()

  // Samples.
  package var batchSize = 4
  /// The share of samples that are mixed and changed as DeepFaceLab does all; the others are bent and moved alone.
  package var augmentation: Float = 1
  package var seed = 0

  // Length and backups; 0 is never.
  package var targetIteration = 0
  package var autobackupHours = 0
  package var writesPreviewHistory = false
  package var session = SessionSettings()

  package init() {}

  nonisolated(unsafe) package static let networkTable: [Setting<Self>] = [
    Setting(
      key: "arch", expected: Architecture.Family.xseg.rawValue,
      get: { _ in .string(Architecture.Family.xseg.rawValue) },
      set: { _, value in value.text == Architecture.Family.xseg.rawValue }),
    .whole("resolution", Architecture.resolutionRange, \.resolution),
    .whole("base-dims", Architecture.dimsRange, \.baseDims),
    faceTypeSetting(\.faceType),
  ]

  nonisolated(unsafe) package static let table: [Setting<Self>] =
    networkTable + [
      .named("optimizer", \.options.optimizer),
      .real("learning-rate", 0...1, \.options.learningRate),
      .boolean("lr-dropout", \.options.learningRateDropout),
      .boolean("clipgrad", \.options.clipGradient),
      .boolean("pretrain", \.options.pretrain),
      .whole("batch-size", 1...1024, \.batchSize),
      .real("augmentation", 0...1, \.augmentation),
      .whole("seed", 0...Int.max, \.seed),
    ] + sessionTable()

  package static func translated(_ key: String, _ value: JSON) -> (key: String, value: JSON) {
    (key.replacing("_", with: "-"), value)
  }

  /// The network that the settings describe.
  ///
  /// - Throws: `invalidArgument` naming the option.
  package func architecture() throws(LiaeError) -> Architecture {
    let network = Architecture.xseg(resolution: resolution, baseDims: baseDims)
    do throws(LiaeError) { try network.validate() } catch { throw LiaeError(.invalidArgument, error.message) }
    return network
  }

  /// Takes the description of the network over from a model.
  mutating func adopt(_ network: Architecture, faceType name: String?) {
    (resolution, baseDims) = (network.resolution, network.baseDims)
    if let type = name.flatMap(FaceType.init(rawValue:)) { faceType = type }
  }

  /// The options of samples.
  ///
  /// - Parameter attempt: how many times training was rolled back, 0 or more; each draws other samples.
  func samples(attempt: Int) -> SegmentationSampleOptions {
    var samples = SegmentationSampleOptions()
    (samples.resolution, samples.faceType, samples.targetsGray) = (resolution, faceType, options.pretrain)
    samples.changedShare = augmentation
    samples.seed = UInt64(truncatingIfNeeded: seed) &+ UInt64(truncatingIfNeeded: attempt) &* 0x9e37_79b9_7f4a_7c15
    return samples
  }
}
