// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// A way in which a swapped face takes over the colours of the face that it replaces, by DeepFaceLab's numbers.
package enum ColorTransfer: Int32, Sendable, CaseIterable {
  case none = 0
  /// Mean and deviation of L*, a*, b*. Source: E. Reinhard et al., Color Transfer between Images (2001).
  case rct
  /// Mean and covariance by the product of matrix square roots ("linear").
  case lct
  /// Mean and covariance by the linear map that moves colours the least. Source: F. Pitié, A. Kokaram, The Linear
  /// Monge-Kantorovitch Linear Colour Mapping (2007).
  case mkl, mklM
  /// Histograms along random axes. Source: F. Pitié et al., N-Dimensional Probability Density Function Transfer (2005).
  case idt, idtM
  /// Sorts projections on random directions ("sliced optimal transfer"), then smooths.
  case sotM
  /// L* by lct; a* and b* by sliced optimal transfer at one lightness, in 8 bits.
  case mixM

  /// True if it matches statistics that `ColorSmoothing` can average over frames.
  package var hasStatistics: Bool {
    switch self {
    case .rct, .lct, .mkl, .mklM: true
    case .none, .idt, .idtM, .sotM, .mixM: false
    }
  }

  /// True if both images are multiplied by the area first, so that black around it counts: the names in "-m".
  private var multipliesByArea: Bool {
    switch self {
    case .mklM, .idtM, .sotM, .mixM: true
    case .none, .rct, .lct, .mkl, .idt: false
    }
  }

  /// Changes `face`, in place, to the colours of `reference`. docs/frames.md, as the merger applies it.
  ///
  /// Results are within 0...1 and do not depend on the number of threads. After an error `face` is of no meaning.
  ///
  /// - Parameters:
  ///   - face: blue, green, red around 0...1; slight overshoot of a cubic filter is used as it is.
  ///   - reference: likewise, and of the same size.
  ///   - area: the 0/1 mask, of the same size. Both masks of rct; what "-m" methods multiply by; else of no effect.
  ///   - randomness: for idt, sot and mix.
  ///   - smoothing: nil for none; of no effect where `hasStatistics` is false.
  /// - Throws: `invalidArgument` for sizes that differ, for values that are no finite number or beyond ±1024, and for
  ///   too few recorded draws; `outOfMemory`.
  package func apply(
    to face: ColorCanvas, like reference: ColorCanvas, area: MaskCanvas, randomness: ColorRandomness,
    smoothing: ColorSmoothing?, workers: Workers
  ) throws(LiaeError) {
    guard self != .none else { return }
    try Self.requireSize(of: face, reference.width, reference.height, "the reference is")
    try Self.requireSize(of: face, area.width, area.height, "the area is")
    guard face.count > 0 else { return }
    try face.requireColors("the face")
    try reference.requireColors("the reference")

    var reference = reference
    if multipliesByArea {
      reference = try reference.copy()
      let (x, y, weights) = (face.pixels, reference.pixels, area.pixels)
      for index in 0..<face.count {
        // An area may come from outside: what is no number is outside it.
        let weight = weights[index].isFinite ? weights[index] : 0
        x[index] = x[index] * weight
        y[index] = y[index] * weight
      }
    }
    var draws = ColorDraws(randomness)
    switch self {
    case .none: break
    case .rct: try matchLab(of: face, to: reference, area: area, smoothing, workers)
    case .lct, .mkl, .mklM: try matchCovariance(of: face, to: reference, smoothing, workers)
    case .idt, .idtM: try Self.matchHistograms(of: face, to: reference, &draws, workers)
    case .sotM:
      let transport = SlicedTransport(steps: 10, directions: 30)
      try transport.apply(to: face, like: reference, &draws, workers)
      face.clampAll()
    case .mixM: try Self.mix(face, reference, &draws, workers)
    }
    withExtendedLifetime((face, reference, area)) {}
  }

  /// Sliced optimal transport of all pixels, clipped.
  static func transport(
    _ face: ColorCanvas, like reference: ColorCanvas, steps: Int, directions: Int, _ randomness: ColorRandomness
  ) throws(LiaeError) {
    try requireSize(of: face, reference.width, reference.height, "the reference is")
    guard face.count > 0 else { return }
    try face.requireColors("the face")
    try reference.requireColors("the reference")
    var draws = ColorDraws(randomness)
    try SlicedTransport(steps: steps, directions: directions).apply(to: face, like: reference, &draws, .single)
    face.clampAll()
  }

  private static func requireSize(of face: ColorCanvas, _ width: Int, _ height: Int, _ what: String) throws(LiaeError) {
    guard face.width == width, face.height == height else {
      throw LiaeError(
        .invalidArgument,
        "colour transfer: \(what) \(width) x \(height) pixels, the face \(face.width) x \(face.height)")
    }
  }
}

extension Canvas where Pixel == Color {
  /// - Throws: `invalidArgument` when blue, green or red of a pixel is no finite number or beyond ±1024, where sums and
  ///   squares would lose all meaning.
  func requireColors(_ name: @autoclosure () -> String) throws(LiaeError) {
    let limit = Color(1024, 1024, 1024, .infinity)
    var good = SIMDMask<SIMD4<Int32>>(repeating: true)
    for index in 0..<count {
      let pixel = pixels[index]
      good = good .& (pixel .<= limit) .& (pixel .>= -limit)
    }
    guard !(good[0] && good[1] && good[2]) else { return }
    throw LiaeError(.invalidArgument, "\(name()) holds a colour that is no number or beyond 1024; 0...1 is expected")
  }

  func clampAll() {
    for index in 0..<count { pixels[index] = pixels[index].clamped }
  }
}
