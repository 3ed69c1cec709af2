// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// A way in which a training sample takes over the colours of a face of the other side, by the names of DeepFaceLab's
/// `ct_mode`. Whole pictures: no mask. Source: color_transfer in the sample processor of DeepFaceLab.
package enum SampleColorTransfer: String, Sendable, CaseIterable {
  case none, rct, lct, mkl, idt, sot

  /// True if each application draws random directions.
  package var isRandom: Bool { self == .idt || self == .sot }

  /// Changes `face`, in place, to the colours of `reference`. Results are within 0...1.
  ///
  /// - Parameters: as of `ColorTransfer.apply`.
  /// - Throws: as `ColorTransfer.apply`.
  package func apply(to face: ColorCanvas, like reference: ColorCanvas, randomness: ColorRandomness) throws(LiaeError) {
    let method: ColorTransfer
    switch self {
    case .none: return
    case .rct: method = .rct
    case .lct: method = .lct
    case .mkl: method = .mkl
    case .idt: method = .idt
    case .sot:
      // With fewer directions than the merger takes, and without an area.
      try ColorTransfer.transport(face, like: reference, steps: 10, directions: 5, randomness)
      return
    }
    let area = try MaskCanvas(width: face.width, height: face.height)
    area.pixels.update(repeating: 1, count: area.count)
    try method.apply(
      to: face, like: reference, area: area, randomness: randomness, smoothing: nil, workers: .single)
  }
}
