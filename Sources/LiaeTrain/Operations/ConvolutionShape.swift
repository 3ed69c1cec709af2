// SPDX-License-Identifier: Apache-2.0
import LiaeKernels
import LiaeSystem

/// Sizes of one convolution over a batch.
struct ConvolutionShape: Hashable {
  var count: Int
  var inputHeight, inputWidth, inputChannels: Int
  /// Channels of the sum, before depth-to-space.
  var outputChannels: Int
  var kernel, stride: Int
  /// Zero pixels above and left of the input; below and right follow from the output's size.
  var padding: Int
  /// Pixels of the output before depth-to-space.
  var outputHeight, outputWidth: Int
  /// Channel (dy * 2 + dx) * C + c of the sum is channel c of the pixel (2y + dy, 2x + dx), DeepFaceLab's order.
  var depthToSpace: Bool

  var pixels: Int { count * outputHeight * outputWidth }
  var taps: Int { kernel * kernel }
  /// The layout of the weights.
  var layout: PanelLayout {
    PanelLayout(taps: taps, inputs: inputChannels, outputs: outputChannels, groups: depthToSpace ? 4 : 1)
  }
  /// Channels of the result.
  var resultChannels: Int { depthToSpace ? outputChannels / 4 : outputChannels }
  var resultHeight: Int { depthToSpace ? outputHeight * 2 : outputHeight }
  var resultWidth: Int { depthToSpace ? outputWidth * 2 : outputWidth }

  /// Multiplications and additions of the plain sum.
  var flops: Double { 2 * Double(pixels) * Double(taps * inputChannels) * Double(outputChannels) }
}

/// The derivative by something, of a convolution that writes all of it.
struct Gradient {
  let pointer: UnsafeMutablePointer<Float>
  /// Nothing has been added yet: the memory holds anything and is set.
  let isFresh: Bool
}

/// A way to compute a convolution, forwards and backwards. Pointers are of values in the layouts of `Tensor` and
/// `Parameter`.
protocol ConvolutionMethod {
  /// `F4`, `F2` or `patches`.
  var name: String { get }
  /// Multiplications of one pass.
  var multiplications: Double { get }

  /// - Throws: `outOfMemory`.
  func forward(
    _ engine: Engine, x: UnsafeMutablePointer<Float>, weight: UnsafeMutablePointer<Float>, _ epilogue: TrainingEpilogue,
    y: UnsafeMutablePointer<Float>
  ) throws(LiaeError)

  /// Sets or adds dx and dw and adds to db, those that are not nil. dy is multiplied by the activation's derivative in
  /// place: afterwards it is the derivative by the sum.
  ///
  /// - Throws: `outOfMemory`.
  func backward(
    _ engine: Engine, x: UnsafeMutablePointer<Float>, weight: UnsafeMutablePointer<Float>,
    y: UnsafeMutablePointer<Float>, dy: UnsafeMutablePointer<Float>, slope: Float, dx: Gradient?, dw: Gradient?,
    db: UnsafeMutablePointer<Float>?
  ) throws(LiaeError)
}

/// Zero pixels around the input of a convolution.
package enum Padding: Sendable {
  /// No padding: the output is smaller than the input.
  case valid
  /// This many above and left; the output has as many pixels as the input, divided by the stride, rounded up.
  /// PyTorch's `padding = kernel / 2` and DeepFaceLab's own padding are `kernel / 2`; TensorFlow's SAME is
  /// `max(0, kernel - stride) / 2` for even sides.
  case same(before: Int)
  /// This many on every side: DeepFaceLab's own padding where the kernel is even.
  case around(Int)
}
