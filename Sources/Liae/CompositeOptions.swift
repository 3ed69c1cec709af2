// SPDX-License-Identifier: Apache-2.0
import LiaeFrame

/// Options of compositing a face into its frame. Names, ranges and defaults are those of DeepFaceLab's merger; a value
/// out of its range is an error of the call.
public struct CompositeOptions: Sendable, Equatable {
  public enum Blend: Int32, Sendable, CaseIterable {
    case original = 0, overlay, histogramMatch, seamless, seamlessHistogramMatch, rawRGB
  }
  public enum MaskMode: Int32, Sendable, CaseIterable {
    case full = 0, destination, learnedSwap, learnedDestination, learnedProduct, learnedSum
  }
  public enum ColorTransfer: Int32, Sendable, CaseIterable { case none = 0, rct, lct, mkl, mklM, idt, idtM, sotM, mixM }

  public var blend = Blend.overlay
  public var maskMode = MaskMode.learnedProduct
  public var colorTransfer = ColorTransfer.rct
  /// Radius of the erosion, in pixels of the mask at 4 times the face's resolution; negative dilates. -400...400.
  public var erode = 0
  /// Size of the Gaussian kernel that blurs the mask, in the same pixels. 0...400.
  public var blur = 0
  /// Enlargement of the face, per cent. -50...50.
  public var faceScale = 0
  /// Strength of the median filter over the whole frame, 0...500; of the two degradations below, 0...100.
  public var denoise = 0
  public var bicubicDegrade = 0
  public var colorDegrade = 0
  /// Seed of the random colour transfers.
  public var seed: UInt64 = 0

  public init() {}

  var options: LiaeFrame.CompositeOptions {
    var result = LiaeFrame.CompositeOptions()
    result.blend = .init(rawValue: blend.rawValue) ?? result.blend
    result.maskMode = .init(rawValue: maskMode.rawValue) ?? result.maskMode
    result.colorTransfer = .init(rawValue: colorTransfer.rawValue) ?? result.colorTransfer
    (result.erode, result.blur, result.faceScale) = (erode, blur, faceScale)
    (result.denoise, result.bicubicDegrade, result.colorDegrade) = (denoise, bicubicDegrade, colorDegrade)
    result.seed = seed
    return result
  }
}
