// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// The colours of an image with what it has of each: at most 65536 cells, so that from that on the low bits of a colour
/// do not count, as few of them as will do.
struct ColorCells {
  struct Cell {
    /// The colour without its low bits.
    var color: ByteColor
    var pixels = 0
    /// The sum of the whole colours.
    var sum = SIMD4<Int>.zero
    /// The part of the cut that the colour is in.
    var box: UInt8 = 0
  }

  private static let most = 1 << 16
  /// Twice as many places as cells, so that a search is short.
  private static let hashBits = 17

  private let memory: Bytes
  private let cells: UnsafeMutablePointer<Cell>
  /// The index of a cell by its colour's hash, plus 1; 0: nowhere.
  private let places: UnsafeMutablePointer<UInt32>
  private var count = 0
  private var shift: Int32 = 0

  init(_ image: ColorCanvas) throws(LiaeError) {
    let cellBytes = Self.most * MemoryLayout<Cell>.stride
    memory = try Bytes.allocate(
      cellBytes + MemoryLayout<UInt32>.stride << Self.hashBits, for: "the colours of an image")
    cells = memory.base.bindMemory(to: Cell.self, capacity: Self.most)
    places = (memory.base + cellBytes).bindMemory(to: UInt32.self, capacity: 1 << Self.hashBits)
    // With five bits a channel there are 32768 colours at most.
    while !collect(image) { shift += 1 }
  }

  /// False when there are too many colours.
  private mutating func collect(_ image: ColorCanvas) -> Bool {
    count = 0
    places.update(repeating: 0, count: 1 << Self.hashBits)
    for row in 0..<image.height where !CallScope.isCancelled {
      for i in row * image.width..<(row + 1) * image.width {
        let color = bytes(of: image.pixels[i])
        let (place, key) = find(color)
        if places[place] == 0 {
          if count == Self.most { return false }
          (cells + count).initialize(to: Cell(color: key))
          count += 1
          places[place] = UInt32(count)
        }
        let cell = cells + Int(places[place] - 1)
        cell.pointee.pixels += 1
        cell.pointee.sum &+= SIMD4(truncatingIfNeeded: color)
      }
    }
    return true
  }

  /// The place of a colour's cell, or the free one where it belongs.
  @inline(__always)
  private func find(_ color: ByteColor) -> (place: Int, key: ByteColor) {
    let key = color &>> ByteColor(repeating: shift)
    let packed = UInt32(truncatingIfNeeded: key.x | key.y << 8 | key.z << 16)
    var place = Int((packed &* 0x9E37_79B1) >> UInt32(32 - Self.hashBits))
    while places[place] != 0, cells[Int(places[place] - 1)].color != key {
      place = (place + 1) & (1 << Self.hashBits - 1)
    }
    return (place, key)
  }

  /// The cell of a colour that the image has.
  @inline(__always)
  subscript(color: ByteColor) -> UnsafeMutablePointer<Cell> { cells + max(0, Int(places[find(color).place]) - 1) }

  /// Median cut (Heckbert 1982) into at most 256 boxes, with Pillow's choices, found from what it returns: the box with
  /// the most pixels is cut next, across the channel with the greatest extent times its part in brightness, past the
  /// value at which from above more than half of its pixels are reached.
  ///
  /// - Returns: the number of boxes; `colors` has the mean of each.
  func cut(into colors: UnsafeMutablePointer<ByteColor>) throws(LiaeError) -> Int {
    let list = try Bytes.allocate(count * MemoryLayout<UInt32>.stride, for: "the colours of an image")
    let order = list.base.bindMemory(to: UInt32.self, capacity: count)
    for i in 0..<count { order[i] = UInt32(i) }
    var heap = BoxHeap()
    var single: [Box] = []
    heap.push(box(order, 0..<count))
    while heap.boxes.count + single.count < 256, let box = heap.pop() {
      guard let middle = split(box, order) else {
        single.append(box)
        continue
      }
      heap.push(self.box(order, box.cells.lowerBound..<middle))
      heap.push(self.box(order, middle..<box.cells.upperBound))
    }
    let boxes = single + heap.boxes
    for (i, box) in boxes.enumerated() {
      var sum = SIMD4<Int>.zero
      for j in box.cells {
        let cell = cells + Int(order[j])
        cell.pointee.box = UInt8(i)
        sum &+= cell.pointee.sum
      }
      for lane in 0..<3 { colors[i][lane] = Int32(Double(sum[lane]) / Double(box.pixels) + 0.5) }
    }
    withExtendedLifetime(list) {}
    return boxes.count
  }

  private func box(_ order: UnsafeMutablePointer<UInt32>, _ range: Range<Int>) -> Box {
    var box = Box(cells: range)
    for i in range {
      let cell = cells[Int(order[i])]
      box.pixels += cell.pixels
      box.low = pointwiseMin(box.low, cell.color)
      box.high = pointwiseMax(box.high, cell.color)
    }
    return box
  }

  /// Brings the cells with the higher values to the front of the box's range.
  ///
  /// - Returns: the index of the first of the others; nil for a box of one colour.
  private func split(_ box: Box, _ order: UnsafeMutablePointer<UInt32>) -> Int? {
    let weighted = (box.high &- box.low) &* ByteColor(29, 150, 77, 0)
    var axis = 2
    for other in [1, 0] where weighted[other] > weighted[axis] { axis = other }
    guard weighted[axis] > 0 else { return nil }
    // Up to here a colour was a point; from here on it is a value. The lowest value always remains.
    return withUnsafeTemporaryAllocation(of: Int.self, capacity: 256) { pixels in
      pixels.initialize(repeating: 0)
      for i in box.cells {
        let cell = cells + Int(order[i])
        pixels[Int(cell.pointee.color[axis])] += cell.pointee.pixels
      }
      var value = Int(box.high[axis])
      var above = pixels[value]
      while above * 2 <= box.pixels {
        value -= 1
        above += pixels[value]
      }
      let threshold = max(Int32(value), box.low[axis] + 1)
      var front = box.cells.lowerBound
      for i in box.cells where cells[Int(order[i])].color[axis] >= threshold {
        (order[front], order[i]) = (order[i], order[front])
        front += 1
      }
      return front
    }
  }
}

/// A range of cells that lie together in colour space.
private struct Box {
  /// Their range in the order of cells.
  var cells: Range<Int>
  var pixels = 0
  var low = ByteColor(repeating: 255)
  var high = ByteColor(repeating: 0)
}

/// A binary heap, the box with the most pixels first. Of equal boxes the older one stays where it is: which of them goes
/// first shows in the palette.
private struct BoxHeap {
  private(set) var boxes: [Box] = []

  mutating func push(_ box: Box) {
    boxes.append(box)
    var i = boxes.count - 1
    while i > 0, box.pixels > boxes[(i - 1) / 2].pixels {
      boxes.swapAt(i, (i - 1) / 2)
      i = (i - 1) / 2
    }
  }

  mutating func pop() -> Box? {
    guard let first = boxes.first, let last = boxes.popLast() else { return nil }
    if boxes.isEmpty { return first }
    boxes[0] = last
    var i = 0
    while 2 * i + 1 < boxes.count {
      let (left, right) = (2 * i + 1, 2 * i + 2)
      let child = right < boxes.count && boxes[right].pixels > boxes[left].pixels ? right : left
      if last.pixels >= boxes[child].pixels { break }
      boxes.swapAt(i, child)
      i = child
    }
    return first
  }
}
