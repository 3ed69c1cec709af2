// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// The filter that DeepFaceLab's blursharpen sharpens with; the values are those of its `sharpen_mode`.
package enum Sharpening: Int32, Sendable, CaseIterable {
  case none = 0
  case box = 1
  case gaussian = 2
}

extension Canvas where Pixel == Color {
  /// DeepFaceLab's blursharpen with its kernel of 3: sharper for a positive amount, by `mode`; softer for a negative one,
  /// whatever the mode. Values are not clamped.
  ///
  /// - Parameter amount: -100...100.
  /// - Throws: `invalidArgument` for an amount outside, `outOfMemory`.
  package func sharpened(_ mode: Sharpening, amount: Int, workers: Workers = .single) throws(LiaeError) -> ColorCanvas {
    guard (-100...100).contains(amount) else {
      throw LiaeError(.invalidArgument, "sharpening by \(amount); expected -100...100")
    }
    if amount < 0 { return try softened(-amount, workers) }
    let strength = Float(amount)
    switch amount == 0 ? .none : mode {
    case .none: return try copy()
    case .box:
      var kernel = [Float](repeating: -strength / 9, count: 9)
      kernel[4] = 1 + strength * (8 / 9)
      return try filtered(kernel: kernel, side: 3, workers: workers)
    case .gaussian:
      let blurred = try gaussianBlurred(kernel: 3, workers: workers)
      return try mixed(1 + 0.5 * strength, with: blurred, -0.5 * strength, workers: workers)
    }
  }

  /// A pass of the median for each 10 of the amount, and a part of one for the rest.
  private func softened(_ amount: Int, _ workers: Workers) throws(LiaeError) -> ColorCanvas {
    var image = self
    for step in stride(from: amount, to: 0, by: -10) {
      let median = try image.medianBlurred5(workers: workers)
      let share = Float(step) / 10
      image = step >= 10 ? median : try image.mixed(1 - share, with: median, share, workers: workers)
    }
    return image
  }
}
