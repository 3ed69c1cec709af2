// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

extension Affine {
  /// The turn, scaling and shift that bring `source` nearest to `target` by least squares. It never mirrors.
  ///
  /// With points as complex numbers and s', d' as distances from the means, the best factor is sum(conj(s')·d') /
  /// sum(|s'|²). In two dimensions this is Umeyama's solution where its covariance has full rank, mirrored points
  /// included: R = U·diag(1, ±1)·V of the singular value decomposition is the turn that the factor has, and the sum of
  /// the signed singular values its modulus. Source: S. Umeyama, "Least-squares estimation of transformation parameters
  /// between two point patterns", IEEE PAMI 13 (1991).
  ///
  /// - Precondition: both have the same number of points, at least one.
  /// - Throws: `invalidArgument` where the points of `source` are in one place or on one line, or resemble `target` in
  ///   no position.
  package static func similarity(from source: [Point], to target: [Point]) throws(LiaeError) -> Affine {
    let count = Double(source.count)
    let both = Covariance(source, target)
    let (sourceMean, targetMean) = (both.sourceMean, both.targetMean)
    let (sourceVariance, targetVariance) = (both.sourceVariance, both.targetVariance)
    let largest = source.reduce(0) { Swift.max($0, abs($1.x), abs($1.y)) }
    // What is left of equal points after the mean was taken off is rounding.
    guard (sourceVariance / count).squareRoot() > 1e-9 * largest else {
      throw LiaeError(
        .invalidArgument, "the landmarks are all in one place, near (\(sourceMean.x), \(sourceMean.y))")
    }
    let turned = Point(both.xx + both.yy, both.yx - both.xy)
    let (direct, mirrored) = both.sizes
    guard abs(direct - mirrored) > 1e-3 * (direct + mirrored) else {
      throw LiaeError(.invalidArgument, "the landmarks are on one line, or nearly: they do not fix a face")
    }
    // The correlation: 1 for the same shape, about 0.3 for a mirrored face.
    guard direct > 0.01 * (sourceVariance * targetVariance).squareRoot() else {
      throw LiaeError(.invalidArgument, "the landmarks resemble a face in no position")
    }
    let factor = turned / sourceVariance
    let linear = Affine(xx: factor.x, xy: -factor.y, tx: 0, yx: factor.y, yy: factor.x, ty: 0)
    let shift = targetMean - linear(sourceMean)
    return Affine(xx: factor.x, xy: -factor.y, tx: shift.x, yx: factor.y, yy: factor.x, ty: shift.y)
  }
}

/// The covariance of two sets of as many points around their means.
private struct Covariance {
  let sourceMean, targetMean: Point
  /// [[xx, xy], [yx, yy]]: rows are the target's axes. Sums, not means.
  private(set) var (xx, xy, yx, yy) = (0.0, 0.0, 0.0, 0.0)
  private(set) var (sourceVariance, targetVariance) = (0.0, 0.0)

  init(_ source: [Point], _ target: [Point]) {
    let count = Double(source.count)
    (sourceMean, targetMean) = (source.reduce(.zero, +) / count, target.reduce(.zero, +) / count)
    for (s, d) in zip(source, target) {
      let (s, d) = (s - sourceMean, d - targetMean)
      xx += d.x * s.x
      xy += d.x * s.y
      yx += d.y * s.x
      yy += d.y * s.y
      sourceVariance += (s * s).sum()
      targetVariance += (d * d).sum()
    }
  }

  /// The covariance that a turn reaches at most, and the one that a turn of the mirrored points reaches: half the sum and
  /// half the difference of these are its singular values.
  var sizes: (direct: Double, mirrored: Double) {
    (
      ((xx + yy) * (xx + yy) + (yx - xy) * (yx - xy)).squareRoot(),
      ((xx - yy) * (xx - yy) + (yx + xy) * (yx + xy)).squareRoot()
    )
  }
}

/// Returns how much two sets of points resemble each other when one is turned, and when it is mirrored and turned, in
/// one unit.
func similarities(_ source: [Point], _ target: [Point]) -> (direct: Double, mirrored: Double) {
  Covariance(source, target).sizes
}
