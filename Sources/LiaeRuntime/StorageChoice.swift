// SPDX-License-Identifier: Apache-2.0
import LiaeModel
import LiaeTensor

/// What a plan's weights may take of memory.
package enum MemoryPolicy: Int32, Sendable, CaseIterable {
  /// Weights stand as the kernels multiply with them: the fastest, 2.7 times the float32 checkpoint.
  case speed = 0
  /// At most 1.2 times the float32 checkpoint: layers that win least by it are stored as taps.
  case balanced = 1
  /// Weights stand as the checkpoint has them and are transformed in every run.
  case memory = 2
}

/// How one convolution is computed and stored.
struct ConvolutionChoice: Equatable {
  var algorithm: ConvolutionAlgorithm
  /// Stored as taps.
  var fromTaps = false
}

/// Decides for each convolution how it is computed and whether its weights are stored transformed.
///
/// The element type of a checkpoint is not asked: a checkpoint in 16 bits runs as the same weights in float32 do, to the
/// bit, and what it saves comes on top.
struct StorageChoice {
  private var choices: [String: ConvolutionChoice] = [:]

  /// What `balanced` may take, times the float32 checkpoint.
  private static let balancedShare = 1.2

  /// - Parameters:
  ///   - layers: all convolutions of a plan.
  ///   - denseWeights: how many weights the dense layers have.
  init(_ layers: [ConvolutionLayer], denseWeights: Int, options: PlanOptions) {
    for layer in layers { choices[layer.name] = ConvolutionChoice(algorithm: Planner.choose(layer, options: options)) }
    guard options.convolution == .automatic, options.memory != .speed else { return }
    struct Candidate { let name: String; let choice: ConvolutionChoice; let bytes, seconds: Double }
    var candidates: [Candidate] = []
    var bytes = 4 * Double(denseWeights), stored = bytes
    for layer in layers {
      guard let now = choices[layer.name] else { continue }
      bytes += Planner.bytes(layer, now)
      stored += Planner.bytes(layer, ConvolutionChoice(algorithm: .direct))
      guard let other = Planner.fromTaps(layer) else { continue }
      let saved = Planner.bytes(layer, now) - Planner.bytes(layer, other)
      guard saved > 0 else { continue }
      candidates.append(
        Candidate(
          name: layer.name, choice: other, bytes: saved,
          seconds: Planner.cost(layer, other) - Planner.cost(layer, now)))
    }
    if options.memory == .balanced {
      // Most bytes for the least time first; what is quicker from taps costs nothing.
      candidates.sort { max(0, $0.seconds) * $1.bytes < max(0, $1.seconds) * $0.bytes }
    }
    for candidate in candidates {
      if options.memory == .balanced && bytes <= Self.balancedShare * stored { break }
      choices[candidate.name] = candidate.choice
      bytes -= candidate.bytes
    }
  }

  subscript(layer: ConvolutionLayer) -> ConvolutionChoice {
    choices[layer.name] ?? ConvolutionChoice(algorithm: .direct)
  }
}

extension Planner {
  /// U that is written by the weight transform, bytes a second of both cores.
  private static let transformedBytesPerSecond = 60e9

  /// The quickest way from taps; nil where there is none.
  static func fromTaps(_ layer: ConvolutionLayer) -> ConvolutionChoice? {
    [2, 4, 6].filter { WinogradGeometry.fits(layer, family: $0) }
      .map { ConvolutionChoice(algorithm: .winograd($0), fromTaps: true) }
      .min { cost(layer, $0) < cost(layer, $1) }
  }

  static func cost(_ layer: ConvolutionLayer, _ choice: ConvolutionChoice) -> Double {
    guard choice.fromTaps else { return cost(layer, choice.algorithm) }
    let weights = bytes(layer, ConvolutionChoice(algorithm: choice.algorithm))
    return cost(layer, choice.algorithm, weightBytes: bytes(layer, choice)) + weights / transformedBytesPerSecond
  }

  /// Bytes of the stored weights, float32.
  static func bytes(_ layer: ConvolutionLayer, _ choice: ConvolutionChoice) -> Double {
    let taps = 4 * Double(layer.kernel * layer.kernel * layer.inputChannels * layer.outputChannels)
    guard !choice.fromTaps, case .winograd(let family) = choice.algorithm else { return taps }
    return weightBytes(layer, family: family)
  }
}
