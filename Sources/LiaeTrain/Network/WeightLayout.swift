// SPDX-License-Identifier: Apache-2.0
import LiaeKernels

/// The layout of a canonical tensor of `Model` in the trainer, whose shapes are DeepFaceLab's: convolutions (kh, kw,
/// in, out) with depth-to-space channels (dy * 2 + dx) * C + c, in a `PanelLayout`; dense layers (in, out).
/// A transposed convolution, canonical (in, out, k, k) and here (kh, kw, out, in), is a convolution from its outputs to
/// its inputs.
enum WeightLayout {
  case convolution(kernel: Int, inputs: Int, outputs: Int, depthToSpace: Bool, groups: Int)
  case dense(inputs: Int, outputs: Int)
  case bias(outputs: Int, depthToSpace: Bool)

  /// The layout of a tensor of canonical shape: (out, in, k, k), (out, in) or (out).
  ///
  /// - Parameters:
  ///   - depthToSpace: whether its layer is followed by a depth-to-space, whose canonical order is CRD.
  ///   - groups: of `Parameter.layout`.
  init(_ shape: [Int], depthToSpace: Bool, groups: Int) {
    switch shape.count {
    case 4:
      self = .convolution(
        kernel: shape[2], inputs: shape[1], outputs: shape[0], depthToSpace: depthToSpace, groups: groups)
    case 2: self = .dense(inputs: shape[1], outputs: shape[0])
    default: self = .bias(outputs: shape.reduce(1, *), depthToSpace: depthToSpace)
    }
  }

  var shape: [Int] {
    switch self {
    case .convolution(let kernel, let inputs, let outputs, _, _): [kernel, kernel, inputs, outputs]
    case .dense(let inputs, let outputs): [inputs, outputs]
    case .bias(let outputs, _): [outputs]
    }
  }

  /// Groups of `Parameter.layout`.
  var groups: Int {
    if case .convolution(_, _, _, _, let groups) = self { groups } else { 1 }
  }

  var canonicalShape: [Int] {
    switch self {
    case .convolution(let kernel, let inputs, let outputs, _, _): [outputs, inputs, kernel, kernel]
    case .dense(let inputs, let outputs): [outputs, inputs]
    case .bias(let outputs, _): [outputs]
    }
  }

  /// The bound of Glorot's uniform distribution, which DeepFaceLab begins with; 0 for a bias.
  ///
  /// Source: Glorot, Bengio: Understanding the difficulty of training deep feedforward neural networks, AISTATS 2010.
  var glorotBound: Float {
    switch self {
    case .convolution(let kernel, let inputs, let outputs, _, _):
      (6 / Float(kernel * kernel * (inputs + outputs))).squareRoot()
    case .dense(let inputs, let outputs): (6 / Float(inputs + outputs)).squareRoot()
    case .bias: 0
    }
  }

  /// Calls `body(canonical index, trainer index)` for each element.
  @inline(__always)
  func forEach(_ body: (_ canonical: Int, _ trainer: Int) -> Void) {
    switch self {
    case .convolution(let kernel, let inputs, let outputs, let depthToSpace, let groups):
      let taps = kernel * kernel
      let panels = PanelLayout(taps: taps, inputs: inputs, outputs: outputs, groups: groups)
      for o in 0..<outputs {
        let to = Self.channel(o, of: outputs, depthToSpace)
        for i in 0..<inputs {
          for t in 0..<taps { body((o * inputs + i) * taps + t, panels.place(tap: t, input: i, output: to)) }
        }
      }
    case .dense(let inputs, let outputs):
      for o in 0..<outputs { for i in 0..<inputs { body(o * inputs + i, i * outputs + o) } }
    case .bias(let outputs, let depthToSpace):
      for o in 0..<outputs { body(o, Self.channel(o, of: outputs, depthToSpace)) }
    }
  }

  private static func channel(_ canonical: Int, of count: Int, _ depthToSpace: Bool) -> Int {
    depthToSpace ? canonical % 4 * (count / 4) + canonical / 4 : canonical
  }
}
