// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

extension Canvas where Pixel == Color {
  /// DeepFaceLab's LinearMotionBlur: the mean along a line, borders reflected around the end pixels.
  ///
  /// - Parameters:
  ///   - size: the side of the kernel, in 1...1023; the line is as long.
  ///   - degrees: from the horizontal, counter-clockwise.
  /// - Throws: `invalidArgument` for another size or an angle that is not finite, `outOfMemory`.
  package func motionBlurred(size: Int, degrees: Double, workers: Workers = .single) throws(LiaeError) -> ColorCanvas {
    guard (1..<1024).contains(size), degrees.isFinite else {
      throw LiaeError(
        .invalidArgument, "motion blur of \(size) pixels at \(degrees) degrees; expected 1...1023 and a finite angle")
    }
    let line = try MaskCanvas(width: size, height: size)
    for x in 0..<size { line[x, (size - 1) / 2] = 1 }
    let centre = Double(size) / 2 - 0.5
    let (c, s) = (Math.cos(degrees * .pi / 180), Math.sin(degrees * .pi / 180))
    let turn = Affine(
      xx: c, xy: s, tx: (1 - c) * centre - s * centre, yx: -s, yy: c, ty: s * centre + (1 - c) * centre)
    let turned = try line.warped(turn.inverse, width: size, height: size, interpolation: .linear)
    let kernel = Array(UnsafeBufferPointer(start: turned.pixels, count: turned.count))
    withExtendedLifetime(turned) {}
    let sum = kernel.reduce(0, +)
    return try filtered(kernel: kernel.map { $0 / sum }, side: size, workers: workers)
  }
}
