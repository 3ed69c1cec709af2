// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeSystem
import LiaeTensor

/// Compares a file with a network of ours from outputs down to the picture, and takes the weights that stand where the
/// network has its layers.
///
/// Each pair of an expression of the network and one of the file is looked at once, whichever way it is reached, so that
/// the time is bounded by their numbers. There is nothing to choose: sums have a normal order.
struct GraphMatcher {
  private(set) var network: NetworkExpressions
  let file: GraphInterpreter
  /// Weights that were found for each layer of the network.
  private(set) var weights: [String: LayerWeights] = [:]
  /// The number of pairs that fit: of several networks that do not, the one with most is the nearest.
  private(set) var progress = 0

  private struct Pair: Hashable {
    var expected, found: Int
    /// The orders of channels that depth-to-space expects and finds above the pair.
    var shuffle: Shuffle?
  }
  struct Shuffle: Hashable { var expected, found: ShuffleOrder }
  private var seen: Set<Pair> = []
  /// Weights that hold the same numbers as others of a layer.
  private var equals: [String: Set<LayerWeights>] = [:]

  init(_ network: NetworkExpressions, _ file: GraphInterpreter) { (self.network, self.file) = (network, file) }

  /// Compares an output of the network with an expression of the file.
  ///
  /// - Throws: `unknownArchitecture`, naming the node of the file, what it computes and what was expected.
  mutating func match(_ output: String, _ found: Int) throws(LiaeError) {
    var pairs = [Pair(expected: try network.output(output), found: found)]
    while let pair = pairs.popLast() {
      guard seen.insert(pair).inserted else { continue }
      let shuffle = try compare(pair)
      progress += 1
      let operands = zip(network.expressions[pair.expected].operands, file.expressions[pair.found].operands)
      // The first operand is looked at first.
      pairs += operands.map { Pair(expected: $0, found: $1, shuffle: shuffle) }.reversed()
    }
  }

  /// Compares two expressions apart from their operands.
  ///
  /// - Returns: the shuffle under which the operands are to be compared.
  private mutating func compare(_ pair: Pair) throws(LiaeError) -> Shuffle? {
    let (expected, found) = (network.expressions[pair.expected], file.expressions[pair.found])
    switch (expected, found) {
    case (.convolution(_, let parts, let stride, let inset), .convolution(_, let others, let step, let loss))
    where stride == step && inset == loss:
      try take(parts, others, pair)
      return nil
    case (.dense(_, let layer), .dense(_, let other)) where pair.shuffle == nil:
      try take(network.layers[layer], .dense(other), pair)
      return nil
    case (.transposedConvolution(_, let layer), .transposedConvolution(_, let other)) where pair.shuffle == nil:
      try take(network.layers[layer], .transposed(other), pair)
      return nil
    case (.responseNorm(_, let block), .responseNorm(_, let norm)) where pair.shuffle == nil:
      // Both of its layers are in the one.
      for layer in ["frn", "tlu"] { try take("\(network.layers[block]).\(layer)", .norm(norm), pair) }
      return nil
    case (.blurPool(_, let a), .blurPool(_, let b)) where a == b && pair.shuffle == nil: return nil
    case (.activation(_, let a), .activation(_, let b)) where a.isSame(as: b): return pair.shuffle
    case (.sigmoid, .sigmoid): return pair.shuffle
    case (.depthToSpace(_, let a), .depthToSpace(_, let b)) where pair.shuffle == nil:
      return Shuffle(expected: a, found: b)
    case (.unflatten(_, let a), .unflatten(_, let b)) where a == b && pair.shuffle == nil: return nil
    case (.concatenation(let a), .concatenation(let b)) where a.count == b.count && pair.shuffle == nil: return nil
    case (.image, .image), (.sum, .sum), (.flatten, .flatten), (.pixelNorm, .pixelNorm), (.mixChannels, .mixChannels):
      guard pair.shuffle == nil else { break }
      return nil
    default: break
    }
    throw mismatch(pair, found.label)
  }

  // MARK: - Weights

  private mutating func take(_ parts: [GraphExpression.Part], _ others: [GraphExpression.Part], _ pair: Pair)
    throws(LiaeError)
  {
    if parts.count == 1 {
      guard others.count == 1, parts[0].kernel == others[0].kernel, pair.shuffle?.expected ?? .crd == .crd else {
        throw mismatch(pair, file.expressions[pair.found].label)
      }
      let layer = network.layers[parts[0].layer]
      try take(layer, .convolution(others[0].layer, isDCR: pair.shuffle?.found == .dcr), pair)
      return
    }
    // The heads: as many convolutions as the file likes, of which each row makes one channel of one pixel.
    let counts = parts.map { network.graph.tensorShape("\(network.layers[$0.layer]).weight")?.first ?? 0 }
    var rows: [LayerWeights.Row] = []
    for other in others {
      let count = file.constants[file.layers[other.layer].weight].shape[0]
      guard count <= 64 else { throw mismatch(pair, "a convolution to \(count) channels") }
      for row in 0..<count { rows.append(.init(layer: other.layer, kernel: other.kernel, row: row)) }
    }
    let total = counts.reduce(0, +)
    guard rows.count == total, total % 4 == 0, let shuffle = pair.shuffle else {
      throw mismatch(pair, "\(rows.count) channels")
    }
    var place = 0
    for (part, count) in zip(parts, counts) {
      let layer = network.layers[part.layer]
      let taken = (place..<place + count).map { rows[shuffle.source($0, channels: total / 4)] }
      place += count
      for row in taken where try !file.isMiddle(row, kernel: part.kernel) {
        throw mismatch(pair, "a \(row.kernel)x\(row.kernel) kernel for \(layer)")
      }
      try take(layer, .rows(taken, kernel: part.kernel), pair)
    }
  }

  /// Takes weights for a layer; where the network runs a layer twice, it must be with the same numbers.
  private mutating func take(_ layer: String, _ found: LayerWeights, _ pair: Pair) throws(LiaeError) {
    guard let earlier = weights[layer] else {
      weights[layer] = found
      return
    }
    if earlier == found || equals[layer]?.contains(found) ?? false { return }
    let (a, b) = (try file.tensors(earlier), try file.tensors(found))
    guard a.weight.isIdentical(to: b.weight), a.bias.isIdentical(to: b.bias) else {
      throw mismatch(pair, "other weights than another run of \(layer) has")
    }
    equals[layer, default: []].insert(found)
  }

  private func mismatch(_ pair: Pair, _ found: String) -> LiaeError {
    let (expected, name) = (network.expressions[pair.expected], network.expressions.origins[pair.expected])
    return LiaeError(
      .unknownArchitecture, "\(file.expressions.origins[pair.found]): \(found); expected \(expected.label) (\(name))")
  }
}

extension GraphMatcher.Shuffle {
  /// The channel of the file that is channel `index` of the network, with `channels` channels behind depth-to-space.
  func source(_ index: Int, channels: Int) -> Int {
    if expected == found { return index }
    return expected == .dcr ? index % channels * 4 + index / channels : index % 4 * channels + index / 4
  }
}

extension Activation {
  /// Slopes may have been stored in half precision.
  func isSame(as other: Activation) -> Bool {
    if case .leaky(let a) = self, case .leaky(let b) = other { return abs(a - b) <= 1e-4 }
    return self == other
  }
}
