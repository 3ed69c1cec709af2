// SPDX-License-Identifier: Apache-2.0
import LiaeGraph

// Element by element. What is computed of each number alone does not depend on where the number lies: it is computed of
// the expression, and the layout stays. So an activation before a rearrangement and one behind it are the same value.

extension GraphExpressions {
  private mutating func elementwise(_ view: GraphView, _ operation: (Int) -> GraphExpression) -> GraphView {
    GraphView(expression: make(view.expression, operation), layout: view.layout)
  }

  private mutating func make(_ x: Int, _ operation: (Int) -> GraphExpression) -> Int {
    intern(operation(x), shape: shapes[x])
  }

  mutating func activation(_ x: GraphView, _ activation: Activation) -> GraphView {
    elementwise(x) { .activation($0, activation) }
  }
  mutating func sigmoid(_ x: GraphView) -> GraphView { elementwise(x) { .sigmoid($0) } }
  mutating func cosine(_ x: GraphView) -> GraphView { elementwise(x) { .cosine($0) } }
  /// A mean over the whole image does not depend on places either.
  mutating func pixelNorm(_ x: GraphView) -> GraphView { elementwise(x) { .pixelNorm($0) } }

  mutating func power(_ x: GraphView, _ exponent: Double) -> GraphView {
    GraphView(expression: power(x.expression, exponent), layout: x.layout)
  }

  private mutating func power(_ x: Int, _ exponent: Double) -> Int {
    if exponent == 1 { return x }
    // (x^a)^b is x^(ab) unless a takes the sign away.
    if case .power(let base, let inner) = expressions[x], inner.truncatingRemainder(dividingBy: 2) != 0 {
      return power(base, inner * exponent)
    }
    return make(x) { .power($0, exponent) }
  }

  mutating func scaled(_ x: GraphView, _ factor: Double) -> GraphView {
    var (number, factor) = (x.expression, factor)
    if case .scaled(let inner, let other) = expressions[number] { (number, factor) = (inner, factor * other) }
    // n * (1 / n) in single precision is 1.
    if !(abs(factor - 1) <= 1e-6) { number = make(number) { .scaled($0, factor) } }
    return GraphView(expression: number, layout: x.layout)
  }

  mutating func shifted(_ x: GraphView, _ constant: Double) -> GraphView {
    constant == 0 ? x : elementwise(x) { .shifted($0, constant) }
  }

  /// - Returns: nil if the shapes do not fit each other.
  mutating func product(_ a: GraphView, _ b: GraphView) -> GraphView? {
    guard let (x, y, layout) = aligned(a, b) else { return nil }
    return GraphView(expression: product(x, y), layout: layout)
  }

  private mutating func product(_ x: Int, _ y: Int) -> Int {
    if x == y { return power(x, 2) }
    for (value, factor) in [(x, y), (y, x)] {
      if expressions[factor] == .cosine(value) { return make(value) { .activation($0, .cosine) } }
      if let epsilon = epsilon(factor, of: value) {
        // Half precision has 9.5e-7.
        let isOurs = epsilon > 9e-7 && epsilon < 1.1e-6
        return make(value) { isOurs ? .pixelNorm($0) : .other("a pixel norm with epsilon \(epsilon)") }
      }
    }
    return intern(.product(min(x, y), max(x, y)), shape: shapes[shapes[x].isEmpty ? y : x])
  }

  /// The epsilon of a number that is (mean(x * x) + epsilon) ^ -0.5.
  private func epsilon(_ number: Int, of x: Int) -> Double? {
    guard case .power(let sum, -0.5) = expressions[number], case .shifted(let mean, let epsilon) = expressions[sum],
      case .mean(let square) = expressions[mean], expressions[square] == .power(x, 2)
    else { return nil }
    return epsilon
  }

  /// - Returns: nil if the shapes do not fit each other.
  mutating func sum(_ a: GraphView, _ b: GraphView) -> GraphView? {
    guard let (x, y, layout) = aligned(a, b), shapes[x] == shapes[y] else { return nil }
    // A residual block adds a convolution to what it reads: the convolution is the second operand.
    func rank(_ number: Int) -> (Int, Int) {
      if case .convolution = expressions[number] { (1, number) } else { (0, number) }
    }
    let isOrdered = rank(x) <= rank(y)
    return GraphView(
      expression: intern(.sum(isOrdered ? x : y, isOrdered ? y : x), shape: shapes[x]), layout: layout)
  }

  /// max(x, a x) with 0 < a < 1 is a leaky ReLU.
  ///
  /// - Returns: nil for other operands.
  mutating func maximum(_ a: GraphView, _ b: GraphView) -> GraphView? {
    guard let (x, y, layout) = aligned(a, b), let leaky = leaky(x, y) ?? leaky(y, x) else { return nil }
    return GraphView(expression: leaky, layout: layout)
  }

  mutating func isNegative(_ x: GraphView) -> GraphView { elementwise(x) { .isNegative($0) } }
  mutating func isPositive(_ x: GraphView) -> GraphView { elementwise(x) { .isPositive($0) } }

  /// x where x is positive, and a x elsewhere, is a leaky ReLU.
  ///
  /// - Returns: nil for other operands.
  mutating func choice(_ condition: GraphView, _ a: GraphView, _ b: GraphView) -> GraphView? {
    guard condition.layout == a.layout, a.layout == b.layout else { return nil }
    let result: Int?
    switch expressions[condition.expression] {
    case .isPositive(a.expression): result = leaky(a.expression, b.expression)
    case .isNegative(b.expression): result = leaky(b.expression, a.expression)
    default: result = nil
    }
    return result.map { GraphView(expression: $0, layout: a.layout) }
  }

  private mutating func leaky(_ x: Int, _ scaled: Int) -> Int? {
    guard case .scaled(x, let factor) = expressions[scaled], factor > 0, factor < 1 else { return nil }
    return make(x) { .activation($0, .leaky(Float(factor))) }
  }

  /// The mean over some dimensions, which must be all but the batch.
  mutating func mean(_ x: GraphView, over dimensions: Set<Int>, keeps: Bool) -> GraphView? {
    let kept = x.shape.indices.filter { !dimensions.contains($0) }
    guard kept.allSatisfy({ x.shape[$0] == 1 || $0 == 0 && isBatchFirst(x) }),
      batch == 1 || kept.first == 0 && isBatchFirst(x)
    else { return nil }
    let shape = keeps ? x.shape.indices.map { kept.contains($0) ? x.shape[$0] : 1 } : kept.map { x.shape[$0] }
    return Layout(shape).map { GraphView(expression: intern(.mean(x.expression), shape: []), layout: $0) }
  }

  /// Two values brought to one layout, as operators of two operands broadcast them: equal ones, or one and a number for
  /// each image.
  private mutating func aligned(_ a: GraphView, _ b: GraphView) -> (Int, Int, Layout)? {
    if a.layout == b.layout && shapes[a.expression] == shapes[b.expression] {
      return (a.expression, b.expression, a.layout)
    }
    if broadcasts(b, to: a) { return (a.expression, b.expression, a.layout) }
    if broadcasts(a, to: b) { return (a.expression, b.expression, b.layout) }
    guard a.shape == b.shape, let x = settled(a), let y = settled(b), let whole = view(x) else { return nil }
    return (x, y, whole.layout)
  }

  /// Tells whether a value is one number for each image, which the dimensions of `x` repeat as they should.
  private func broadcasts(_ number: GraphView, to x: GraphView) -> Bool {
    guard shapes[number.expression].isEmpty, number.shape.count <= x.shape.count else { return false }
    if batch == 1 { return number.layout.count == 1 }
    return number.shape.count == x.shape.count && number.shape[0] == batch && number.layout.count == batch
      && isBatchFirst(x)
  }

  /// Tells whether the first dimension is that of images.
  private func isBatchFirst(_ x: GraphView) -> Bool {
    let size = shapes[x.expression].reduce(1, *)
    let axes = batch == 1 ? [] : [Layout.Axis(size: batch, stride: size)]
    return x.layout.dimensions()?.first == axes
  }
}
