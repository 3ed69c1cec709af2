// SPDX-License-Identifier: Apache-2.0

/// A low-pass filter whose cutoff rises with the speed of the signal: still things stop trembling, fast ones lag little.
///
/// Source: G. Casiez, N. Roussel, D. Vogel, 1€ Filter, CHI 2012, doi 10.1145/2207676.2208639. A signal of several
/// values has one cutoff, from the root mean square of their speeds, so that the points of a face keep their shape;
/// with one value it is the filter of the paper.
package struct OneEuroFilter: Sendable {
  /// Hz that pass at rest, above 0. Less is steadier.
  package var cutoff: Double
  /// Hz by which the cutoff rises for each unit of speed, 0 or more. More lags less.
  package var slope: Double
  /// Hz of the filter of the speed.
  package var speedCutoff = 1.0

  private var values: [Double] = []
  private var speeds: [Double] = []

  package init(cutoff: Double, slope: Double) { (self.cutoff, self.slope) = (cutoff, slope) }

  /// The next values are the first.
  package mutating func reset() { values = [] }

  /// The signal's next values, filtered. The first are handed back as they are.
  ///
  /// - Parameters:
  ///   - interval: seconds since the values before, above 0.
  ///   - unit: what speeds are measured in per second, in units of the values; above 0.
  package mutating func next(_ newest: [Double], interval: Double, unit: Double = 1) -> [Double] {
    guard values.count == newest.count, interval > 0 else {
      (values, speeds) = (newest, Array(repeating: 0, count: newest.count))
      return newest
    }
    let speedWeight = Self.weight(speedCutoff, interval)
    var sum = 0.0
    for i in newest.indices {
      speeds[i] += ((newest[i] - values[i]) / interval - speeds[i]) * speedWeight
      sum += speeds[i] * speeds[i]
    }
    let speed = (sum / Double(max(1, newest.count))).squareRoot() / unit
    let weight = Self.weight(cutoff + slope * speed, interval)
    for i in newest.indices { values[i] += (newest[i] - values[i]) * weight }
    return values
  }

  /// The whole signal, filtered forwards and backwards and averaged: what one direction lags, the other leads.
  package static func smoothed(
    _ signal: [[Double]], cutoff: Double, slope: Double, interval: Double, unit: Double = 1
  ) -> [[Double]] {
    func pass(_ signal: [[Double]]) -> [[Double]] {
      var filter = OneEuroFilter(cutoff: cutoff, slope: slope)
      return signal.map { filter.next($0, interval: interval, unit: unit) }
    }
    let forward = pass(signal)
    let backward = Array(pass(signal.reversed()).reversed())
    // Types are named: without them some compilers give up on this.
    return zip(forward, backward).map { (a: [Double], b: [Double]) -> [Double] in
      guard a.count == b.count else { return a }
      return zip(a, b).map { (x: Double, y: Double) -> Double in (x + y) / 2 }
    }
  }

  /// Weight of the newest value in an exponential average that lets `cutoff` Hz pass.
  private static func weight(_ cutoff: Double, _ interval: Double) -> Double {
    let turn = 2 * Double.pi * cutoff * interval
    return turn.isFinite ? turn / (turn + 1) : 1
  }
}
