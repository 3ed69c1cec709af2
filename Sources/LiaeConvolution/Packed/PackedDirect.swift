// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeKernels

/// How a packed layer by its plain sum runs on activations of some strides: the runs of scalars that are summed, and where
/// its vectors of output channels go. They hold offsets and no addresses.
package final class PackedDirect {
  private let packed: PackedConvolution
  private let offsets: Table<Int>
  private let spans: Table<SourceSpan>
  private let spanCount: Int

  package init(_ packed: PackedConvolution, _ b: ConvolutionBinding) {
    self.packed = packed
    let layer = packed.layer, pixel = Self.pixel(packed)
    let spans = DirectSpans.visit(layer, packed.width).map { visit in
      SourceSpan(
        offset: (visit.kernelRow - layer.padding) * b.source.row + (visit.kernelColumn - layer.padding) * pixel
          + visit.block * b.source.plane,
        length: visit.length)
    }
    spanCount = b.readsHalf ? spans.count / 2 : spans.count
    offsets = Table(b.targetOffsets(packed))
    self.spans = Table(spans)
  }

  /// Floats of a pixel of the source.
  private static func pixel(_ packed: PackedConvolution) -> Int {
    packed.layer.source == .picture ? packed.layer.inputChannels : packed.width
  }

  /// Returns the arguments of the kernels for memory that has the strides of `init`.
  package func parameters(_ b: ConvolutionBinding) -> DirectParameters {
    let stride = packed.layer.stride
    var p = DirectParameters(
      source: b.source, spans: UnsafePointer(spans.pointer), output: b.output(packed, offsets),
      weights: packed.weights)
    p.sourceStride = stride * Self.pixel(packed)
    p.sourceRowStride = stride * b.source.row
    p.spanCount = spanCount
    p.side = packed.layer.outputSide
    p.weightRows = packed.weightRows
    p.blockVectors = packed.blockVectors
    return p
  }
}
