// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeGraph
import LiaeSystem
import LiaeTensor

/// Operators that compute nothing and give elements other places, or none: of values and constants alike.
extension GraphInterpreter {
  /// - Returns: nil for other operators.
  func rearranged(_ node: ONNXModel.Node, _ inputs: [Value?]) throws(LiaeError) -> Value? {
    guard let first = inputs.first, let value = first else { return nil }
    let layout: Layout
    switch value {
    case .constant(let constant): layout = constant.layout
    case .view(let view): layout = view.layout
    case .channels: return node.operation == "Identity" || node.operation == "Cast" ? value : nil
    }
    let result: Layout?
    switch node.operation {
    case "Identity", "Dropout": return value
    case "CastLike":
      guard case .view = value else { throw unexpected(node, "of a constant; expected a Cast") }
      return value
    case "Cast": return try cast(node, value)
    case "Reshape": result = try reshaped(node, layout, inputs)
    case "Flatten":
      let axis = node.integer("axis") ?? 1
      let place = axis == layout.shape.count ? axis : try dimension(node, axis, rank: layout.shape.count)
      result = CheckedSize.product(layout.shape[..<place]).flatMap { rows in
        CheckedSize.product(layout.shape[place...]).flatMap { layout.reshaped([rows, $0]) }
      }
    case "Squeeze": result = try squeezed(node, layout, inputs)
    case "Unsqueeze": result = try unsqueezed(node, layout, inputs)
    case "Transpose":
      result = layout.transposed(node.integers("perm") ?? Array(layout.shape.indices.reversed()))
    case "Expand":
      guard let sizes = try integers(node, inputs, 1, "shape") else { throw corrupt(node, "has no shape") }
      result = expanded(layout, sizes)
    case "DepthToSpace":
      guard case .view(let view) = value, let size = node.integer("blocksize") else { return nil }
      let mode = node.string("mode") ?? "DCR"
      guard mode == "DCR" || mode == "CRD" else { throw unexpected(node, "mode \(mode); expected DCR or CRD") }
      result = expressions.depthToSpace(view, mode == "DCR" ? .dcr : .crd, blockSize: size)?.layout
    default: return nil
    }
    guard let result else { throw mismatch(node, "is not possible for a value of shape \(layout.shape)") }
    switch value {
    case .constant(let constant): return .constant(constant.with(result))
    case .view(let view): return .view(GraphView(expression: view.expression, layout: result))
    case .channels: return value
    }
  }

  /// Precision is not followed: a run computes in single precision. Weights keep the one that they are stored in, or are
  /// rounded to.
  private func cast(_ node: ONNXModel.Node, _ value: Value) throws(LiaeError) -> Value {
    guard let type = ONNXDataType.dtype(node.integer("to") ?? 0) else {
      throw unexpected(node, "to type \(node.integer("to") ?? 0) of ONNX; expected numbers")
    }
    guard case .constant(var constant) = value else {
      guard type.isFloatingPoint else { throw unexpected(node, "makes \(type.rawValue) of a value; expected floats") }
      return value
    }
    if case .stored(let stored) = constant.source, type.isFloatingPoint, stored.tensor.dtype.isFloatingPoint {
      if type.size == 2 && stored.tensor.dtype != type {
        guard constant.rounding == nil || constant.rounding == type, stored.tensor.dtype.size > 2 else {
          throw unexpected(node, "rounds \(stored.name) to \(type.rawValue), which is in half precision already")
        }
        constant.rounding = type
      }
      return .constant(constant)
    }
    guard let result = constant.mapped({ $0.cast(to: type) }) else {
      throw unexpected(node, "\(constant.name) of shape \(constant.shape) as \(type.rawValue)")
    }
    return .constant(result)
  }

  private func reshaped(_ node: ONNXModel.Node, _ layout: Layout, _ inputs: [Value?]) throws(LiaeError) -> Layout? {
    guard var sizes = try integers(node, inputs, 1, "shape") else { throw corrupt(node, "has no shape") }
    let found = "shape \(layout.shape) cannot become \(sizes)"
    if node.integer("allowzero") ?? 0 == 0 {
      for (place, size) in sizes.enumerated() where size == 0 {
        guard place < layout.shape.count else { throw mismatch(node, found) }
        sizes[place] = layout.shape[place]
      }
    }
    if let open = sizes.firstIndex(of: -1) {
      sizes[open] = 1
      guard let known = CheckedSize.product(sizes), known > 0, layout.count % known == 0 else {
        throw mismatch(node, found)
      }
      sizes[open] = layout.count / known
    }
    guard let result = layout.reshaped(sizes) else { throw mismatch(node, found) }
    return result
  }

  private func squeezed(_ node: ONNXModel.Node, _ layout: Layout, _ inputs: [Value?]) throws(LiaeError) -> Layout? {
    let axes = try integers(node, inputs, 1, "axes")
    var dropped: Set<Int> = []
    for axis in axes ?? [] { dropped.insert(try dimension(node, axis, rank: layout.shape.count)) }
    if axes == nil { dropped = Set(layout.shape.indices.filter { layout.shape[$0] == 1 }) }
    return layout.reshaped(layout.shape.indices.filter { !dropped.contains($0) }.map { layout.shape[$0] })
  }

  private func unsqueezed(_ node: ONNXModel.Node, _ layout: Layout, _ inputs: [Value?]) throws(LiaeError) -> Layout? {
    guard let axes = try integers(node, inputs, 1, "axes") else { throw corrupt(node, "has no axes") }
    let rank = layout.shape.count + axes.count
    guard rank <= Layout.rankLimit else {
      throw mismatch(node, "makes \(rank) dimensions; at most \(Layout.rankLimit) are supported")
    }
    var added: Set<Int> = []
    for axis in axes { added.insert(try dimension(node, axis, rank: rank)) }
    guard added.count == axes.count else { throw mismatch(node, "adds a dimension twice: \(axes)") }
    var old = layout.shape.makeIterator()
    return layout.reshaped((0..<rank).map { added.contains($0) ? 1 : old.next() ?? 1 })
  }

  /// Broadcasts as ONNX does: either shape may have ones where the other has not.
  private func expanded(_ layout: Layout, _ sizes: [Int]) -> Layout? {
    var sizes = sizes
    while sizes.count < layout.shape.count { sizes.insert(1, at: 0) }
    let added = sizes.count - layout.shape.count
    for (place, size) in layout.shape.enumerated() where sizes[added + place] == 1 { sizes[added + place] = size }
    return layout.expanded(sizes)
  }
}

extension GraphConstant {
  /// Each number as `change` has it. nil: `change` fails, or there are more than can be computed.
  func mapped(_ change: (Quantity) -> Quantity?) -> GraphConstant? {
    var result = self
    if case .numbers(let numbers) = source {
      let changed = numbers.compactMap(change)
      guard changed.count == numbers.count else { return nil }
      result.source = .numbers(changed)
      return result
    }
    if layout.isUniform { return uniform.flatMap(change).flatMap { GraphConstant(repeating: $0, shape: shape) } }
    guard let changed = numbers?.compactMap(change), changed.count == count else { return nil }
    return GraphConstant(changed, shape: shape)
  }

  /// One number under any shape.
  init?(repeating number: Quantity, shape: [Int]) {
    guard let constant = GraphConstant([number], shape: []), let layout = constant.layout.expanded(shape) else {
      return nil
    }
    self = constant.with(layout)
  }
}
