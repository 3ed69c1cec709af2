// SPDX-License-Identifier: Apache-2.0

/// What a step of training XSeg computes. Defaults are what DeepFaceLab's XSeg does always; `pretrain` is its option.
package struct SegmentationOptions: Sendable, Equatable {
  package var optimizer = TrainingOptions.Optimizer.rmsprop
  package var learningRate: Float = 1e-4
  /// Each step changes a random 30 % of the weights, at the whole rate.
  package var learningRateDropout = true
  /// The gradient's norm is brought down to 1.
  package var clipGradient = false
  /// The network, without its skips, gives the picture back in gray.
  package var pretrain = false

  package init() {}

  var update: UpdateSettings {
    UpdateSettings(
      optimizer: optimizer, learningRate: learningRate, learningRateDropout: learningRateDropout,
      learningRateCosine: false, clipGradient: clipGradient)
  }
}
