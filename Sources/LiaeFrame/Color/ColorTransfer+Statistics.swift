// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

extension ColorTransfer {
  /// rct: each of L*, a*, b* to the reference's mean and deviation.
  ///
  /// Pixels outside the area are zeros of both statistics, and all pixels are changed, as in DeepFaceLab. Its formula
  /// divides by the face's deviation; a channel without any is only shifted here.
  func matchLab(
    of face: ColorCanvas, to reference: ColorCanvas, area: MaskCanvas, _ smoothing: ColorSmoothing?, _ workers: Workers
  ) throws(LiaeError) {
    let reference = try reference.copy()
    try Lab.fromColor(reference, workers: workers)
    try Lab.fromColor(face, workers: workers)
    var from = try ColorMoments(of: face, where: area, workers: workers)
    var to = try ColorMoments(of: reference, where: area, workers: workers)
    if let smoothing { (from, to) = smoothing.smoothed(self, face: from, reference: to) }

    let spread = from.deviation
    let gain = (to.deviation / spread).replacing(with: 1, where: spread .== 0)
    let shift = to.mean - from.mean * gain
    let (scale, offset) = (Color(SIMD4(gain, 0)), Color(SIMD4(shift, 0)))
    let (lowest, highest) = (Color(0, -127, -127, 0), Color(100, 127, 127, 0))
    let (pixels, width) = (face.pixels, face.width)
    workers.bands(face.height) { rows in
      for index in rows.lowerBound * width..<rows.upperBound * width {
        pixels[index] = (pixels[index] * scale + offset).clamped(lowerBound: lowest, upperBound: highest)
      }
    }
    try Lab.toColor(face, workers: workers)
  }

  /// lct and mkl: the linear map of the colours around their mean that gives them the reference's covariance.
  func matchCovariance(
    of face: ColorCanvas, to reference: ColorCanvas, _ smoothing: ColorSmoothing?, _ workers: Workers
  ) throws(LiaeError) {
    var from = try ColorMoments(of: face, workers: workers)
    var to = try ColorMoments(of: reference, workers: workers)
    if let smoothing { (from, to) = smoothing.smoothed(self, face: from, reference: to) }
    let count = Double(face.count)
    let map = self == .lct ? Self.linear(from, to) : Self.mongeKantorovich(from, to, bias: count / max(1, count - 1))

    let (mean, target) = (Color(SIMD4(from.mean, 0)), Color(SIMD4(to.mean, 0)))
    let (a, b, c) = map.columns
    let (blue, green, red) = (Color(SIMD4(a, 0)), Color(SIMD4(b, 0)), Color(SIMD4(c, 0)))
    let (pixels, width) = (face.pixels, face.width)
    workers.bands(face.height) { rows in
      for index in rows.lowerBound * width..<rows.upperBound * width {
        let d = pixels[index] - mean
        pixels[index] = (blue * d.x + green * d.y + red * d.z + target).clamped
      }
    }
  }

  /// Cy^½·Cx^-½, each covariance with 1e-5 on its diagonal.
  private static func linear(_ from: ColorMoments, _ to: ColorMoments) -> ColorMatrix {
    let ridge = ColorMatrix(diagonal: ColorMatrix.Vector(repeating: 1e-5))
    let root = (to.covariance + ridge).mappingEigenvalues { max($0, 0).squareRoot() }
    return root * (from.covariance + ridge).mappingEigenvalues { 1 / max($0, 1e-5).squareRoot() }
  }

  /// A^-½·(A^½·B·A^½)^½·A^-½ of the covariances A and B, estimated with N - 1.
  ///
  /// DeepFaceLab's lowest eigenvalue of A is 2.2e-16, which turns the rounding of a grey face into loud colours. It is
  /// 1e-8 here: a deviation of 1/40 of an 8-bit level, less than any picture has that is not grey.
  private static func mongeKantorovich(_ from: ColorMoments, _ to: ColorMoments, bias: Double) -> ColorMatrix {
    let lowest = 1e-8
    let a = from.covariance * bias
    let root = a.mappingEigenvalues { max($0, lowest).squareRoot() }
    let inverse = a.mappingEigenvalues { 1 / max($0, lowest).squareRoot() }
    let middle = (root * (to.covariance * bias) * root).mappingEigenvalues { max($0, 0).squareRoot() }
    return inverse * middle * inverse
  }
}
