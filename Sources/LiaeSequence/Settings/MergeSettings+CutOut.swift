// SPDX-License-Identifier: Apache-2.0
import LiaeFrame

extension CompositeOptions {
  /// The option because of which a composite is more than the frame with a face over it; nil: the face can be had alone.
  package var cutOutObstacle: String? {
    switch blend {
    case .original, .rawRGB, .rawPredict: return "--mode \(MergeSettings.modes[Int(blend.rawValue)])"
    default: break
    }
    if denoise != 0 { return "--denoise" }
    if bicubicDegrade != 0 { return "--bicubic-degrade" }
    return colorDegrade != 0 ? "--color-degrade" : nil
  }
}
