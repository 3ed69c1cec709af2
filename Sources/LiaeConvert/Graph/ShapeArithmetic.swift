// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeSystem
import LiaeTensor

/// Operators whose results do not depend on the picture: what graphs of an open batch compute from shapes.
extension GraphInterpreter {
  /// - Returns: nil for other operators, and where an operand depends on the picture.
  func constant(_ node: ONNXModel.Node, _ inputs: [Value?]) throws(LiaeError) -> GraphConstant? {
    switch node.operation {
    case "Constant": return try literal(node)
    case "Shape", "Size": return try size(node, inputs)
    case "ConstantOfShape":
      guard let sizes = try integers(node, inputs, 0, "shape") else { throw corrupt(node, "has no shape") }
      var number = Quantity.real(0)
      if case .tensor(let tensor)? = node.attributes["value"] {
        guard let value = GraphConstant(node.label, tensor)?.uniform else { throw corrupt(node, "has no value") }
        number = value
      }
      return try checked(node, GraphConstant(repeating: number, shape: sizes))
    default: break
    }
    var operands: [GraphConstant] = []
    for input in inputs {
      guard case .constant(let constant)? = input else { return nil }
      operands.append(constant)
    }
    guard let first = operands.first else { return nil }
    switch node.operation {
    case "Concat": return try concatenation(node, operands)
    case "Gather" where operands.count == 2: return try gathered(node, operands[0], operands[1])
    case "Slice":
      var layout: Layout? = first.layout
      for bounds in try SliceBounds.all(node, inputs, shape: first.shape, self) {
        layout = bounds.places(first.shape[bounds.axis]).flatMap {
          layout?.sliced(bounds.axis, start: $0.start, step: bounds.step, count: $0.count)
        }
      }
      return try checked(node, layout.map { first.with($0) })
    case "Range" where operands.count == 3: return try range(node, operands)
    case "Where" where operands.count == 3: return try chosen(node, operands)
    default: break
    }
    if operands.count == 1, let function = Quantity.Function(rawValue: node.operation) {
      guard let result = first.mapped({ $0.applying(function) }) else {
        throw mismatch(node, "of \(first.numbers?.description ?? first.name) has no value")
      }
      return result
    }
    if operands.count == 2, let operation = Quantity.Operator(rawValue: node.operation) {
      return try combined(node, operation, first, operands[1])
    }
    return nil
  }

  private func literal(_ node: ONNXModel.Node) throws(LiaeError) -> GraphConstant {
    var result: GraphConstant?
    for (name, value) in node.attributes where name.hasPrefix("value") {
      switch value {
      case .tensor(let tensor): result = GraphConstant(node.outputs.first ?? node.label, tensor)
      case .integer(let value): result = GraphConstant([.integer(value)], shape: [])
      case .float(let value): result = GraphConstant([.real(Double(value))], shape: [])
      case .integers(let values): result = GraphConstant(values.map { .integer($0) }, shape: [values.count])
      case .floats(let values): result = GraphConstant(values.map { .real(Double($0)) }, shape: [values.count])
      default: break
      }
    }
    guard let result else { throw unexpected(node, "a constant that is no tensor of numbers") }
    return result
  }

  private func size(_ node: ONNXModel.Node, _ inputs: [Value?]) throws(LiaeError) -> GraphConstant? {
    let shape: [Int]
    switch inputs.first {
    case .constant(let constant)??: shape = constant.shape
    case .view(let view)??: shape = view.shape
    default: throw unexpected(node, "of some of the channels of a value")
    }
    if node.operation == "Size" { return GraphConstant([.integer(shape.reduce(1, *))], shape: []) }
    func place(_ number: Int) -> Int { max(0, min(number < 0 ? number &+ shape.count : number, shape.count)) }
    let (start, end) = (place(node.integer("start") ?? 0), place(node.integer("end") ?? shape.count))
    let part = start < end ? Array(shape[start..<end]) : []
    return GraphConstant(part.map { .integer($0) }, shape: [part.count])
  }

  private func concatenation(_ node: ONNXModel.Node, _ operands: [GraphConstant]) throws(LiaeError) -> GraphConstant {
    var numbers: [Quantity] = []
    for operand in operands {
      guard operand.shape.count == 1, let part = operand.numbers,
        numbers.count + part.count <= GraphConstant.numberLimit
      else { throw unexpected(node, "joins constants \(operands.map(\.shape)); expected short lists of numbers") }
      numbers += part
    }
    return try checked(node, GraphConstant(numbers, shape: [numbers.count]))
  }

  /// Elements of the first dimension of a list, by their numbers.
  private func gathered(_ node: ONNXModel.Node, _ data: GraphConstant, _ indices: GraphConstant) throws(LiaeError)
    -> GraphConstant
  {
    guard data.shape.count == 1, let numbers = data.numbers, let places = indices.numbers else {
      throw unexpected(node, "gathers from a constant of shape \(data.shape); expected a short list of numbers")
    }
    var result: [Quantity] = []
    for place in places {
      guard let index = place.integer, index >= -numbers.count, index < numbers.count else {
        throw mismatch(node, "takes element \(place) of \(numbers.count)")
      }
      result.append(numbers[index < 0 ? index + numbers.count : index])
    }
    return try checked(node, GraphConstant(result, shape: indices.shape))
  }

  private func range(_ node: ONNXModel.Node, _ operands: [GraphConstant]) throws(LiaeError) -> GraphConstant {
    let bounds = operands.compactMap { $0.uniform?.integer }
    guard bounds.count == 3, bounds[2] != 0 else { throw unexpected(node, "a range of other than whole numbers") }
    var (numbers, next) = ([Quantity](), bounds[0])
    while bounds[2] > 0 ? next < bounds[1] : next > bounds[1] {
      guard numbers.count < GraphConstant.numberLimit else { throw mismatch(node, "a range of too many numbers") }
      numbers.append(.integer(next))
      let (sum, overflow) = next.addingReportingOverflow(bounds[2])
      if overflow { break }
      next = sum
    }
    return try checked(node, GraphConstant(numbers, shape: [numbers.count]))
  }

  private func chosen(_ node: ONNXModel.Node, _ operands: [GraphConstant]) throws(LiaeError) -> GraphConstant {
    let (condition, x, y) = (operands[0], operands[1], operands[2])
    if let isTrue = condition.uniform?.integer, let shape = try broadcast(node, [condition, x, y]) {
      let result = isTrue != 0 ? x : y
      return try checked(node, result.layout.expanded(shape).map { result.with($0) })
    }
    guard let shape = try broadcast(node, operands), (CheckedSize.product(shape) ?? .max) <= GraphConstant.numberLimit
    else { throw mismatch(node, "shapes \(operands.map(\.shape))") }
    let lists = operands.compactMap { operand in operand.layout.expanded(shape).flatMap { operand.with($0).numbers } }
    let numbers =
      lists.count < 3 ? [] : lists[0].indices.map { lists[0][$0] == .integer(0) ? lists[2][$0] : lists[1][$0] }
    return try checked(node, GraphConstant(numbers, shape: shape))
  }

  private func combined(
    _ node: ONNXModel.Node, _ operation: Quantity.Operator, _ a: GraphConstant, _ b: GraphConstant
  ) throws(LiaeError) -> GraphConstant {
    guard let shape = try broadcast(node, [a, b]) else {
      throw mismatch(node, "shapes \(a.shape) and \(b.shape) do not fit each other")
    }
    func apply(_ x: Quantity, _ y: Quantity) throws(LiaeError) -> Quantity {
      guard let result = x.combined(operation, y) else { throw mismatch(node, "of \(x) and \(y) has no value") }
      return result
    }
    if let x = a.uniform, let y = b.uniform {
      return try checked(node, GraphConstant(repeating: try apply(x, y), shape: shape))
    }
    guard let x = a.layout.expanded(shape).flatMap({ a.with($0).numbers }),
      let y = b.layout.expanded(shape).flatMap({ b.with($0).numbers })
    else { throw unexpected(node, "computes constants of shape \(shape); expected a few numbers") }
    var numbers: [Quantity] = []
    for (x, y) in zip(x, y) { numbers.append(try apply(x, y)) }
    return try checked(node, GraphConstant(numbers, shape: shape))
  }

  /// The common shape of operands, as numpy broadcasts; nil if there is none.
  private func broadcast(_ node: ONNXModel.Node, _ operands: [GraphConstant]) throws(LiaeError) -> [Int]? {
    let rank = operands.map(\.shape.count).max() ?? 0
    var shape = [Int](repeating: 1, count: rank)
    for operand in operands {
      for (place, size) in operand.shape.enumerated() where size != 1 {
        let target = rank - operand.shape.count + place
        guard shape[target] == 1 || shape[target] == size else { return nil }
        shape[target] = size
      }
    }
    return shape
  }

  private func checked(_ node: ONNXModel.Node, _ constant: GraphConstant?) throws(LiaeError) -> GraphConstant {
    guard let constant else { throw mismatch(node, "makes a constant of a shape that is not possible") }
    return constant
  }
}
