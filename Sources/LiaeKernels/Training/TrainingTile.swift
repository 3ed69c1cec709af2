// SPDX-License-Identifier: Apache-2.0

/// Tiles of F(2, 3) or F(4, 3).
@usableFromInline package enum TrainingTile: Int, Sendable {
  case two = 2
  case four = 4
  @inlinable package var outputs: Int { rawValue }
  /// Points of both axes.
  @inlinable package var points: Int { (rawValue + 2) * (rawValue + 2) }
}

@inlinable @inline(__always)
package func windowsToPoints<V: Lanes>(
  _: V.Type, _ tile: TrainingTile, _ p: UnsafePointer<TrainingTiles>, from: Int, to: Int, scratch: MutableFloatPointer
) {
  switch tile {
  case .two: windowsToPoints(V.self, Axis2.self, p, from: from, to: to, scratch: scratch)
  case .four: windowsToPoints(V.self, Axis4.self, p, from: from, to: to, scratch: scratch)
  }
}

@inlinable @inline(__always)
package func pointsToWindows<V: Lanes>(
  _: V.Type, _ tile: TrainingTile, _ p: UnsafePointer<TrainingTiles>, from: Int, to: Int, c0: Int, c1: Int,
  scratch: MutableFloatPointer
) {
  switch tile {
  case .two: pointsToWindows(V.self, Axis2.self, p, from: from, to: to, c0: c0, c1: c1, scratch: scratch)
  case .four: pointsToWindows(V.self, Axis4.self, p, from: from, to: to, c0: c0, c1: c1, scratch: scratch)
  }
}

@inlinable @inline(__always)
package func pointsToPixels<V: Lanes>(
  _: V.Type, _ tile: TrainingTile, _ p: UnsafePointer<TrainingTiles>, _ e: UnsafePointer<TrainingEpilogue>, from: Int,
  to: Int, scratch: MutableFloatPointer
) {
  switch tile {
  case .two: pointsToPixels(V.self, Axis2.self, p, e, from: from, to: to, scratch: scratch)
  case .four: pointsToPixels(V.self, Axis4.self, p, e, from: from, to: to, scratch: scratch)
  }
}

@inlinable @inline(__always)
package func pixelsToPoints<V: Lanes>(
  _: V.Type, _ tile: TrainingTile, _ p: UnsafePointer<TrainingTiles>, y: FloatPointer, slope: Float,
  bias: MutableFloatPointer, from: Int, to: Int, scratch: MutableFloatPointer
) {
  switch tile {
  case .two: pixelsToPoints(V.self, Axis2.self, p, y: y, slope: slope, bias: bias, from: from, to: to, scratch: scratch)
  case .four:
    pixelsToPoints(V.self, Axis4.self, p, y: y, slope: slope, bias: bias, from: from, to: to, scratch: scratch)
  }
}

@inlinable @inline(__always)
package func tapsToPoints<V: Lanes>(
  _: V.Type, _ tile: TrainingTile, _ taps: UnsafePointer<FloatPointer?>, count: Int, points u: MutableFloatPointer,
  point: Int, scratch: MutableFloatPointer
) {
  switch tile {
  case .two: tapsToPoints(V.self, Axis2.self, taps, count: count, points: u, point: point, scratch: scratch)
  case .four: tapsToPoints(V.self, Axis4.self, taps, count: count, points: u, point: point, scratch: scratch)
  }
}

@inlinable @inline(__always)
package func pointsToTaps<V: Lanes>(
  _: V.Type, _ tile: TrainingTile, points u: FloatPointer, point: Int, count: Int,
  _ taps: UnsafePointer<MutableFloatPointer?>, scratch: MutableFloatPointer
) {
  switch tile {
  case .two: pointsToTaps(V.self, Axis2.self, points: u, point: point, count: count, taps, scratch: scratch)
  case .four: pointsToTaps(V.self, Axis4.self, points: u, point: point, count: count, taps, scratch: scratch)
  }
}
