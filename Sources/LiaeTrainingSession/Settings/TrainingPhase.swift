// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeSamples
import LiaeTrain

/// The options in force at one iteration, of the trainer and of the samples of each side.
package struct TrainingPhase: Equatable {
  package var options: TrainingOptions
  package var source: SampleOptions
  package var destination: SampleOptions
}

extension TrainingSettings {
  /// Resolves the settings for one iteration.
  ///
  /// - Parameters:
  ///   - iteration: iterations done before the one that is meant.
  ///   - attempt: how many times training was rolled back, 0 or more; each draws other samples from the same seed.
  package func phase(at iteration: Int, attempt: Int) -> TrainingPhase {
    var options = options
    if let end = randomWarpUntil, iteration >= end { options.randomWarp = false }
    if let start = eyesMouthPriorityFrom { options.eyesMouthPriority = iteration >= start }
    if let rate = learningRateFrom?.rate(at: iteration) { options.learningRate = rate }
    if let start = learningRateDropoutFrom { options.learningRateDropout = iteration >= start }
    if let start = ganFrom, iteration < start { options.ganPower = 0 }
    options.ganPatchSize = patchSize
    var samples = SampleOptions()
    (samples.resolution, samples.faceType, samples.randomWarp) = (resolution, faceType, options.randomWarp)
    (samples.randomHSVPower, samples.uniformYaw) = (randomHSVPower, uniformYaw)
    samples.seed = UInt64(truncatingIfNeeded: seed) &+ UInt64(truncatingIfNeeded: attempt) &* 0x9e37_79b9_7f4a_7c15
    var source = samples
    (source.randomFlip, source.colorTransfer) = (randomSourceFlip, colorTransfer)
    var destination = samples
    destination.randomFlip = randomDestinationFlip
    // Two sides of one folder must not see the same faces at the same time.
    destination.seed = ~samples.seed
    guard options.pretrain else { return TrainingPhase(options: options, source: source, destination: destination) }

    // What pretraining forces. Source: DeepFaceLab's SAEHD.
    options.randomWarp = false
    options.learningRateDropout = false
    (options.ganPower, options.trueFacePower) = (0, 0)
    (options.faceStylePower, options.backgroundStylePower) = (0, 0)
    func pretraining(_ samples: SampleOptions) -> SampleOptions {
      var samples = samples
      (samples.randomWarp, samples.randomFlip, samples.uniformYaw) = (false, true, true)
      (samples.randomHSVPower, samples.colorTransfer) = (0, .none)
      return samples
    }
    return TrainingPhase(options: options, source: pretraining(source), destination: pretraining(destination))
  }

  /// Sample options without augmentation, for previews that show the same faces each time.
  package func previewSamples(_ samples: SampleOptions) -> SampleOptions {
    var samples = samples
    (samples.randomWarp, samples.randomFlip, samples.uniformYaw) = (false, false, false)
    (samples.randomHSVPower, samples.colorTransfer) = (0, .none)
    return samples
  }
}
