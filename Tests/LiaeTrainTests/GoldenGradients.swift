// SPDX-License-Identifier: Apache-2.0
import LiaeTestSupport
import LiaeTrain
import Testing

/// Gradients that DeepFaceLab computed, in part: norms, 16 elements of each tensor, some tensors whole.
struct GoldenGradients {
  /// The allowed distance of a gradient: of its norm, and an element of the greatest one.
  private let tolerance: Double
  private struct Expected {
    let name: String
    let norm: Double
    let probe, full: [Float]?
  }
  private let expected: [Expected]
  private let globalNorm: Double?

  /// - Parameter prefix: of the array's keys: empty for the network, `D_` for a discriminator.
  init(_ arrays: [String: NPYArray], prefix: String = "", tolerance: Double = 1e-4) throws {
    self.tolerance = tolerance
    // The discriminators' gradients are in the order of their weights.
    let list = try #require(arrays["\(prefix)grad_names"] ?? arrays["\(prefix)weight_names"])
    let norms = try #require(arrays["\(prefix)grad_l2"]).doubles
    try #require(norms.count == list.texts.count && !norms.isEmpty)
    expected = list.texts.enumerated().map { i, key in
      Expected(
        name: String(key.dropLast(2)), norm: norms[i], probe: arrays["\(prefix)grad_probe"]?.item(i),
        full: arrays["\(prefix)grad/\(key)"]?.values)
    }
    globalNorm = arrays["\(prefix)grad_global_norm"]?.doubles[0]
  }

  /// Returns what of `found` is not as expected.
  ///
  /// - Parameter slack: how far each element may be besides.
  func differences(_ found: [String: [Float]], slack: [String: [Float]] = [:]) -> [String] {
    var result: [String] = []
    var (squares, slackSquares) = (0.0, 0.0)
    for each in expected {
      guard let gradient = found[each.name] else {
        result.append("\(each.name) has no gradient")
        continue
      }
      let own = norm(gradient), more = norm(slack[each.name] ?? [])
      squares += own * own
      slackSquares += more * more
      if !(abs(own - each.norm) <= tolerance * each.norm + more) {
        result.append("\(each.name): norm \(own), expected \(each.norm)")
      }
      let bound = tolerance * Double(gradient.map(abs).max() ?? 0)
      if let wanted = each.probe, gradient.count >= 16 {
        for (i, value) in probe(gradient).enumerated() {
          let more = slack[each.name].map { Double(probe($0)[i]) } ?? 0
          if !(abs(Double(value) - Double(wanted[i])) <= bound + more) {
            result.append("\(each.name): probe \(i) is \(value), expected \(wanted[i])")
          }
        }
      }
      if let full = each.full {
        let distance = relativeDistance(gradient, full)
        if !(distance <= tolerance + more / norm(full)) { result.append("\(each.name): off by \(distance)") }
      }
    }
    if let globalNorm {
      let own = squares.squareRoot()
      if !(abs(own - globalNorm) <= tolerance * globalNorm + slackSquares.squareRoot()) {
        result.append("the norm of all is \(own), expected \(globalNorm)")
      }
    }
    return result
  }

  /// Records what is not as expected, kinks aside.
  ///
  /// Where a sum before a leaky ReLU, or a difference in an absolute error, is nearer to 0 than float32 can tell, two
  /// correct programs may take different slopes. Whether that explains a difference is found out by moving each bias up
  /// and down by what sums err by: what one of both changes and the other does not undo are such kinks.
  ///
  /// - Parameter gradients: by DeepFaceLab's names, with a parameter moved by so much.
  func check(
    _ found: [String: [Float]], sourceLocation: SourceLocation = #_sourceLocation,
    _ gradients: ((name: String, by: Float)) throws -> [String: [Float]]
  ) throws {
    if differences(found).isEmpty { return }
    for difference in differences(found, slack: try Self.kinks(found, gradients)) {
      Issue.record("\(difference)", sourceLocation: sourceLocation)
    }
  }

  /// The rounding error of sums of float32 in these networks.
  private static let rounding: Float = 1e-5

  private static func kinks(
    _ found: [String: [Float]], _ gradients: ((name: String, by: Float)) throws -> [String: [Float]]
  ) throws -> [String: [Float]] {
    var slack = found.mapValues { [Float](repeating: 0, count: $0.count) }
    for bias in found.keys.sorted() where bias.hasSuffix("/bias") {
      let up = try gradients((bias, rounding)), down = try gradients((bias, -rounding))
      for (name, middle) in found {
        guard let a = up[name], let b = down[name] else { continue }
        // The smooth part cancels. Less than this is what rounding makes of it.
        let least = 1e-5 * (middle.map(abs).max() ?? 0)
        for i in middle.indices {
          let kink = abs(a[i] + b[i] - 2 * middle[i])
          if kink > least { slack[name]?[i] += kink }
        }
      }
    }
    return slack
  }
}

/// Elements at linspace(0, size - 1, 16), as the golden probes have them; short tensors have as many as they hold.
func probe(_ values: [Float]) -> [Float] {
  (0..<16).map { values[Int(Double(values.count - 1) * Double($0) / 15)] }
}
