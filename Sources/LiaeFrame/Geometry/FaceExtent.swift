// SPDX-License-Identifier: Apache-2.0

/// The position and the size of a face.
package struct FaceExtent: Sendable {
  package var center = Point.zero
  /// Twice the root mean square distance from the centre: about the face's width.
  package var width = 0.0

  package init(_ points: [Point]) {
    guard !points.isEmpty else { return }
    let count = Double(points.count)
    center = points.reduce(.zero, +) / count
    let sum = points.reduce(0) { $0 + (($1 - center) * ($1 - center)).sum() }
    width = 2 * (sum / count).squareRoot()
  }
}
