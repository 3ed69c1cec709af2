// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// Options for setting a swapped face into its frame. Names, numbers, ranges and defaults are those of DeepFaceLab's
/// merger (MergerConfigMasked), but for `given` and `seed`.
package struct CompositeOptions: Sendable, Equatable {
  package enum Blend: Int32, Sendable, CaseIterable {
    /// The frame as it is; its mask is computed all the same.
    case original = 0
    case overlay
    /// Overlay after matching the histograms of the channels.
    case histogramMatch
    /// Poisson image editing: gradients of the face, borders of the frame.
    case seamless
    case seamlessHistogramMatch
    /// The whole square of the face, without mask.
    case rawRGB
    /// The face itself and no frame.
    case rawPredict

    package var isSeamless: Bool { self == .seamless || self == .seamlessHistogramMatch }
    package var isRaw: Bool { self == .rawRGB || self == .rawPredict }
  }

  /// The mask that limits a face. "Swap" is DeepFaceLab's "prd".
  package enum MaskMode: Int32, Sendable, CaseIterable {
    case full = 0
    /// The convex hull of the landmarks.
    case destination
    case learnedSwap
    case learnedDestination
    case learnedProduct
    case learnedSum
    case xsegSwap
    case xsegDestination
    case xsegProduct
    /// The product of both learned masks and both of XSeg.
    case allProduct
    /// One that the caller has for the frame.
    case given

    package var needsSwapMask: Bool {
      [.learnedSwap, .learnedProduct, .learnedSum, .allProduct].contains(self)
    }
    package var needsDestinationMask: Bool {
      [.learnedDestination, .learnedProduct, .learnedSum, .allProduct].contains(self)
    }
    package var needsXSegSwap: Bool { [.xsegSwap, .xsegProduct, .allProduct].contains(self) }
    package var needsXSeg: Bool { needsXSegSwap || needsXSegDestination }
    package var needsXSegDestination: Bool { [.xsegDestination, .xsegProduct, .allProduct].contains(self) }
  }

  package var blend = Blend.overlay
  package var maskMode = MaskMode.learnedProduct
  /// Pixels of the mask at 4 times the face's resolution by which it is eroded, or dilated where negative. -400...400.
  package var erode = 0
  /// Kernel of the Gaussian blur in the same pixels. 0...400.
  package var blur = 0
  /// Enlargement of the face, per cent. -50...50.
  package var faceScale = 0
  package var colorTransfer = ColorTransfer.rct
  /// True if the histograms are those of the masked pixels.
  package var masksHistogramMatch = true
  /// 0...255
  package var histogramThreshold = 238
  package var sharpening = Sharpening.none
  /// The amount of sharpening, -100...100; values below 0 blur.
  package var sharpenAmount = 0
  /// 0...100
  package var motionBlur = 0
  /// Share of the enhanced face. 0...100.
  package var superResolution = 0
  /// Median filtering of the whole frame. 0...500.
  package var denoise = 0
  /// 0...100, of the whole frame.
  package var bicubicDegrade = 0
  /// 0...100, of the whole frame.
  package var colorDegrade = 0
  /// The seed of the random colour transfers (idt, idt-m, sot-m, mix-m).
  package var seed: UInt64 = 0

  package init() {}

  package enum Limits {
    package static let erode = -400...400
    package static let blur = 0...400
    package static let faceScale = -50...50
    package static let histogramThreshold = 0...255
    package static let sharpenAmount = -100...100
    package static let denoise = 0...500
    /// The range of motion blur, super resolution and the two degrades: per cent.
    package static let share = 0...100
  }

  /// - Throws: `invalidArgument` naming the first value outside its range.
  package func check() throws(LiaeError) {
    let values: [(String, Int, ClosedRange<Int>)] = [
      ("erode", erode, Limits.erode), ("blur", blur, Limits.blur), ("face scale", faceScale, Limits.faceScale),
      ("histogram threshold", histogramThreshold, Limits.histogramThreshold),
      ("sharpen amount", sharpenAmount, Limits.sharpenAmount), ("motion blur", motionBlur, Limits.share),
      ("super resolution", superResolution, Limits.share), ("denoise", denoise, Limits.denoise),
      ("bicubic degrade", bicubicDegrade, Limits.share), ("color degrade", colorDegrade, Limits.share),
    ]
    for (name, value, range) in values where !range.contains(value) {
      throw LiaeError(
        .invalidArgument, "\(name) is \(value); expected \(range.lowerBound) to \(range.upperBound)")
    }
  }

  /// True if pixels far from the face change.
  var changesWholeFrame: Bool { denoise != 0 || bicubicDegrade != 0 || colorDegrade != 0 }
}
