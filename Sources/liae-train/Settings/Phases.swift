// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeSamples
import LiaeTrain

/// What is in force at one iteration.
struct Phase: Equatable {
  var options: TrainingOptions
  var source: SampleOptions
  var destination: SampleOptions
}

extension TrainingSettings {
  /// - Parameters:
  ///   - iteration: steps done before the one that is meant.
  ///   - attempt: how many times training went back to an earlier state, so that it is not given the same faces again.
  func phase(at iteration: Int, attempt: Int) -> Phase {
    var options = options
    if let end = randomWarpUntil, iteration >= end { options.randomWarp = false }
    if let start = learningRateDropoutFrom { options.learningRateDropout = iteration >= start }
    if let start = ganFrom, iteration < start { options.ganPower = 0 }
    options.ganPatchSize = patchSize
    var samples = SampleOptions()
    (samples.resolution, samples.faceType, samples.randomWarp) = (resolution, faceType, options.randomWarp)
    (samples.randomHSVPower, samples.uniformYaw) = (randomHSVPower, uniformYaw)
    samples.seed = UInt64(seed) &+ UInt64(attempt) &* 0x9e37_79b9_7f4a_7c15
    var source = samples
    (source.randomFlip, source.colorTransfer) = (randomSourceFlip, colorTransfer)
    var destination = samples
    destination.randomFlip = randomDestinationFlip
    // Two sides of one folder are not to see the same faces at the same time.
    destination.seed = ~samples.seed
    guard options.pretrain else { return Phase(options: options, source: source, destination: destination) }

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
    return Phase(options: options, source: pretraining(source), destination: pretraining(destination))
  }

  /// Faces as they are, for pictures of the progress: the same ones at each preview.
  func previewSamples(_ samples: SampleOptions) -> SampleOptions {
    var samples = samples
    (samples.randomWarp, samples.randomFlip, samples.uniformYaw) = (false, false, false)
    (samples.randomHSVPower, samples.colorTransfer) = (0, .none)
    return samples
  }
}
