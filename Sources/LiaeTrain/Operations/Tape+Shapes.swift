// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

extension Tensor {
  /// Adds `other`, as many elements, to the derivative.
  ///
  /// - Throws: `outOfMemory`.
  func add(gradient other: UnsafePointer<Float>) throws(LiaeError) {
    let gradient = try gradientToWrite(), (dx, isFresh) = (gradient.pointer, gradient.isFresh)
    engine.parallel(elements: elements) { from, count in
      if isFresh {
        (dx + from).update(from: other + from, count: count)
      } else {
        engine.kernels.addScaled(other + from, 1, dx + from, count)
      }
    }
  }
}

extension Tape {
  /// (count, height, width, channels) to (count, 1, 1, channels * height * width) in the order channel, row, column, as
  /// the dense layers have it; or back with `side`.
  ///
  /// - Throws: `outOfMemory`.
  package func flatten(_ x: Tensor) throws(LiaeError) -> Tensor {
    let y = try Tensor(engine, count: x.count, channels: x.stride, isDifferentiable: x.isDifferentiable)
    for i in 0..<x.count {
      transpose(x.value + i * x.stride, x.height * x.width, x.channels, into: y.value + i * x.stride, adding: false)
    }
    record(y) { () throws(LiaeError) in
      let dy = try y.gradient(), dx = try x.gradient()
      for i in 0..<x.count {
        transpose(dy + i * x.stride, x.channels, x.height * x.width, into: dx + i * x.stride, adding: true)
      }
    }
    return y
  }

  /// (count, 1, 1, channels * side * side) in the order channel, row, column to (count, side, side, channels).
  ///
  /// - Throws: `outOfMemory`.
  package func unflatten(_ x: Tensor, side: Int) throws(LiaeError) -> Tensor {
    let pixels = side * side, channels = x.stride / pixels
    precondition(channels * pixels == x.stride)
    let y = try Tensor(
      engine, count: x.count, height: side, width: side, channels: channels, isDifferentiable: x.isDifferentiable)
    for i in 0..<x.count {
      transpose(x.value + i * x.stride, channels, pixels, into: y.value + i * x.stride, adding: false)
    }
    record(y) { () throws(LiaeError) in
      let dy = try y.gradient(), dx = try x.gradient()
      for i in 0..<x.count {
        transpose(dy + i * x.stride, pixels, channels, into: dx + i * x.stride, adding: true)
      }
    }
    return y
  }

  /// Channels of all, one after the other.
  ///
  /// - Throws: `outOfMemory`.
  package func concatenate(_ parts: [Tensor]) throws(LiaeError) -> Tensor {
    let first = parts[0], channels = parts.reduce(0) { $0 + $1.channels }
    precondition(parts.allSatisfy { ($0.count, $0.height, $0.width) == (first.count, first.height, first.width) })
    let y = try Tensor(
      engine, count: first.count, height: first.height, width: first.width, channels: channels,
      isDifferentiable: parts.contains(where: \.isDifferentiable))
    let rows = first.count * first.height * first.width
    var begin = 0
    for part in parts {
      copyColumns(part.value, part.channels, y.value + begin, channels, rows: rows, columns: part.channels)
      begin += part.channels
    }
    record(y) { [engine] () throws(LiaeError) in
      let dy = try y.gradient()
      var begin = 0
      for part in parts {
        if part.isDifferentiable {
          let gradient = try part.gradientToWrite(), dx = gradient.pointer
          if gradient.isFresh {
            copyColumns(dy + begin, channels, dx, part.channels, rows: rows, columns: part.channels)
          } else {
            for row in 0..<rows {
              engine.kernels.addScaled(dy + row * channels + begin, 1, dx + row * part.channels, part.channels)
            }
          }
        }
        begin += part.channels
      }
    }
    return y
  }

  /// All of the first, then all of the second: along `count`.
  ///
  /// - Throws: `outOfMemory`.
  package func stack(_ parts: [Tensor]) throws(LiaeError) -> Tensor {
    let first = parts[0]
    precondition(parts.allSatisfy { $0.stride == first.stride })
    let y = try Tensor(
      engine, count: parts.reduce(0) { $0 + $1.count }, height: first.height, width: first.width,
      channels: first.channels, isDifferentiable: parts.contains(where: \.isDifferentiable))
    var begin = 0
    for part in parts {
      (y.value + begin).update(from: part.value, count: part.elements)
      begin += part.elements
    }
    record(y) { () throws(LiaeError) in
      let dy = try y.gradient()
      var begin = 0
      for part in parts {
        if part.isDifferentiable { try part.add(gradient: dy + begin) }
        begin += part.elements
      }
    }
    return y
  }

  /// `count` of the batch from `first` on.
  ///
  /// - Throws: `outOfMemory`.
  package func slice(_ x: Tensor, first: Int, count: Int) throws(LiaeError) -> Tensor {
    precondition(first >= 0 && count > 0 && first + count <= x.count)
    let y = try Tensor(
      engine, count: count, height: x.height, width: x.width, channels: x.channels,
      isDifferentiable: x.isDifferentiable)
    y.value.update(from: x.value + first * x.stride, count: y.elements)
    record(y) { [engine] () throws(LiaeError) in
      let dy = try y.gradient(), dx = try x.gradient()
      engine.kernels.addScaled(dy, 1, dx + first * x.stride, y.elements)
    }
    return y
  }

  /// The same values, through which no derivative passes.
  ///
  /// - Throws: `outOfMemory`.
  package func stopGradient(_ x: Tensor) throws(LiaeError) -> Tensor {
    let y = try Tensor(
      engine, count: x.count, height: x.height, width: x.width, channels: x.channels, isDifferentiable: false)
    y.value.update(from: x.value, count: x.elements)
    return y
  }
}

/// (rows, columns) to (columns, rows).
private func transpose(
  _ x: UnsafePointer<Float>, _ rows: Int, _ columns: Int, into y: UnsafeMutablePointer<Float>, adding: Bool
) {
  if rows == 1 || columns == 1 {
    for i in 0..<rows * columns { y[i] = adding ? y[i] + x[i] : x[i] }
    return
  }
  for r in 0..<rows {
    for c in 0..<columns {
      let value = x[r * columns + c]
      y[c * rows + r] = adding ? y[c * rows + r] + value : value
    }
  }
}

private func copyColumns(
  _ x: UnsafePointer<Float>, _ from: Int, _ y: UnsafeMutablePointer<Float>, _ to: Int, rows: Int, columns: Int
) {
  for row in 0..<rows { (y + row * to).update(from: x + row * from, count: columns) }
}
