// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeTensor

/// The pickle machine. Objects live in one array and refer to each other by index, so that a pickle can build neither a
/// reference cycle nor a chain whose release would recurse.
///
/// Source: the opcodes of Python's `pickletools`; only those are here that picklers write for the allowed objects.
struct PickleMachine {
  /// An item of the stack or of a container.
  enum Item {
    case none
    case bool(Bool)
    case int(Int)
    case float(Double)
    /// An index of `nodes`.
    case object(Int32)
  }

  enum Node {
    /// A range of the file that should be UTF-8.
    case text(start: Int, count: Int)
    /// A range of the file.
    case bytes(start: Int, count: Int)
    case list([Item])
    case tuple([Item])
    /// Keys and values in turn.
    case dictionary([Item])
    indirect case global(PickleGlobal, path: String)
    /// A numpy element type; nil where we have none for it.
    indirect case numpyType(DType?, code: String)
    /// `_reconstruct` was called, and its state is still to come.
    case emptyArray
    /// Complete.
    case value(PickleValue)
  }

  var reader: ByteReader
  let allowance: PickleAllowance
  let persistent: ((PickleValue) throws(LiaeError) -> PickleValue)?
  var nodes: [Node] = []
  /// Bytes that may still be copied to change a layout: a pickle can ask for the same copy again and again.
  var copyBudget: Int
  private var stack: [Item] = []
  private var marks: [Int] = []
  private var memo: [UInt32: Item] = [:]

  init(
    _ reader: ByteReader, allowance: PickleAllowance,
    persistent: ((PickleValue) throws(LiaeError) -> PickleValue)?
  ) {
    (self.reader, self.allowance, self.persistent) = (reader, allowance, persistent)
    copyBudget = reader.bytes.count.multipliedReportingOverflow(by: 2).partialValue
  }

  func corrupt(_ message: String) -> LiaeError { reader.corrupt("pickle: \(message), before byte \(reader.position)") }

  func exceeded(_ message: String) -> LiaeError { LiaeError(.limitExceeded, "\(reader.name): pickle: \(message)") }

  mutating func run() throws(LiaeError) -> PickleValue {
    var instructions = 0
    while true {
      try CallScope.check()
      guard instructions < FormatLimits.pickleInstructions else {
        throw exceeded("more than \(FormatLimits.pickleInstructions) instructions")
      }
      instructions += 1
      let opcode = try reader.integer(UInt8.self, "the pickle")
      if opcode == Opcode.stop {
        let result = try pop()
        guard stack.isEmpty, marks.isEmpty else { throw corrupt("\(stack.count) values are left over at its end") }
        return try finish(result)
      }
      try execute(opcode)
    }
  }

  private mutating func execute(_ opcode: UInt8) throws(LiaeError) {
    switch opcode {
    case Opcode.proto:
      let version = try reader.integer(UInt8.self, "the protocol")
      guard version <= 5 else {
        throw LiaeError(.unsupported, "\(reader.name): pickle protocol \(version); 2 to 5 are supported")
      }
    case Opcode.frame:
      let length = try reader.size("a frame")
      guard length <= reader.remaining else {
        throw corrupt("a frame of \(length) bytes where \(reader.remaining) are left")
      }
    case Opcode.none: try push(.none)
    case Opcode.newTrue: try push(.bool(true))
    case Opcode.newFalse: try push(.bool(false))
    case Opcode.binInt: try push(.int(Int(try reader.integer(Int32.self, "an integer"))))
    case Opcode.binInt1: try push(.int(Int(try reader.integer(UInt8.self, "an integer"))))
    case Opcode.binInt2: try push(.int(Int(try reader.integer(UInt16.self, "an integer"))))
    case Opcode.long1: try pushLong(Int(try reader.integer(UInt8.self, "an integer's length")))
    case Opcode.long4: try pushLong(Int(try reader.integer(Int32.self, "an integer's length")))
    case Opcode.binFloat: try push(.float(Double(bitPattern: try reader.integer(UInt64.self, "a float").byteSwapped)))
    case Opcode.shortBinUnicode: try pushText(Int(try reader.integer(UInt8.self, "a text's length")))
    case Opcode.binUnicode: try pushText(Int(try reader.integer(UInt32.self, "a text's length")))
    case Opcode.binUnicode8: try pushText(try reader.size("a text"))
    case Opcode.shortBinBytes: try pushBytes(Int(try reader.integer(UInt8.self, "the length of bytes")))
    case Opcode.binBytes: try pushBytes(Int(try reader.integer(UInt32.self, "the length of bytes")))
    case Opcode.binBytes8, Opcode.byteArray8: try pushBytes(try reader.size("bytes"))
    case Opcode.emptyList: try pushNode(.list([]))
    case Opcode.emptyDict: try pushNode(.dictionary([]))
    case Opcode.emptyTuple: try pushNode(.tuple([]))
    case Opcode.mark:
      guard marks.count < FormatLimits.pickleStack else { throw exceeded("more than \(marks.count) open marks") }
      marks.append(stack.count)
    case Opcode.tuple: try pushNode(.tuple(try popToMark()))
    case Opcode.tuple1, Opcode.tuple2, Opcode.tuple3:
      var items: [Item] = []
      for _ in 0...(opcode - Opcode.tuple1) { items.append(try pop()) }
      try pushNode(.tuple(items.reversed()))
    case Opcode.append: try append([try pop()])
    case Opcode.appends: try append(try popToMark())
    case Opcode.setItem:
      let value = try pop()
      try setItems([try pop(), value])
    case Opcode.setItems: try setItems(try popToMark())
    case Opcode.binPut: try put(UInt32(try reader.integer(UInt8.self, "a memo index")))
    case Opcode.longBinPut: try put(try reader.integer(UInt32.self, "a memo index"))
    case Opcode.memoize: try put(UInt32(truncatingIfNeeded: memo.count))
    case Opcode.binGet: try get(UInt32(try reader.integer(UInt8.self, "a memo index")))
    case Opcode.longBinGet: try get(try reader.integer(UInt32.self, "a memo index"))
    case Opcode.global, Opcode.inst:
      let module = try line("a module's name")
      try pushGlobal(module: module, name: try line("a global's name"))
      if opcode == Opcode.inst { throw unsupported(opcode) }
    case Opcode.stackGlobal:
      let name = try pop()
      let module = try pop()
      try pushGlobal(module: try shortText(module), name: try shortText(name))
    case Opcode.reduce:
      let arguments = try pop()
      try push(try call(try pop(), arguments))
    case Opcode.build:
      let state = try pop()
      try build(try top(), state)
    case Opcode.binPersID: try push(try resolvePersistent(try pop()))
    case Opcode.ext1, Opcode.ext2, Opcode.ext4:
      throw LiaeError(.unsafeFile, "\(reader.name): pickle: it asks for a registered extension, which is not allowed")
    default: throw unsupported(opcode)
    }
  }

  private func unsupported(_ opcode: UInt8) -> LiaeError {
    let code = String(opcode, radix: 16)
    return corrupt("instruction 0x\(code), which no file of this kind uses")
  }

  // MARK: Stack and memo

  private mutating func push(_ item: Item) throws(LiaeError) {
    guard stack.count < FormatLimits.pickleStack else { throw exceeded("more than \(stack.count) values on its stack") }
    stack.append(item)
  }

  /// A new object.
  mutating func add(_ node: Node) throws(LiaeError) -> Item {
    guard nodes.count < FormatLimits.pickleObjects else { throw exceeded("more than \(nodes.count) objects") }
    nodes.append(node)
    return .object(Int32(nodes.count - 1))
  }

  private mutating func pushNode(_ node: Node) throws(LiaeError) { try push(try add(node)) }

  private func top() throws(LiaeError) -> Item {
    guard stack.count > marks.last ?? 0, let item = stack.last else { throw corrupt("a value is missing on its stack") }
    return item
  }

  private mutating func pop() throws(LiaeError) -> Item {
    let item = try top()
    stack.removeLast()
    return item
  }

  private mutating func popToMark() throws(LiaeError) -> [Item] {
    guard let mark = marks.popLast() else { throw corrupt("a mark is missing on its stack") }
    let items = Array(stack[mark...])
    stack.removeSubrange(mark...)
    return items
  }

  private mutating func put(_ index: UInt32) throws(LiaeError) {
    guard memo.count < FormatLimits.pickleObjects else { throw exceeded("more than \(memo.count) memo entries") }
    memo[index] = try top()
  }

  private mutating func get(_ index: UInt32) throws(LiaeError) {
    guard let item = memo[index] else { throw corrupt("memo entry \(index) is used and was never made") }
    try push(item)
  }

  // MARK: Values

  private mutating func pushLong(_ count: Int) throws(LiaeError) {
    let start = try reader.take(count, "an integer")
    // A wider one is a random seed or the like: kept as its length, never computed.
    guard count <= 8 else { return try pushNode(.value(.opaque("an integer of \(count) bytes"))) }
    var bits: UInt64 = 0
    for index in 0..<count { bits |= UInt64(reader.bytes.raw[start + index]) << (8 * index) }
    let unused = 64 - 8 * count
    try push(.int(count == 0 ? 0 : Int(Int64(bitPattern: bits << unused) >> unused)))
  }

  private mutating func pushText(_ count: Int) throws(LiaeError) {
    try pushNode(.text(start: try reader.take(count, "a text"), count: count))
  }

  private mutating func pushBytes(_ count: Int) throws(LiaeError) {
    try pushNode(.bytes(start: try reader.take(count, "bytes"), count: count))
  }

  private mutating func append(_ items: [Item]) throws(LiaeError) {
    guard case .object(let index) = try top(), case .list(var list) = nodes[Int(index)] else {
      throw corrupt("values are appended to something that is no list")
    }
    nodes[Int(index)] = .list([])  // leaves `list` the only owner, so that it grows in place
    list.append(contentsOf: items)
    nodes[Int(index)] = .list(list)
  }

  private mutating func setItems(_ items: [Item]) throws(LiaeError) {
    guard case .object(let index) = try top(), case .dictionary(var pairs) = nodes[Int(index)] else {
      throw corrupt("keys are set in something that is no dictionary")
    }
    guard items.count % 2 == 0 else { throw corrupt("a key without a value") }
    nodes[Int(index)] = .dictionary([])
    pairs.append(contentsOf: items)
    nodes[Int(index)] = .dictionary(pairs)
  }

  private mutating func line(_ what: String) throws(LiaeError) -> String {
    let start = reader.position
    while try reader.integer(UInt8.self, what) != UInt8(ascii: "\n") {
      guard reader.position - start <= Self.globalBytes else { throw corrupt("\(what) is too long") }
    }
    guard let text = reader.bytes.text(start, reader.position - start - 1) else {
      throw corrupt("\(what) is not UTF-8")
    }
    return text
  }

  private static let globalBytes = 256

  /// A text that is short: a name.
  func shortText(_ item: Item) throws(LiaeError) -> String {
    guard case .object(let index) = item, case .text(let start, let count) = nodes[Int(index)],
      count <= Self.globalBytes, let text = reader.bytes.text(start, count)
    else { throw corrupt("a name is expected where something else stands") }
    return text
  }

  private mutating func pushGlobal(module: String, name: String) throws(LiaeError) {
    let path = "\(module).\(name)"
    guard let global = allowance.resolve(module: module, name: name) else {
      throw LiaeError(
        .unsafeFile, "\(reader.name): pickle: it asks for \(path), which is not allowed: such a file could run programs"
      )
    }
    try pushNode(.global(global, path: path))
  }

  private mutating func resolvePersistent(_ id: Item) throws(LiaeError) -> Item {
    guard let persistent else { throw corrupt("a persistent id, which no file of this kind uses") }
    guard case .object(let index) = id, case .tuple(let items) = nodes[Int(index)], items.count <= 8 else {
      throw corrupt("a persistent id that is no short tuple")
    }
    var values: [PickleValue] = []
    for item in items {
      switch item {
      case .none: values.append(.none)
      case .bool(let value): values.append(.bool(value))
      case .int(let value): values.append(.int(value))
      case .float(let value): values.append(.float(value))
      case .object(let index):
        if case .global(_, let path) = nodes[Int(index)] {
          values.append(.opaque(path))
        } else {
          values.append(.string(try shortText(item)))
        }
      }
    }
    return try add(.value(try persistent(.tuple(values))))
  }
}

/// Opcodes by the names of Python's `pickle` module.
private enum Opcode {
  static let proto: UInt8 = 0x80, frame: UInt8 = 0x95, stop = UInt8(ascii: "."), mark = UInt8(ascii: "(")
  static let none = UInt8(ascii: "N"), newTrue: UInt8 = 0x88, newFalse: UInt8 = 0x89
  static let binInt = UInt8(ascii: "J"), binInt1 = UInt8(ascii: "K"), binInt2 = UInt8(ascii: "M")
  static let long1: UInt8 = 0x8a, long4: UInt8 = 0x8b, binFloat = UInt8(ascii: "G")
  static let shortBinUnicode: UInt8 = 0x8c, binUnicode = UInt8(ascii: "X"), binUnicode8: UInt8 = 0x8d
  static let shortBinBytes = UInt8(ascii: "C"), binBytes = UInt8(ascii: "B"), binBytes8: UInt8 = 0x8e
  static let byteArray8: UInt8 = 0x96
  static let emptyList = UInt8(ascii: "]"), append = UInt8(ascii: "a"), appends = UInt8(ascii: "e")
  static let emptyDict = UInt8(ascii: "}"), setItem = UInt8(ascii: "s"), setItems = UInt8(ascii: "u")
  static let emptyTuple = UInt8(ascii: ")"), tuple = UInt8(ascii: "t")
  static let tuple1: UInt8 = 0x85, tuple2: UInt8 = 0x86, tuple3: UInt8 = 0x87
  static let binPut = UInt8(ascii: "q"), longBinPut = UInt8(ascii: "r"), memoize: UInt8 = 0x94
  static let binGet = UInt8(ascii: "h"), longBinGet = UInt8(ascii: "j")
  static let global = UInt8(ascii: "c"), stackGlobal: UInt8 = 0x93, inst = UInt8(ascii: "i")
  static let reduce = UInt8(ascii: "R"), build = UInt8(ascii: "b"), binPersID = UInt8(ascii: "Q")
  static let ext1: UInt8 = 0x82, ext2: UInt8 = 0x83, ext4: UInt8 = 0x84
}
