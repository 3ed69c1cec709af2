// SPDX-License-Identifier: Apache-2.0
import LiaeConvolution
import LiaeGraph
import LiaeKernels
import LiaeSystem

/// Key of a convolution's tables, which hold offsets and no addresses.
private struct ConvolutionShape: Hashable {
  let layer: String
  let images, halfImages: Int
  let sharesInputs: Bool?
  let hasHead: Bool
  let strides: [Int]

  init(_ packed: PackedConvolution, _ b: ConvolutionBinding) {
    (layer, images, halfImages, sharesInputs) = (packed.layer.name, b.images, b.halfImages, b.sharesInputs)
    hasHead = b.head != nil
    strides = [b.source, b.target, b.residual ?? b.target].flatMap { [$0.row, $0.plane, $0.image] }
  }
}

/// The tables of convolutions, made once for all schedules of a context: schedules differ in addresses alone.
package final class ConvolutionTables {
  private var winograd: [ConvolutionShape: PackedWinograd] = [:]
  private var direct: [ConvolutionShape: PackedDirect] = [:]
  private let workers: Int

  /// - Parameter workers: threads that will run the convolutions.
  package init(workers: Int) { self.workers = workers }

  func winograd(_ packed: PackedConvolution, _ binding: ConvolutionBinding) -> PackedWinograd {
    winograd.value(ConvolutionShape(packed, binding)) { PackedWinograd(packed, binding, workers: workers) }
  }

  func direct(_ packed: PackedConvolution, _ binding: ConvolutionBinding) -> PackedDirect {
    direct.value(ConvolutionShape(packed, binding)) { PackedDirect(packed, binding) }
  }

  /// Scratch memory of a convolution's step; the binding's addresses do not count.
  func scratch(_ packed: PackedConvolution, _ binding: ConvolutionBinding) -> ScratchSize {
    packed.tileSize == 0 ? ScratchSize() : ScratchSize(winograd(packed, binding).run)
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
  _ packed: PackedConvolution, _ binding: ConvolutionBinding, tables: ConvolutionTables, part: String = ""
) -> Step {
  packed.tileSize == 0
    ? DirectStep(packed, binding, tables.direct(packed, binding), part: part)
    : WinogradStep(packed, binding, tables.winograd(packed, binding), part: part)
}
