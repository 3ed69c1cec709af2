// SPDX-License-Identifier: Apache-2.0

package typealias Point = SIMD2<Double>

/// A map of the plane: x' = xx·x + xy·y + tx, y' = yx·x + yy·y + ty. Pixel centres have whole coordinates.
package struct Affine: Sendable, Equatable {
  package var xx, xy, tx, yx, yy, ty: Double

  package init(xx: Double, xy: Double, tx: Double, yx: Double, yy: Double, ty: Double) {
    (self.xx, self.xy, self.tx, self.yx, self.yy, self.ty) = (xx, xy, tx, yx, yy, ty)
  }

  package static let identity = Affine(xx: 1, xy: 0, tx: 0, yx: 0, yy: 1, ty: 0)

  package func callAsFunction(_ p: Point) -> Point { Point(xx * p.x + xy * p.y + tx, yx * p.x + yy * p.y + ty) }

  package var determinant: Double { xx * yy - xy * yx }

  /// The inverse as OpenCV computes it in warpAffine; a singular map has zeros in its place.
  package var inverse: Affine {
    let d = determinant
    let scale = d != 0 ? 1 / d : 0
    let (a, b, c, e) = (yy * scale, -xy * scale, -yx * scale, xx * scale)
    return Affine(xx: a, xy: b, tx: -a * tx - b * ty, yx: c, yy: e, ty: -c * tx - e * ty)
  }

  /// First `other`, then this one.
  package func after(_ other: Affine) -> Affine {
    Affine(
      xx: xx * other.xx + xy * other.yx, xy: xx * other.xy + xy * other.yy, tx: xx * other.tx + xy * other.ty + tx,
      yx: yx * other.xx + yy * other.yx, yy: yx * other.xy + yy * other.yy, ty: yx * other.tx + yy * other.ty + ty)
  }

  /// Row by row: xx, xy, tx, yx, yy, ty.
  package var elements: [Double] { [xx, xy, tx, yx, yy, ty] }

  package var isFinite: Bool { elements.allSatisfy(\.isFinite) }
}
