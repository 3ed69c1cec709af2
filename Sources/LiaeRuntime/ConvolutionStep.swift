// SPDX-License-Identifier: Apache-2.0
import LiaeConvolution
import LiaeGraph
import LiaeKernels
import LiaeSystem

/// Memory that a convolution reads and writes.
package struct ConvolutionBinding {
  package var source: ActivationView
  package var target: ActivationView
  /// The residual block's input; may be the target itself, pixel by pixel.
  package var residual: ActivationView?
  package var images: Int
  /// Of a code that is folded into the weights the first half alone is read: the code repeats itself.
  package var readsHalf: Bool
  /// Overrules whether a Winograd layer shares its transformed inputs between tasks.
  var sharesInputs: Bool?

  package init(
    source: ActivationView, target: ActivationView, residual: ActivationView? = nil, images: Int,
    readsHalf: Bool = false
  ) {
    (self.source, self.target, self.residual) = (source, target, residual)
    (self.images, self.readsHalf) = (images, readsHalf)
  }
}

/// Key of a convolution's tables, which hold offsets and no addresses.
private struct ConvolutionShape: Hashable {
  let layer: String
  let images: Int
  let readsHalf: Bool
  let sharesInputs: Bool?
  let strides: [Int]

  init(_ packed: PackedConvolution, _ b: ConvolutionBinding) {
    (layer, images, readsHalf, sharesInputs) = (packed.layer.name, b.images, b.readsHalf, b.sharesInputs)
    strides = [b.source, b.target, b.residual ?? b.target].flatMap { [$0.row, $0.plane, $0.image] }
  }
}

/// The tables of convolutions, made once for all schedules of a context: schedules differ in addresses alone.
package final class ConvolutionTables {
  private var winograd: [ConvolutionShape: WinogradTiling] = [:]
  private var direct: [ConvolutionShape: DirectTiling] = [:]
  package init() {}

  func winograd(_ packed: PackedConvolution, _ binding: ConvolutionBinding) -> WinogradTiling {
    winograd.value(ConvolutionShape(packed, binding)) { WinogradTiling(packed, binding) }
  }

  func direct(_ packed: PackedConvolution, _ binding: ConvolutionBinding) -> DirectTiling {
    direct.value(ConvolutionShape(packed, binding)) { DirectTiling(packed, binding) }
  }

  /// Scratch memory of a convolution's step; the binding's addresses do not count.
  func scratch(_ packed: PackedConvolution, _ binding: ConvolutionBinding) -> ScratchSize {
    packed.family == 0 ? ScratchSize() : winograd(packed, binding).scratch
  }
}

extension Dictionary {
  /// The value of a key, made and kept if there is none yet.
  fileprivate mutating func value(_ key: Key, make: () -> Value) -> Value {
    if let known = self[key] { return known }
    let made = make()
    self[key] = made
    return made
  }
}

/// Makes the step of a packed convolution.
package func convolutionStep(
  _ packed: PackedConvolution, _ binding: ConvolutionBinding, tables: ConvolutionTables = ConvolutionTables(),
  part: String = ""
) -> Step {
  packed.family == 0
    ? DirectStep(packed, binding, tables.direct(packed, binding), part: part)
    : WinogradStep(packed, binding, tables.winograd(packed, binding), part: part)
}

private func activationKind(_ activation: LiaeGraph.Activation) -> (kind: Int, slope: Float) {
  switch activation {
  case .none: return (ActivationKind.leaky, 1)
  case .leaky(let slope): return (ActivationKind.leaky, slope)
  case .cosine: return (ActivationKind.cosine, 0)
  }
}

/// Offsets of the vectors of output channels from the origin of the target.
func targetOffsets(_ packed: PackedConvolution, _ target: ActivationView) -> [Int] {
  let perPart = packed.vectors / (packed.layer.depthToSpace ? 4 : 1)
  return (0..<packed.vectors).map { vector in
    let part = vector / perPart
    return vector % perPart * target.plane + part / 2 * target.row + part % 2 * packed.width
  }
}

/// Multiplications of the sum that is really made: half of them where half of a code is read.
func countMultiplications(_ packed: PackedConvolution, _ b: ConvolutionBinding) -> Double {
  Work(packed.layer, packed.algorithm).multiplications * Double(b.images) / (b.readsHalf ? 2 : 1)
}

func destination(_ packed: PackedConvolution, _ binding: ConvolutionBinding, _ offsets: Table<Int>) -> Destination {
  let (kind, slope) = activationKind(packed.layer.activation)
  return Destination(
    target: binding.target, step: packed.layer.depthToSpace ? 2 : 1, offsets: UnsafePointer(offsets.pointer),
    vectors: packed.vectors, residual: binding.residual, bias: packed.bias, activation: kind, slope: slope)
}
