// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeTensor

extension PickleMachine {
  /// The value of the objects under `root`, children before parents, without recursion.
  ///
  /// An object that is met again is not built again. Since a shared object unfolds each time it is walked, what the
  /// result would hold when unfolded is counted: a chain of lists that hold the next one twice ends here.
  ///
  /// - Throws: `corruptFile` for an object within itself, `limitExceeded` past depth or count.
  func finish(_ root: Item) throws(LiaeError) -> PickleValue {
    var results = Results(count: nodes.count)
    guard case .object(let first) = root else { return try results.value(of: root, in: self) }
    var path: [(node: Int, next: Int)] = [(Int(first), 0)]
    results.isOpen[Int(first)] = true
    while let (node, next) = path.last {
      try CallScope.check()
      let items = children(of: node)
      if next == items.count {
        path.removeLast()
        results.isOpen[node] = false
        try results.complete(node, in: self)
        continue
      }
      path[path.count - 1].next += 1
      guard case .object(let index) = items[next], results.values[Int(index)] == nil else { continue }
      guard !results.isOpen[Int(index)] else { throw corrupt("an object contains itself") }
      results.isOpen[Int(index)] = true
      path.append((Int(index), 0))
      guard path.count <= FormatLimits.pickleDepth + 1 else {
        throw exceeded("containers nest deeper than \(FormatLimits.pickleDepth)")
      }
    }
    return try results.value(of: root, in: self)
  }

  private func children(of node: Int) -> [Item] {
    switch nodes[node] {
    case .list(let items), .tuple(let items), .dictionary(let items): return items
    default: return []
    }
  }

  /// The values that have been built of each object so far.
  private struct Results {
    var values: [PickleValue?]
    var isOpen: [Bool]
    /// Containers from the object downwards.
    private var depths: [UInt8]
    /// Values from the object downwards, shared ones counted each time.
    private var sizes: [Int32]

    init(count: Int) {
      values = Array(repeating: nil, count: count)
      isOpen = Array(repeating: false, count: count)
      depths = Array(repeating: 0, count: count)
      sizes = Array(repeating: 1, count: count)
    }

    func value(of item: Item, in machine: PickleMachine) throws(LiaeError) -> PickleValue {
      switch item {
      case .none: return .none
      case .bool(let value): return .bool(value)
      case .int(let value): return .int(value)
      case .float(let value): return .float(value)
      case .object(let index):
        guard let value = values[Int(index)] else { throw machine.corrupt("an object is used before it is complete") }
        return value
      }
    }

    /// Builds object `node`, whose children are complete.
    mutating func complete(_ node: Int, in machine: PickleMachine) throws(LiaeError) {
      switch machine.nodes[node] {
      case .text(let start, let count):
        guard count <= FormatLimits.pickleTextBytes else { throw machine.exceeded("a text of \(count) bytes") }
        guard let text = machine.reader.bytes.text(start, count) else {
          throw machine.corrupt("the text at byte \(start) is not UTF-8")
        }
        values[node] = .string(text)
      case .bytes(let start, let count):
        values[node] = .bytes(
          try TensorView(dtype: .uint8, shape: [count], storage: machine.reader.bytes, offset: start))
      case .list(let items): values[node] = .list(try contents(items, of: node, in: machine))
      case .tuple(let items): values[node] = .tuple(try contents(items, of: node, in: machine))
      case .dictionary(let items):
        let contents = try contents(items, of: node, in: machine)
        var pairs: [(key: PickleValue, value: PickleValue)] = []
        var keys: Set<String> = []
        for index in stride(from: 0, to: contents.count - 1, by: 2) {
          if case .string(let key) = contents[index], !keys.insert(key).inserted {
            throw machine.corrupt("a dictionary with the key \"\(key)\" twice")
          }
          pairs.append((contents[index], contents[index + 1]))
        }
        values[node] = .dictionary(pairs)
      case .global(_, let path): values[node] = .opaque(path)
      case .numpyType(_, let code): values[node] = .opaque("numpy type \(code)")
      case .emptyArray: throw machine.corrupt("an array without content")
      case .value(let value): values[node] = value
      }
    }

    private mutating func contents(
      _ items: [Item], of node: Int, in machine: PickleMachine
    ) throws(LiaeError) -> [PickleValue] {
      var contents: [PickleValue] = []
      contents.reserveCapacity(items.count)
      var depth = 0
      var size = 1
      for item in items {
        contents.append(try value(of: item, in: machine))
        if case .object(let index) = item {
          depth = max(depth, Int(depths[Int(index)]))
          size += Int(sizes[Int(index)])
        } else {
          size += 1
        }
        guard size <= FormatLimits.pickleValues else {
          throw machine.exceeded("it unfolds to more than \(FormatLimits.pickleValues) values")
        }
      }
      guard depth < FormatLimits.pickleDepth else {
        throw machine.exceeded("containers nest deeper than \(FormatLimits.pickleDepth)")
      }
      depths[node] = UInt8(depth + 1)
      sizes[node] = Int32(size)
      return contents
    }
  }
}
