// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

extension ColorTransfer {
  /// idt: 20 times, the colours a twentieth of the way to equal histograms along three random orthogonal axes.
  static func matchHistograms(
    of face: ColorCanvas, to reference: ColorCanvas, _ draws: inout ColorDraws, _ workers: Workers
  ) throws(LiaeError) {
    let rounds = 20
    let count = face.count
    let tasks = min(count, workers.count * 4)
    let scratch = try HistogramScratch(tasks: tasks)
    let (pixels, targets) = (face.pixels, reference.pixels)
    for _ in 0..<rounds {
      let rotation = try Rotation(draws.rotation())
      let (maps, partials) = (scratch.maps, scratch.partials)
      workers.bands(tasks, minimum: 1) { range in
        for task in range {
          var (low, high) = (Color(repeating: .infinity), Color(repeating: -.infinity))
          for index in task * count / tasks..<(task + 1) * count / tasks {
            let (x, y) = (rotation.turned(pixels[index]), rotation.turned(targets[index]))
            low = pointwiseMin(low, pointwiseMin(x, y))
            high = pointwiseMax(high, pointwiseMax(x, y))
          }
          (partials[task].low, partials[task].high) = (low, high)
        }
      }
      scratch.spanBins(tasks)
      workers.bands(tasks, minimum: 1) { range in
        for task in range {
          let (xs, ys) = scratch.counts(of: task)
          for index in task * count / tasks..<(task + 1) * count / tasks {
            let (x, y) = (rotation.turned(pixels[index]), rotation.turned(targets[index]))
            for axis in 0..<3 {
              xs[axis * AxisMap.bins + maps[axis].bin(of: x[axis])] &+= 1
              ys[axis * AxisMap.bins + maps[axis].bin(of: y[axis])] &+= 1
            }
          }
        }
      }
      scratch.matchBins(tasks, total: count)
      let step = 1 / Float(rounds)
      workers.bands(tasks, minimum: 1) { range in
        for task in range {
          for index in task * count / tasks..<(task + 1) * count / tasks {
            let x = rotation.turned(pixels[index])
            let moved = Color(maps[0].moved(x.x), maps[1].moved(x.y), maps[2].moved(x.z), 0)
            pixels[index] += rotation.turnedBack(moved - x) * step
          }
        }
      }
    }
    withExtendedLifetime(scratch) {}
    face.clampAll()
  }
}

/// A rotation of colours in Float, both ways.
private struct Rotation {
  let columns: (Color, Color, Color)
  let rows: (Color, Color, Color)

  init(_ matrix: ColorMatrix) {
    let (forth, back) = (matrix.columns, matrix.transposed.columns)
    columns = (Color(SIMD4(forth.0, 0)), Color(SIMD4(forth.1, 0)), Color(SIMD4(forth.2, 0)))
    rows = (Color(SIMD4(back.0, 0)), Color(SIMD4(back.1, 0)), Color(SIMD4(back.2, 0)))
  }

  @inline(__always) func turned(_ x: Color) -> Color { columns.0 * x.x + columns.1 * x.y + columns.2 * x.z }
  @inline(__always) func turnedBack(_ x: Color) -> Color { rows.0 * x.x + rows.1 * x.y + rows.2 * x.z }
}

/// Bins along one axis, and where their values go.
private struct AxisMap {
  static let bins = 256
  /// `bins` + 1 edges, as numpy.histogram has them.
  let edges: UnsafeMutablePointer<Float>
  /// The new value at the right edge of each bin, and its slope up to the next right edge.
  let values: UnsafeMutablePointer<Float>
  let slopes: UnsafeMutablePointer<Float>
  var binsPerUnit: Float = 0

  mutating func span(_ low: Float, _ high: Float) {
    // numpy's way with an empty range.
    let narrow = !(Double(high) - Double(low) > 1e-30)
    let (first, last) = narrow ? (Double(low) - 0.5, Double(high) + 0.5) : (Double(low), Double(high))
    let width = (last - first) / Double(Self.bins)
    for index in 0..<Self.bins { edges[index] = Float(first + Double(index) * width) }
    edges[Self.bins] = Float(last)
    binsPerUnit = Float(1 / width)
  }

  /// edges[bin] <= value < edges[bin + 1], the last bin with its right edge.
  @inline(__always) func bin(of value: Float) -> Int {
    let position = (value - edges[0]) * binsPerUnit
    let guess = position > 0 ? position < Float(Self.bins) ? Int(position) : Self.bins - 1 : 0
    if value < edges[guess] { return max(guess - 1, 0) }
    return guess < Self.bins - 1 && value >= edges[guess + 1] ? guess + 1 : guess
  }

  /// Left of the first right edge stands 0, as in DeepFaceLab.
  @inline(__always) func moved(_ value: Float) -> Float {
    let bin = bin(of: value)
    guard bin > 0 else { return 0 }
    return values[bin - 1] + slopes[bin - 1] * (value - edges[bin])
  }

  /// Matches equal cumulative shares: at the share of each right edge among `from`, where `to` has that share.
  func match(_ from: UnsafePointer<UInt32>, _ to: UnsafePointer<UInt32>, total: Int) {
    func share(_ count: Int) -> Double { Double(Float(count) / Float(total)) }
    var (fromCount, toBin) = (0, 0)
    var (left, right) = (share(Int(to[0])), share(Int(to[0])))
    var toCount = Int(to[0])
    for bin in 0..<Self.bins {
      fromCount += Int(from[bin])
      let wanted = share(fromCount)
      // The first bin whose share is above the wanted one, and the one before it.
      while toBin < Self.bins - 1, right <= wanted {
        toBin += 1
        toCount += Int(to[toBin])
        (left, right) = (right, share(toCount))
      }
      if toBin == 0 {
        values[bin] = edges[1]
      } else if right <= wanted {
        values[bin] = edges[Self.bins]
      } else {
        let (low, high) = (Double(edges[toBin]), Double(edges[toBin + 1]))
        values[bin] = Float(low + (high - low) / (right - left) * (wanted - left))
      }
    }
    for bin in 0..<Self.bins - 1 {
      let width = edges[bin + 2] - edges[bin + 1]
      slopes[bin] = width > 0 ? (values[bin + 1] - values[bin]) / width : 0
    }
    slopes[Self.bins - 1] = 0
  }
}

/// The tables of three axes, and what each task finds in its part of the pixels. Extremes and counts come out the same
/// however the pixels are divided.
private final class HistogramScratch {
  struct Partial: BitwiseCopyable {
    var low = Color()
    var high = Color()
  }

  let maps: UnsafeMutablePointer<AxisMap>
  let partials: UnsafeMutablePointer<Partial>
  private let histograms: UnsafeMutablePointer<UInt32>
  private let memory: Bytes

  /// - Throws: `outOfMemory`.
  init(tasks: Int) throws(LiaeError) {
    let bins = AxisMap.bins
    let tableFloats = 3 * bins + 4
    let sizes = (
      partials: tasks * MemoryLayout<Partial>.stride, counts: tasks * 6 * bins * 4, tables: 3 * tableFloats * 4,
      maps: 3 * MemoryLayout<AxisMap>.stride
    )
    memory = try Bytes.allocate(
      sizes.partials + sizes.counts + sizes.tables + sizes.maps, for: "the histograms of a colour transfer")
    partials = memory.base.bindMemory(to: Partial.self, capacity: tasks)
    let counts = memory.base + sizes.partials
    histograms = counts.bindMemory(to: UInt32.self, capacity: tasks * 6 * bins)
    let tables = (counts + sizes.counts).bindMemory(to: Float.self, capacity: 3 * tableFloats)
    maps = (counts + sizes.counts + sizes.tables).bindMemory(to: AxisMap.self, capacity: 3)
    for axis in 0..<3 {
      let table = tables + axis * tableFloats
      (maps + axis).initialize(
        to: AxisMap(edges: table, values: table + bins + 1, slopes: table + 2 * bins + 1))
    }
  }

  /// Returns the counts of the face and of the reference: three axes of `bins` counts each.
  func counts(of task: Int) -> (UnsafeMutablePointer<UInt32>, UnsafeMutablePointer<UInt32>) {
    let first = histograms + task * 6 * AxisMap.bins
    return (first, first + 3 * AxisMap.bins)
  }

  /// The bins over the range of all tasks; the counts at zero.
  func spanBins(_ tasks: Int) {
    var (low, high) = (partials[0].low, partials[0].high)
    for task in 1..<max(tasks, 1) {
      low = pointwiseMin(low, partials[task].low)
      high = pointwiseMax(high, partials[task].high)
    }
    for axis in 0..<3 { maps[axis].span(low[axis], high[axis]) }
    histograms.update(repeating: 0, count: tasks * 6 * AxisMap.bins)
  }

  func matchBins(_ tasks: Int, total: Int) {
    let (from, to) = counts(of: 0)
    for task in 1..<max(tasks, 1) {
      let part = counts(of: task).0
      for index in 0..<6 * AxisMap.bins { from[index] &+= part[index] }
    }
    for axis in 0..<3 { maps[axis].match(from + axis * AxisMap.bins, to + axis * AxisMap.bins, total: total) }
  }
}
