// SPDX-License-Identifier: Apache-2.0
import LiaeDispatch
import LiaeKernels
import LiaeGraph

/// How a convolution is computed.
package enum ConvolutionAlgorithm: Sendable, Hashable {
  /// The plain sum.
  case direct
  /// Winograd with tiles of 6 (and 4 where 6 does not divide the side), 4 or 2.
  case winograd(Int)

  package var name: String {
    switch self {
    case .direct: return "direct"
    case .winograd(6): return "F6/4"
    case .winograd(let family): return "F\(family)"
    }
  }

  /// All that there are.
  package static let all: [ConvolutionAlgorithm] = [.direct, .winograd(2), .winograd(4), .winograd(6)]
}

/// Chooses the algorithm of each layer by a model of its cost: multiplications at the machine's rate, or the packed
/// weights from memory, whichever takes longer, and the transforms.
///
/// The constants are those of two server cores (docs/performance.md); `liae-infer bench --planner` holds them against
/// another machine. A plan is made before the number of threads is known and must not depend on it.
enum Planner {
  /// What two cores do in a second.
  struct Rates {
    let multiplications, weightBytes, transformBytes: Double
    /// Of U made in the run, written and read again.
    let madeBytes: Double
  }

  static func rates(_ options: PlanOptions) -> Rates {
    switch options.instructionSet ?? .detected {
    case .avx512: Rates(multiplications: 115e9, weightBytes: 35e9, transformBytes: 120e9, madeBytes: 70e9)
    case .avx2: Rates(multiplications: 100e9, weightBytes: 35e9, transformBytes: 100e9, madeBytes: 60e9)
    // Estimates for two cores with two 128-bit pipes at 2.6 GHz (83 GFLOP/s at most), not measured on any machine.
    case .neon: Rates(multiplications: 35e9, weightBytes: 20e9, transformBytes: 50e9, madeBytes: 25e9)
    case .baseline: Rates(multiplications: 32e9, weightBytes: 35e9, transformBytes: 60e9, madeBytes: 30e9)
    }
  }

  /// What may compute a layer, the plain sum first.
  static func candidates(_ layer: ConvolutionLayer, options: PlanOptions) -> [ConvolutionAlgorithm] {
    guard options.convolution == .automatic else { return [.direct] }
    return ConvolutionAlgorithm.all.filter { WinogradGeometry.fits(layer, $0) }
  }

  static func choose(_ layer: ConvolutionLayer, options: PlanOptions) -> ConvolutionAlgorithm {
    var best = ConvolutionAlgorithm.direct
    var least = Double.infinity
    for candidate in candidates(layer, options: options) {
      let seconds = cost(layer, candidate, options: options)
      if seconds < least { (best, least) = (candidate, seconds) }
    }
    return best
  }

  /// Seconds of one image.
  static func cost(_ layer: ConvolutionLayer, _ algorithm: ConvolutionAlgorithm, options: PlanOptions) -> Double {
    let work = Work(layer, algorithm), rates = rates(options)
    return max(work.multiplications / rates.multiplications, work.weightBytes / rates.weightBytes)
      + work.transformBytes / rates.transformBytes
  }
}

/// What an algorithm does for one image of a layer, channels that pad vectors left out.
struct Work {
  let multiplications: Double
  /// Bytes of packed weights.
  let weightBytes: Double
  /// Bytes of transformed inputs and of products, written and read.
  let transformBytes: Double

  init(_ layer: ConvolutionLayer, _ algorithm: ConvolutionAlgorithm) {
    let channels = Double(layer.inputChannels * layer.outputChannels), side = layer.outputSide
    switch algorithm {
    case .direct:
      let taps = Double(layer.kernel * layer.kernel)
      multiplications = taps * channels * Double(side * side)
      weightBytes = 4 * taps * channels
      transformBytes = 0
    case .winograd(let family):
      let axis = WinogradGeometry.axis(side: side, family: family) ?? []
      // Points of a line of tiles. Of the phases of a 5x5 kernel with stride 2, odd ones have no tap for the point at
      // infinity, of which each tile has one.
      let even = axis.reduce(0) { $0 + $1.size + 2 }, odd = even - axis.count
      let points = winogradPoints(family: family)
      let hasPhases = layer.stride == 2
      let line = Double(hasPhases ? even + odd : even)
      multiplications = axis.isEmpty ? .infinity : line * line * channels
      let pointsOfAll = Double(hasPhases ? 2 * points - 1 : points)
      weightBytes = 4 * pointsOfAll * pointsOfAll * channels
      transformBytes =
        8 * Double(even * even) * Double(layer.inputChannels * (hasPhases ? 4 : 1) + layer.outputChannels)
    }
  }
}

/// Tiles of a square picture.
package enum WinogradGeometry {
  /// 3x3 stride 1 and 5x5 stride 2 on even sides; the RGB input has too few channels to gain.
  package static func fits(_ layer: ConvolutionLayer, family: Int) -> Bool {
    let shape =
      (layer.kernel == 3 && layer.stride == 1) || (layer.kernel == 5 && layer.stride == 2 && layer.inputSide % 2 == 0)
    return shape && layer.inputChannels > 3 && axis(side: layer.outputSide, family: family) != nil
  }

  package static func fits(_ layer: ConvolutionLayer, _ algorithm: ConvolutionAlgorithm) -> Bool {
    if case .winograd(let family) = algorithm { return fits(layer, family: family) }
    return true
  }

  /// Tiles of one axis: first pixel, size, and how many of the first pixels the tile before has made already. Where tiles
  /// do not divide the side, the last is moved back, so that nothing is read past the border; nil where one is too large.
  static func axis(side: Int, family: Int) -> [(start: Int, size: Int, skipped: Int)]? {
    let covered = roundUp(side, family == 6 ? 2 : family)
    var fours = 0
    if family == 6 {
      while (covered - 4 * fours) % 6 != 0 || covered - 4 * fours < 0 {
        fours += 1
        if 4 * fours > covered { return nil }
      }
    }
    let large = (covered - 4 * fours) / family
    var tiles: [(start: Int, size: Int, skipped: Int)] = []
    var start = 0
    for index in 0..<large + fours {
      let size = index < large ? family : 4
      tiles.append((start, size, 0))
      start += size
    }
    guard let last = tiles.last, last.start >= covered - side else { return nil }
    tiles[tiles.count - 1] = (last.start - (covered - side), last.size, covered - side)
    return tiles
  }
}
