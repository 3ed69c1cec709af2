// SPDX-License-Identifier: Apache-2.0

/// The options of a training iteration, with DeepFaceLab's names and defaults (SAEHD). Ranges are those of DeepFaceLab.
///
/// amp has neither pretraining nor styles, true face or the PyTorch port's criterion.
package struct TrainingOptions: Sendable, Equatable {
  /// The loss that is minimised.
  package enum Criterion: String, Sendable, CaseIterable {
    /// SAEHD's.
    case deepFaceLab = "dfl"
    /// The loss of the PyTorch port: weights 5, 10, 10, 300; structure clamped, with 1e-6 added to the variances.
    case torch
  }
  package enum Optimizer: String, Sendable, CaseIterable {
    /// DeepFaceLab's, without and with `adabelief`.
    case adabelief, rmsprop
    /// PyTorch's, with their defaults.
    case adam
    case torchRMSprop = "rmsprop-torch"
  }

  package var criterion = Criterion.deepFaceLab
  package var optimizer = Optimizer.adabelief
  /// 5e-5 in DeepFaceLab, where it cannot be set.
  package var learningRate: Float = 5e-5
  /// `lr_dropout`: each iteration changes a random 30 % of the weights, at a rate that follows a cosine of 500 iterations.
  package var learningRateDropout = false
  /// `clipgrad`: the gradient's norm is brought down to 1.
  package var clipGradient = false
  /// `random_warp`; without it inter_AB is frozen.
  package var randomWarp = true
  /// `masked_training` and `eyes_mouth_prio`; in amp always on, whatever is set.
  package var maskedTraining = true
  package var eyesMouthPriority = false
  package var blurOutMask = false
  /// `face_style_power`, `bg_style_power`: 0...100.
  package var faceStylePower: Float = 0
  package var backgroundStylePower: Float = 0
  /// `true_face_power`: 0...1, df only.
  package var trueFacePower: Float = 0
  /// `gan_power` 0...5, `gan_patch_size` 3...640 (default resolution / 8), `gan_dims` 4...512.
  package var ganPower: Float = 0
  package var ganPatchSize = 16
  package var ganDims = 16
  /// `morph_factor`: 0.1...0.5, amp only. The share of a source face's channels that come from inter_src.
  package var morphFactor = 0.5
  package var pretrain = false

  package init() {}
}
