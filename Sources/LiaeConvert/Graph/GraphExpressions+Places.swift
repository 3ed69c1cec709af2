// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeSystem

// What changes places: layers need pictures or flat values as they are, so that a layout becomes an expression there.

extension GraphExpressions {
  /// The expression that a view is: a picture (C, H, W) or flat numbers, in the order that the shape of the view says.
  ///
  /// - Returns: nil if the elements stand in no order that a network of ours has.
  mutating func settled(_ view: GraphView) -> Int? {
    let own = shapes[view.expression]
    guard view.shape.first == batch || own.isEmpty, view.layout.count > 0 else { return nil }
    if own.isEmpty { return view.layout.isPlain ? view.expression : nil }
    let wanted = Array(view.shape.dropFirst())
    if view.layout.isPlain && wanted == own { return view.expression }
    if let shuffled = shuffled(view, wanted) { return shuffled }
    guard view.layout.isPlain, let count = CheckedSize.product(wanted) else { return nil }
    let flat = own.count == 1 ? view.expression : intern(.flatten(view.expression), shape: [count])
    if wanted.count == 1 { return flat }
    guard wanted.count == 3, wanted[1] == wanted[2] else { return nil }
    return intern(.unflatten(flat, side: wanted[1]), shape: wanted)
  }

  /// Depth-to-space, as Reshape, Transpose, Reshape or in whatever other steps.
  private mutating func shuffled(_ view: GraphView, _ wanted: [Int]) -> Int? {
    let own = shapes[view.expression]
    guard own.count == 3, wanted.count == 3, own[0] % 4 == 0, wanted[0] == own[0] / 4,
      own[1].multipliedReportingOverflow(by: 2) == (wanted[1], false),
      own[2].multipliedReportingOverflow(by: 2) == (wanted[2], false), let whole = self.view(view.expression)
    else { return nil }
    for order in [ShuffleOrder.crd, .dcr] where depthToSpace(whole, order, blockSize: 2)?.layout == view.layout {
      return intern(.depthToSpace(view.expression, order), shape: wanted)
    }
    return nil
  }

  /// - Returns: nil if the value is no picture of a multiple of blockSize² channels.
  func depthToSpace(_ view: GraphView, _ order: ShuffleOrder, blockSize size: Int) -> GraphView? {
    let shape = view.shape
    guard shape.count == 4, size > 0, size < 1 << 16, shape[1] % (size * size) == 0 else { return nil }
    let channels = shape[1] / (size * size)
    let split: Layout?
    switch order {
    case .crd:
      split = view.layout.reshaped([shape[0], channels, size, size, shape[2], shape[3]])?
        .transposed([0, 1, 4, 2, 5, 3])
    case .dcr:
      split = view.layout.reshaped([shape[0], size, size, channels, shape[2], shape[3]])?
        .transposed([0, 3, 4, 1, 5, 2])
    }
    guard let height = CheckedSize.product(shape[2], size), let width = CheckedSize.product(shape[3], size),
      let layout = split?.reshaped([shape[0], channels, height, width])
    else { return nil }
    return GraphView(expression: view.expression, layout: layout)
  }

  /// Values one after the other along a dimension, which must be that of the channels.
  mutating func concatenation(_ views: [GraphView], dimension: Int) -> GraphView? {
    guard let first = views.first else { return nil }
    if views.count == 1 { return first }
    // Channels last, as the same with channels first.
    let isLast = dimension == 3 && first.shape.count == 4
    guard dimension == 1 || isLast else { return nil }
    var parts: [Int] = []
    for view in views {
      var view = view
      if isLast {
        guard let layout = view.layout.transposed([0, 3, 1, 2]) else { return nil }
        view.layout = layout
      }
      guard let part = settled(view), shapes[part].count == 3 else { return nil }
      parts.append(part)
    }
    guard let joined = concatenation(parts), let whole = view(joined) else { return nil }
    guard isLast else { return whole }
    return whole.layout.transposed([0, 2, 3, 1]).map { GraphView(expression: joined, layout: $0) }
  }

  private mutating func concatenation(_ parts: [Int]) -> Int? {
    let sides = shapes[parts[0]].dropFirst()
    guard parts.allSatisfy({ shapes[$0].dropFirst() == sides }),
      let channels = CheckedSize.sum(parts.map { shapes[$0][0] })
    else { return nil }
    let shape = [channels] + sides
    // The sigmoid of each head is that of all.
    let inner = parts.compactMap { if case .sigmoid(let x) = expressions[$0] { x } else { nil } }
    if inner.count == parts.count {
      return intern(.sigmoid(intern(joined(inner) ?? .concatenation(inner), shape: shape)), shape: shape)
    }
    return intern(joined(parts) ?? .concatenation(parts), shape: shape)
  }

  /// Convolutions of one input as one. Their kernels may differ, if their centres read the same pixel. A network of ours
  /// joins four; past 16 they stay apart, so that joining joined ones ends.
  private func joined(_ values: [Int]) -> GraphExpression? {
    var joined: [GraphExpression.Part] = []
    var common: (x: Int, stride: Int, inset: Int)?
    for value in values {
      guard case .convolution(let x, let parts, let stride, let inset) = expressions[value],
        common.map({ $0 == (x, stride, inset) }) ?? true
      else { return nil }
      common = (x, stride, inset)
      joined += parts
    }
    guard joined.count <= 16 else { return nil }
    return common.map { .convolution($0.x, joined, stride: $0.stride, inset: $0.inset) }
  }
}
