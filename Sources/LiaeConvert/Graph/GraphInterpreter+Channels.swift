// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeSystem

/// Channels `lower..<upper` of a picture. In AMP the bounds depend on the morph value.
struct ChannelRange {
  var expression: Int
  var lower, upper: Quantity
}

/// Operators that take values apart by channels and put them together.
extension GraphInterpreter {
  /// - Returns: nil for other operators, and where no operand is computed from the picture.
  mutating func channels(_ node: ONNXModel.Node, _ inputs: [Value?]) throws(LiaeError) -> [Value]? {
    let isConstant = inputs.allSatisfy { if case .constant? = $0 { true } else { $0 == nil } }
    if isConstant { return nil }
    switch node.operation {
    case "Concat": return [try concatenation(node, inputs)]
    case "Slice": return [try slice(node, inputs)]
    case "Split": return try split(node, inputs)
    case "Tile":
      // A code twice, as its concatenation with itself.
      let value = try view(node, inputs)
      let times = try integers(node, inputs, 1, "repeats") ?? []
      guard times.count == value.shape.count, let count = times.max(), (1...16).contains(count),
        times.indices.allSatisfy({ times[$0] == ($0 == 1 ? count : 1) }),
        let result = expressions.concatenation([GraphView](repeating: value, count: count), dimension: 1)
      else { throw unexpected(node, "repeats \(value.shape) \(times) times; expected channels") }
      return [.view(result)]
    case "Gather":
      // One place of a dimension of one place: the dimension is taken off.
      let value = try view(node, inputs)
      let index = try constant(node, inputs, 1, "indices")
      let axis = try dimension(node, node.integer("axis") ?? 0, rank: value.shape.count)
      guard value.shape[axis] == 1, index.shape.isEmpty, let place = index.uniform?.integer, place == 0 || place == -1
      else { throw unexpected(node, "gathers from dimension \(axis) of \(value.shape)") }
      var sizes = value.shape
      sizes.remove(at: axis)
      guard let layout = value.layout.reshaped(sizes) else { return nil }
      return [.view(GraphView(expression: value.expression, layout: layout))]
    default: return nil
    }
  }

  private mutating func concatenation(_ node: ONNXModel.Node, _ inputs: [Value?]) throws(LiaeError) -> Value {
    guard let axis = node.integer("axis") else { throw corrupt(node, "has no axis") }
    var (views, ranges) = ([GraphView](), [ChannelRange]())
    for (place, input) in inputs.enumerated() {
      if case .channels(let range)? = input {
        ranges.append(range)
      } else {
        views.append(try view(node, inputs, place))
      }
    }
    if !ranges.isEmpty {
      guard views.isEmpty, ranges.count == 2, axis == 1 || axis == -3 else {
        throw unexpected(node, "joins some of the channels of values; expected two such parts")
      }
      return .view(try mix(node, ranges[0], ranges[1]))
    }
    let dimension = try dimension(node, axis, rank: views.first?.shape.count ?? 0)
    guard let result = expressions.concatenation(views, dimension: dimension) else {
      throw mismatch(node, "joins shapes \(views.map(\.shape)) along dimension \(axis); expected pictures, by channels")
    }
    return .view(result)
  }

  /// [0, k) of one code and [k, C) of the other, with k = trunc(C * morph).
  private mutating func mix(_ node: ONNXModel.Node, _ first: ChannelRange, _ second: ChannelRange) throws(LiaeError)
    -> GraphView
  {
    let shape = expressions.shapes[first.expression]
    guard first.lower == .integer(0), first.upper == second.lower, second.upper == .integer(shape[0]),
      first.upper == .channels(slope: 1, offset: 0, scale: Double(shape[0])),
      expressions.shapes[second.expression] == shape,
      let result = expressions.made(.mixChannels(first.expression, second.expression), shape: shape)
    else {
      throw unexpected(
        node,
        "joins channels \(first.lower) ..< \(first.upper) of one value and \(second.lower) ..< \(second.upper) of another; expected those below and from trunc(C * morph) on"
      )
    }
    return result
  }

  private mutating func slice(_ node: ONNXModel.Node, _ inputs: [Value?]) throws(LiaeError) -> Value {
    let value = try view(node, inputs)
    var result: Value = .view(value)
    for bounds in try SliceBounds.all(node, inputs, shape: value.shape, self) {
      let size = value.shape[bounds.axis]
      let (lower, upper) = (bounds.clamped(bounds.start, size), bounds.clamped(bounds.end, size))
      if bounds.step == 1 && lower == .integer(0) && upper == .integer(size) { continue }
      guard bounds.axis == 1, bounds.step == 1, case .view = result, let picture = expressions.settled(value),
        expressions.shapes[picture].count == 3
      else {
        throw unexpected(node, "takes a part of dimension \(bounds.axis) of \(value.shape); expected some channels")
      }
      result = .channels(ChannelRange(expression: picture, lower: lower, upper: upper))
    }
    return result
  }

  private mutating func split(_ node: ONNXModel.Node, _ inputs: [Value?]) throws(LiaeError) -> [Value] {
    let value = try view(node, inputs)
    let axis = try dimension(node, node.integer("axis") ?? 0, rank: value.shape.count)
    let size = value.shape[axis]
    let parts = node.outputs.count
    let each = parts > 0 ? (size + parts - 1) / parts : 0
    let sizes = try integers(node, inputs, 1, "split") ?? (0..<parts).map { min(each, max(0, size - $0 * each)) }
    guard sizes.count == parts, CheckedSize.sum(sizes) == size else {
      throw mismatch(node, "splits \(size) places into \(sizes)")
    }
    if parts == 1 { return [.view(value)] }
    guard axis == 1, let picture = expressions.settled(value), expressions.shapes[picture].count == 3 else {
      throw unexpected(node, "splits dimension \(axis) of \(value.shape); expected channels")
    }
    var (lower, results) = (0, [Value]())
    for size in sizes {
      results.append(
        .channels(ChannelRange(expression: picture, lower: .integer(lower), upper: .integer(lower + size))))
      lower += size
    }
    return results
  }
}

/// Range of one dimension that a Slice takes.
struct SliceBounds {
  var axis: Int
  var start, end: Quantity
  var step: Int

  /// The bounds of all dimensions that a node names, as attributes in old operator sets, else as operands.
  static func all(
    _ node: ONNXModel.Node, _ inputs: [GraphInterpreter.Value?], shape: [Int], _ interpreter: GraphInterpreter
  ) throws(LiaeError) -> [SliceBounds] {
    func list(_ place: Int, _ what: String) throws(LiaeError) -> [Quantity]? {
      guard let constant = try interpreter.optionalConstant(node, inputs, place, what) else {
        return node.integers(what)?.map { .integer($0) }
      }
      return constant.count <= Layout.rankLimit ? constant.numbers : nil
    }
    guard let starts = try list(1, "starts"), let ends = try list(2, "ends"), starts.count == ends.count else {
      throw interpreter.corrupt(node, "has not as many starts as ends")
    }
    let axes = try interpreter.integers(node, inputs, 3, "axes") ?? Array(starts.indices)
    let steps = try interpreter.integers(node, inputs, 4, "steps") ?? starts.map { _ in 1 }
    guard axes.count == starts.count, steps.count == starts.count, !steps.contains(0) else {
      throw interpreter.corrupt(node, "has starts \(starts), axes \(axes) and steps \(steps)")
    }
    var all: [SliceBounds] = []
    for (place, axis) in axes.enumerated() {
      let axis = try interpreter.dimension(node, axis, rank: shape.count)
      all.append(SliceBounds(axis: axis, start: starts[place], end: ends[place], step: steps[place]))
    }
    return all
  }

  /// A bound of a dimension of `size` places for step 1: negative ones count from the end.
  func clamped(_ bound: Quantity, _ size: Int) -> Quantity {
    guard let place = bound.integer else { return bound }
    return .integer(max(0, min(place < 0 ? place &+ size : place, size)))
  }

  /// The places of a dimension of `size` that bounds without the morph value take.
  func places(_ size: Int) -> (start: Int, count: Int)? {
    guard let start = start.integer, let end = end.integer else { return nil }
    func clamped(_ place: Int, _ range: ClosedRange<Int>) -> Int {
      max(range.lowerBound, min(place < 0 ? place &+ size : place, range.upperBound))
    }
    if step > 0 {
      let (from, to) = (clamped(start, 0...size), clamped(end, 0...size))
      return (from, to > from ? (to - from - 1) / step + 1 : 0)
    }
    guard size > 0 else { return (0, 0) }
    let (from, to) = (clamped(start, 0...size - 1), clamped(end, -1...size - 1))
    return (from, from > to ? Int(UInt(from - to - 1) / step.magnitude) + 1 : 0)
  }
}
