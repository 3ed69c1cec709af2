// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// Seamless cloning: the source's gradients inside a mask, the target's values around it. As OpenCV's seamlessClone with
/// NORMAL_CLONE. Source: P. Pérez, M. Gangnet, A. Blake, Poisson Image Editing (2003).
package enum PoissonClone {
  /// A new image over the target's region: multiples of 1/255. Values are cut to 8 bits on the way in and out, as there.
  ///
  /// - Parameters:
  ///   - source: of the same region of a frame as `target`.
  ///   - mask: likewise; inside where it is above 0. The caller has taken the frame's outermost rows and columns out.
  ///   - center: where the middle of the mask's bounding box goes, in pixels of the frame: its left edge comes to
  ///     x - width / 2, cut off, its top to y - height / 2.
  /// - Throws: `invalidArgument` for other regions, an empty mask, or a place that is not within the target;
  ///   `outOfMemory`.
  package static func clone(
    _ source: ColorCanvas, onto target: ColorCanvas, mask: MaskCanvas, center: (x: Int, y: Int), workers: Workers
  ) throws(LiaeError) -> ColorCanvas {
    for (canvas, name) in [(region(source), "source"), (region(mask), "mask")] where canvas != region(target) {
      throw LiaeError(
        .invalidArgument,
        "seamless clone: the \(name) is (left, top, width, height) \(canvas), the target \(region(target))")
    }
    let found = mask.boundingBox { $0 > 0 }
    try CallScope.check()
    guard let found else { throw LiaeError(.invalidArgument, "seamless clone: the mask is empty") }
    // In pixels of the canvases.
    let box = Region(
      left: found.left - mask.left, top: found.top - mask.top, width: found.width, height: found.height)
    let (left, leftOverflow) = center.x.subtractingReportingOverflow(box.width / 2 + target.left)
    let (top, topOverflow) = center.y.subtractingReportingOverflow(box.height / 2 + target.top)
    guard !leftOverflow, !topOverflow, left >= 0, top >= 0, left <= target.width - box.width,
      top <= target.height - box.height
    else {
      throw LiaeError(
        .invalidArgument,
        "seamless clone: a mask of \(box.width) x \(box.height) pixels around \(center) leaves the target \(region(target))"
      )
    }

    let result = try ColorCanvas(unfilled: target.region)
    cut(target, 0, 0, into: result, workers)
    if box.width > 2, box.height > 2 {
      let patch = try ColorCanvas(width: box.width, height: box.height)
      cut(source, box.left, box.top, into: patch, workers)
      let inside = try core(mask, box, workers)
      let solution = try ColorCanvas(width: box.width - 2, height: box.height - 2)
      let place = result.pixels + top * result.width + left
      setDivergence(solution, patch, place, stride: result.width, inside.pixels, workers)
      try PoissonSolver.solve(solution, workers: workers)
      workers.bands(solution.height) { rows in
        for y in rows {
          let (from, to) = (solution.pixels + y * solution.width, place + (y + 1) * result.width + 1)
          for x in 0..<solution.width { to[x] = from[x].cutToLevel }
        }
      }
      withExtendedLifetime((patch, inside, solution)) {}
    }
    let pixels = result.pixels
    workers.bands(result.height) { rows in
      for index in rows.lowerBound * result.width..<rows.upperBound * result.width { pixels[index] /= 255 }
    }
    withExtendedLifetime((source, target, mask, result)) {}
    return result
  }

  private static func region<Pixel>(_ canvas: Canvas<Pixel>) -> SIMD4<Int> {
    SIMD4(canvas.left, canvas.top, canvas.width, canvas.height)
  }

  /// 0...255, whole numbers, of the part of `image` that begins at (left, top).
  private static func cut(_ image: ColorCanvas, _ left: Int, _ top: Int, into levels: ColorCanvas, _ workers: Workers) {
    workers.bands(levels.height) { rows in
      for y in rows {
        let (from, to) = (image.pixels + (y + top) * image.width + left, levels.pixels + y * levels.width)
        for x in 0..<levels.width { to[x] = (from[x] * 255).cutToLevel }
      }
    }
  }

  /// 1 where the mask's box is inside for 3 pixels around, else 0: three erosions by 3 × 3.
  private static func core(_ mask: MaskCanvas, _ box: Region, _ workers: Workers) throws(LiaeError) -> MaskCanvas {
    let reach = 3
    let (wide, core) = try (
      MaskCanvas(width: box.width, height: box.height), MaskCanvas(width: box.width, height: box.height)
    )
    let (along, both) = (wide.pixels, core.pixels)
    workers.bands(box.height) { rows in
      for y in rows {
        let (from, to) = (mask.pixels + (y + box.top) * mask.width + box.left, along + y * box.width)
        var run = 0
        for x in 0..<box.width {
          run = from[x] > 0 ? run + 1 : 0
          if run > 2 * reach { to[x - reach] = 1 }
        }
      }
    }
    guard box.height > 2 * reach else { return core }
    workers.bands(box.height - 2 * reach) { rows in
      for y in rows {
        let to = both + (y + reach) * box.width
        for x in 0..<box.width { to[x] = along[y * box.width + x] }
        for other in y + 1...y + 2 * reach {
          for x in 0..<box.width { to[x] *= along[other * box.width + x] }
        }
      }
    }
    withExtendedLifetime((mask, wide)) {}
    return core
  }

  /// The right-hand side over the box without its border: the divergence of the gradients, the target's or, where
  /// `inside` is 1, the source's, less what the border, which stays, adds to the Laplacian.
  private static func setDivergence(
    _ divergence: ColorCanvas, _ source: ColorCanvas, _ target: UnsafePointer<Color>, stride: Int,
    _ inside: UnsafePointer<Float>, _ workers: Workers
  ) {
    let (width, height) = (divergence.width, divergence.height)
    let (out, boxWidth) = (divergence.pixels, source.width)
    workers.bands(height) { rows in
      for y in rows {
        let s = source.pixels + (y + 1) * boxWidth + 1
        let t = target + (y + 1) * stride + 1
        let e = inside + (y + 1) * boxWidth + 1
        let to = out + y * width
        for x in 0..<width {
          // Each gradient is taken where it begins: to the right and down from here, to here from the left and above.
          let right = e[x] > 0 ? s[x + 1] - s[x] : t[x + 1] - t[x]
          let down = e[x] > 0 ? s[x + boxWidth] - s[x] : t[x + stride] - t[x]
          let left = e[x - 1] > 0 ? s[x] - s[x - 1] : t[x] - t[x - 1]
          let up = e[x - boxWidth] > 0 ? s[x] - s[x - boxWidth] : t[x] - t[x - stride]
          to[x] = right - left + (down - up)
        }
        to[0] -= t[-1]
        to[width - 1] -= t[width]
        for x in 0..<width {
          if y == 0 { to[x] -= t[x - stride] }
          if y == height - 1 { to[x] -= t[x + stride] }
        }
      }
    }
  }
}

extension SIMD4<Float> {
  /// Each lane within 0...255 and cut off to a whole number; what is no number is 0.
  fileprivate var cutToLevel: SIMD4<Float> {
    let bounded = replacing(with: 0, where: .!(self .> 0)).clamped(lowerBound: .zero, upperBound: SIMD4(repeating: 255))
    // Adding 2^23 rounds to a whole number, up half of the time.
    let rounded = (bounded + 8_388_608) - 8_388_608
    return rounded - SIMD4(repeating: 0).replacing(with: 1, where: rounded .> bounded)
  }
}
