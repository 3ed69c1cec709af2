// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeKernels

/// Memory that a packed convolution reads and writes.
package struct ConvolutionBinding {
  package var source: ActivationView
  package var target: ActivationView
  /// The residual block's input; may be the target itself, pixel by pixel.
  package var residual: ActivationView?
  package var images: Int
  /// Images, the first ones, of which only the first half of the channels is read: a code that repeats itself is folded into
  /// the weights. Where there are others behind them, the second half of these is zeros.
  package var halfImages: Int
  /// A 1x1 convolution to one channel behind it, and a sigmoid: the target is the mask, of one float a pixel. For convolutions that
  /// have `takesMaskHead`.
  package var head: MaskHeadWeights?
  /// Overrules whether a Winograd layer shares its transformed inputs between tasks.
  package var sharesInputs: Bool?

  package init(
    source: ActivationView, target: ActivationView, residual: ActivationView? = nil, images: Int,
    halfImages: Int = 0
  ) {
    (self.source, self.target, self.residual) = (source, target, residual)
    (self.images, self.halfImages) = (images, halfImages)
  }

  /// True if no image has more than the first half of the channels.
  var readsHalf: Bool { halfImages == images }

  /// Multiplications of the sums, without those by the half of a code that is repeated or zero.
  package func multiplications(_ packed: PackedConvolution) -> Double {
    Work(packed.layer, packed.algorithm).multiplications * (Double(images) - Double(halfImages) / 2)
      + ofHead { Work($0.layer, $0.algorithm).multiplications } * Double(images)
  }

  /// Multiplications and additions of the plain sums.
  package func flops(_ packed: PackedConvolution) -> Double {
    (packed.layer.flops + ofHead { $0.layer.flops }) * Double(images)
  }

  private func ofHead(_ figure: (PackedConvolution) -> Double) -> Double { head.map { figure($0.packed) } ?? 0 }

  /// Packed weights that are read.
  package func weightBytes(_ packed: PackedConvolution) -> Int {
    (readsHalf ? packed.bytes / 2 : packed.bytes) + (head?.packed.bytes ?? 0)
  }

  /// Floats from a pixel of the target to the next.
  func targetPixel(_ packed: PackedConvolution) -> Int { head == nil ? packed.width : 1 }

  /// Offsets of the vectors of output channels from the origin of the target.
  func targetOffsets(_ packed: PackedConvolution) -> [Int] {
    let perPart = packed.vectors / (packed.layer.depthToSpace ? 4 : 1)
    return (0..<packed.vectors).map { vector in
      let part = vector / perPart
      return vector % perPart * target.plane + part / 2 * target.row + part % 2 * targetPixel(packed)
    }
  }

  func output(_ packed: PackedConvolution, _ offsets: Table<Int>) -> ConvolutionOutput {
    let (kind, slope): (Int, Float)
    switch packed.layer.activation {
    case .none: (kind, slope) = (ActivationKind.leaky, 1)
    case .leaky(let value): (kind, slope) = (ActivationKind.leaky, value)
    case .cosine: (kind, slope) = (ActivationKind.cosine, 0)
    }
    var output = ConvolutionOutput(
      target: target, stride: packed.layer.depthToSpace ? 2 : 1, offsets: UnsafePointer(offsets.pointer),
      vectors: packed.vectors, residual: residual, bias: packed.bias, activation: kind, slope: slope)
    output.head = head?.pointer
    return output
  }
}
