// SPDX-License-Identifier: Apache-2.0

/// How an optimiser makes an update out of a gradient, for eight elements at a time.
///
/// `update` moves the moments and returns what is to be taken from the weight.
protocol UpdateRule {
  /// 1 or 2.
  static var moments: Int { get }
  func update(_ gradient: Floats, _ first: inout Floats, _ second: inout Floats) -> Floats
}

/// m = 0.9 m + 0.1 g; v = 0.999 v + 0.001 (g - m)^2; rate m / (sqrt v + 1e-6).
///
/// As DeepFaceLab has it: no correction of the first steps, no epsilon inside v.
struct AdaBelief: UpdateRule {
  static let moments = 2
  let rate: Float

  @inline(__always) func update(_ g: Floats, _ m: inout Floats, _ v: inout Floats) -> Floats {
    m = 0.9 * m + 0.1 * g
    let surprise = g - m
    v = 0.999 * v + 0.001 * (surprise * surprise)
    return rate * m / (v.squareRoot() + 1e-6)
  }
}

/// a = decay a + (1 - decay) g^2; rate g / (sqrt a + epsilon).
struct RMSprop: UpdateRule {
  static let moments = 1
  let rate, decay, epsilon: Float

  @inline(__always) func update(_ g: Floats, _ a: inout Floats, _: inout Floats) -> Floats {
    a = decay * a + (1 - decay) * (g * g)
    return rate * g / (a.squareRoot() + epsilon)
  }
}

/// Kingma, Ba: Adam, 2015, as PyTorch has it: m = 0.9 m + 0.1 g; v = 0.999 v + 0.001 g^2;
/// rate / (1 - 0.9^t) m / (sqrt(v) / sqrt(1 - 0.999^t) + 1e-8), with t from 1.
struct Adam: UpdateRule {
  static let moments = 2
  /// rate / (1 - 0.9^t) and 1 / sqrt(1 - 0.999^t).
  let rate, correction: Float

  @inline(__always) func update(_ g: Floats, _ m: inout Floats, _ v: inout Floats) -> Floats {
    m = 0.9 * m + 0.1 * g
    v = 0.999 * v + 0.001 * (g * g)
    return rate * m / (correction * v.squareRoot() + 1e-8)
  }
}
