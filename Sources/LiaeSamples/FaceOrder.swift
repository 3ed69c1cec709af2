// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// The order in which faces are drawn. Draw number n is a function of seed and n, whatever was drawn before.
///
/// Bins of faces are visited in random order, all of them before one is visited again, and in a bin its faces likewise.
/// With one bin that is a random permutation of all faces, a new one for each pass.
package struct FaceOrder: Sendable {
  private let bins: [[Int]]
  private let seed: UInt64
  private let purpose: RandomStream
  /// The current permutation of each list, that of the bins first.
  private var permutations: [Permutation]

  private struct Permutation {
    var epoch = -1
    var order: [Int]
  }

  private init(bins: [[Int]], seed: UInt64, purpose: RandomStream) {
    (self.bins, self.seed, self.purpose) = (bins, seed, purpose)
    permutations = [Permutation(order: Array(bins.indices))] + bins.map { Permutation(order: $0) }
  }

  /// Draws every face once in each permutation. There is at least one face.
  package init(count: Int, seed: UInt64, purpose: RandomStream) {
    self.init(bins: [Array(0..<count)], seed: seed, purpose: purpose)
  }

  /// Faces in 128 bins of -yaw from -1.2 to 1.2 radians, the outermost of which have what lies beyond. Bins without a
  /// face are left out. Source: the sample generator of DeepFaceLab.
  ///
  /// - Parameter yaws: radians; of each face, at least one.
  package init(yaws: [Double], seed: UInt64) {
    var bins = [[Int]](repeating: [], count: Self.yawBins)
    for (face, yaw) in yaws.enumerated() { bins[Self.bin(yaw: yaw)].append(face) }
    self.init(bins: bins.filter { !$0.isEmpty }, seed: seed, purpose: .faceOrder)
  }

  private static let yawBins = 128

  /// Bin k has node k <= -yaw < node k + 1, of 128 nodes at equal distances from -1.2 to 1.2.
  package static func bin(yaw: Double) -> Int {
    let step = 2.4 / Double(yawBins - 1)
    let position = ((-yaw + 1.2) / step).rounded(.down)
    return position > 0 ? Int(min(position, Double(yawBins - 1))) : 0
  }

  /// - Parameter draw: from 0 on.
  package mutating func face(_ draw: Int) -> Int {
    let bin = entry(draw, of: 0)
    // Each pass over the bins takes one face of each.
    return entry(draw / bins.count, of: 1 + bin)
  }

  private mutating func entry(_ draw: Int, of list: Int) -> Int {
    let (epoch, position) = draw.quotientAndRemainder(dividingBy: permutations[list].order.count)
    if permutations[list].epoch != epoch {
      var order = list == 0 ? Array(bins.indices) : bins[list - 1]
      var generator = SplitMix64(seed: seed, purpose, epoch &* permutations.count &+ list)
      order.shuffle(using: &generator)
      permutations[list] = Permutation(epoch: epoch, order: order)
    }
    return permutations[list].order[position]
  }
}
