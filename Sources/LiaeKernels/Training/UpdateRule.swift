// SPDX-License-Identifier: Apache-2.0

/// The rule by which an optimiser makes an update out of a gradient g, and what it remembers meanwhile.
@usableFromInline package enum UpdateRule {
  /// m = 0.9 m + 0.1 g; v = 0.999 v + 0.001 (g - m)^2; rate m / (sqrt v + 1e-6).
  ///
  /// As DeepFaceLab has it: no correction of the first steps, no epsilon inside v.
  case adaBelief(rate: Float)
  /// m = decay m + (1 - decay) g^2; rate g / (sqrt m + epsilon).
  case rmsProp(rate: Float, decay: Float, epsilon: Float)
  /// Kingma, Ba: Adam, 2015, as PyTorch has it: m = 0.9 m + 0.1 g; v = 0.999 v + 0.001 g^2;
  /// rate m / (correction sqrt v + 1e-8), where the rate is divided by 1 - 0.9^t and the correction is 1 / sqrt(1 - 0.999^t)
  /// in step t, from 1.
  case adam(rate: Float, correction: Float)

  /// Values that are remembered for each weight, 1 or 2.
  package var moments: Int {
    if case .rmsProp = self { 1 } else { 2 }
  }
}

/// The weights of an update and what belongs to them, whole vectors of 16.
@usableFromInline package struct UpdatedWeights {
  @usableFromInline package let weights: MutableFloatPointer
  @usableFromInline package let gradient: FloatPointer
  @usableFromInline package let first: MutableFloatPointer
  /// The value is nil for a rule of one moment.
  @usableFromInline package let second: MutableFloatPointer?
  /// Factors of the update; nil: 1.
  @usableFromInline package let factors: FloatPointer?
  @inlinable package init(
    weights: MutableFloatPointer, gradient: FloatPointer, first: MutableFloatPointer, second: MutableFloatPointer?,
    factors: FloatPointer?
  ) {
    (self.weights, self.gradient, self.first, self.second) = (weights, gradient, first, second)
    self.factors = factors
  }
}

/// Takes from `count` weights what the rule makes of the gradient times `scale`. Each is read and written once.
@inlinable @inline(__always)
package func update<V: Lanes>(_: V.Type, _ rule: UpdateRule, _ p: UpdatedWeights, scale: Float, count: Int) {
  @inline(__always) func constant(_ x: Float) -> V { V(repeating: x) }
  @inline(__always) func take(_ i: Int, _ change: V) {
    var change = change
    if let factors = p.factors { change = change * load(factors + i) }
    store(p.weights + i, (load(p.weights + i) as V) - change)
  }
  let scale = constant(scale)
  switch rule {
  case .adaBelief(let rate):
    guard let second = p.second else { return }
    let rate = constant(rate)
    for i in stride(from: 0, to: count, by: V.width) {
      let g = scale * load(p.gradient + i)
      let m = constant(0.9) * load(p.first + i) + constant(0.1) * g
      let surprise = g - m
      let v = constant(0.999) * load(second + i) + constant(0.001) * (surprise * surprise)
      store(p.first + i, m)
      store(second + i, v)
      take(i, rate * m / (V.squareRoot(v) + constant(1e-6)))
    }
  case .rmsProp(let rate, let decay, let epsilon):
    let rate = constant(rate), decay = constant(decay), rest = constant(1) - decay, epsilon = constant(epsilon)
    for i in stride(from: 0, to: count, by: V.width) {
      let g = scale * load(p.gradient + i)
      let a = decay * load(p.first + i) + rest * (g * g)
      store(p.first + i, a)
      take(i, rate * g / (V.squareRoot(a) + epsilon))
    }
  case .adam(let rate, let correction):
    guard let second = p.second else { return }
    let rate = constant(rate), correction = constant(correction)
    for i in stride(from: 0, to: count, by: V.width) {
      let g = scale * load(p.gradient + i)
      let m = constant(0.9) * load(p.first + i) + constant(0.1) * g
      let v = constant(0.999) * load(second + i) + constant(0.001) * (g * g)
      store(p.first + i, m)
      store(second + i, v)
      take(i, rate * m / (correction * V.squareRoot(v) + constant(1e-8)))
    }
  }
}

/// The sum of squares in double, of whole vectors of 16, in as many sums as there are lanes.
@inlinable @inline(__always)
package func squareSum<V: Lanes>(_: V.Type, _ x: FloatPointer, count: Int) -> Double {
  var sum = V.Wide(repeating: 0)
  for i in stride(from: 0, to: count, by: V.width) { sum = V.addingSquares(sum, load(x + i)) }
  var total = 0.0
  for lane in 0..<V.width { total += sum[lane] }
  return total
}
