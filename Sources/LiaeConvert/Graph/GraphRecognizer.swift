// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeGraph
import LiaeSystem
import LiaeTensor

/// Finds a DeepFaceLab network in an interpreted graph, from the outputs back to the picture, and collects its weights
/// under canonical names.
///
/// The parts are told apart by what they do: the latent module that feeds both halves of the swap's code is inter_AB,
/// the other one of the destination's code inter_B; the chain with residual blocks is the picture, the one without the
/// mask; the head that comes first in the concatenation makes the first pixel.
struct GraphRecognizer {
  struct Layer {
    var input: Int
    var weight: String
    var bias: String?
    var kernel: Int
    var stride: Int
    var padding: Int
    /// Of the depth-to-space behind it.
    var isDCR: Bool?
    var activation: GraphActivation?
  }

  /// The slope of a leaky ReLU, or x cos x.
  enum GraphActivation: Equatable {
    case leaky(Float)
    case cosine
  }

  let file: String
  let interpreter: GraphInterpreter
  var expressions: GraphExpressions { interpreter.expressions }
  /// Canonical layer name to the layer that was found for it.
  private(set) var layers: [(name: String, layer: Layer)] = []
  private var indices: [String: Int] = [:]
  private(set) var denses: [(name: String, weight: String, bias: String?, transposed: Bool)] = []
  private var cosines: Set<Bool> = []
  private(set) var pixelNorm = false
  /// Whether the four heads are shuffled in DeepFaceLab's channel order.
  private(set) var headsAreDCR = true

  init(_ interpreter: GraphInterpreter, file: String) { (self.interpreter, self.file) = (interpreter, file) }

  /// What the walk finds beside the layers.
  struct Structure {
    var family: Architecture.Family
    var residualDeep: Bool
    var doubleResolution: Bool
    var flavour: Architecture.Flavour
    var cosine: Bool
  }

  mutating func recognize() throws(LiaeError) -> Structure {
    let outputs = try sortOutputs()
    // Picture: sigmoid, heads, stages, code.
    let (trunk, heads, isDCR) = try self.heads(outputs.picture)
    headsAreDCR = isDCR
    let stages = try self.stages(trunk)
    let residualDeep = stages.count == 4
    guard residualDeep || stages.count == 3 else {
      throw unexpected("the picture branch has \(stages.count) stages; expected 3, or 4 with t")
    }
    let code = stages[0].upscale.input
    let isLIAE = if case .concatenation(let parts) = expressions[code] { parts.count == 2 } else { false }
    let decoders = isLIAE ? ["decoder", "decoder"] : ["decoder_src", "decoder_dst"]
    for (i, stage) in stages.enumerated() {
      try add("\(decoders[0]).upscale\(i).conv1", stage.upscale, slope: 0.1)
      try add("\(decoders[0]).res\(i).conv1", stage.first, slope: 0.2)
      try add("\(decoders[0]).res\(i).conv2", stage.second, slope: 0.2)
    }
    for (head, suffix) in zip(heads, ["", "1", "2", "3"]) {
      try add("\(decoders[0]).out_conv\(suffix)", head, slope: nil)
    }

    // Masks. Only the code tells the two apart where one decoder serves both.
    var (swapMask, otherMask) = outputs.masks
    if isLIAE {
      let first = try mask(swapMask, stages: residualDeep ? 4 : 3, d: heads.count == 4)
      if first.code != code { (swapMask, otherMask) = (otherMask, swapMask) }
    }
    for (output, decoder) in [(swapMask, decoders[0]), (otherMask, decoders[1])] {
      let mask = try mask(output, stages: residualDeep ? 4 : 3, d: heads.count == 4)
      if output == swapMask && mask.code != code {
        throw unexpected("neither mask is made from the code of the picture")
      }
      for (i, layer) in mask.layers.enumerated() { try add("\(decoder).upscalem\(i).conv1", layer, slope: 0.1) }
      try add("\(decoder).out_convm", mask.head, slope: nil)
      if output == otherMask { try latents(code, destination: mask.code, residualDeep) }
    }
    guard cosines.count == 1, let cosine = cosines.first else {
      throw unexpected("leaky ReLU and x cos x are mixed; expected one of them")
    }
    var flavour = Architecture.Flavour.dfl
    if heads.count == 4 && (heads[0].kernel == 3 || !isDCR) { flavour = .torch }
    return Structure(
      family: isLIAE ? .liae : .df, residualDeep: residualDeep, doubleResolution: heads.count == 4, flavour: flavour,
      cosine: cosine)
  }

  // MARK: - Outputs

  /// One picture of three channels and two masks of one. By names only where a graph does not tell: which mask is the
  /// swap's in df.
  private func sortOutputs() throws(LiaeError) -> (picture: Int, masks: (Int, Int)) {
    let outputs = interpreter.graph.outputs
    var picture: Int?
    var masks: [(name: String, number: Int)] = []
    for output in outputs.prefix(4) {
      let number = try interpreter.output(output.name)
      switch interpreter.shape(number).first {
      case 3 where picture == nil: picture = number
      case 1: masks.append((output.name, number))
      default:
        throw unexpected(
          "output \(output.name) has shape \(interpreter.shape(number)); expected one picture and two masks")
      }
    }
    guard let picture, masks.count == 2, outputs.count == 3 else {
      let what = outputs.count == 1 && masks.count == 1 ? " (a segmentation network such as XSeg has one mask)" : ""
      throw unexpected("\(outputs.count) outputs\(what); expected out_face_mask, out_celeb_face, out_celeb_face_mask")
    }
    // DeepFaceLab writes the destination's mask first.
    let isSwapFirst = masks[0].name.contains(text: "celeb") && !masks[1].name.contains(text: "celeb")
    return (picture, isSwapFirst ? (masks[0].number, masks[1].number) : (masks[1].number, masks[0].number))
  }

  /// The heads under a sigmoid, and the value that they read.
  private func heads(_ output: Int) throws(LiaeError) -> (trunk: Int, heads: [Layer], isDCR: Bool) {
    guard case .sigmoid(let inner) = expressions[output] else {
      throw unexpected("the picture does not end in a sigmoid")
    }
    if let head = convolution(inner) { return (head.input, [head], true) }
    guard case .depthToSpace(let joined, let isDCR) = expressions[inner],
      case .concatenation(let parts) = expressions[joined], parts.count == 4
    else { throw unexpected("the picture's heads are neither one convolution nor four that are shuffled") }
    let heads = parts.compactMap { convolution($0) }
    guard heads.count == 4, let first = heads.first, heads.allSatisfy({ $0.input == first.input }) else {
      throw unexpected("the four heads do not read the same value")
    }
    guard parts.allSatisfy({ interpreter.shape($0).first == 3 }) else {
      throw unexpected("the four heads do not have three channels each")
    }
    return (first.input, heads, isDCR)
  }

  // MARK: - Decoder

  struct Stage { var upscale, first, second: Layer }

  /// The stages that end in `trunk`, first stage first.
  private func stages(_ trunk: Int) throws(LiaeError) -> [Stage] {
    var stages: [Stage] = []
    var value = trunk
    while let (input, first, second) = residual(value) {
      guard let upscale = upscale(input) else {
        throw unexpected("a residual block of the decoder does not read an upscaled value")
      }
      stages.insert(Stage(upscale: upscale, first: first, second: second), at: 0)
      value = upscale.input
      guard stages.count <= 4 else { throw unexpected("the picture branch has more than 4 stages") }
    }
    guard !stages.isEmpty else { throw unexpected("the picture branch has no residual blocks") }
    return stages
  }

  /// The layers of a mask branch of `stages` upscales and one more with `d`, and the code that it starts from.
  private func mask(_ output: Int, stages: Int, d: Bool) throws(LiaeError) -> (code: Int, layers: [Layer], head: Layer)
  {
    guard case .sigmoid(let inner) = expressions[output], let head = convolution(inner) else {
      throw unexpected("a mask does not end in a convolution and a sigmoid")
    }
    var layers: [Layer] = []
    var value = head.input
    for _ in 0..<stages + (d ? 1 : 0) {
      guard let layer = upscale(value) else {
        throw unexpected("a mask branch has \(layers.count) upscales; expected \(stages + (d ? 1 : 0))")
      }
      layers.insert(layer, at: 0)
      value = layer.input
    }
    return (value, layers, head)
  }

  // MARK: - Latent modules and encoder

  /// - Parameters:
  ///   - swapped: the code of the picture. - destination: that of the other mask.
  private mutating func latents(_ swapped: Int, destination: Int, _ residualDeep: Bool) throws(LiaeError) {
    var encoded: Int
    if case .concatenation(let parts) = expressions[swapped], parts.count == 2 {
      guard parts[0] == parts[1] else { throw unexpected("the swap's code is not one latent module twice") }
      guard case .concatenation(let others) = expressions[destination], others.count == 2, others[1] == parts[1] else {
        throw unexpected("the destination's code does not end in the latent module of the swap's")
      }
      encoded = try latent(parts[0], "inter_AB", residualDeep)
      guard try latent(others[0], "inter_B", residualDeep) == encoded else {
        throw unexpected("the latent modules read different codes")
      }
    } else {
      guard swapped == destination else { throw unexpected("the decoders read different codes") }
      encoded = try latent(swapped, "inter", residualDeep)
    }
    if case .pixelNorm(let inner) = expressions[encoded] {
      pixelNorm = true
      encoded = inner
    }
    guard case .flattened(let value) = expressions[encoded] else {
      throw unexpected("the dense layers do not read a flattened picture")
    }
    try encoder(value, residualDeep)
  }

  /// The value that the module reads.
  private mutating func latent(_ output: Int, _ name: String, _ residualDeep: Bool) throws(LiaeError) -> Int {
    var value = output
    if !residualDeep {
      guard let layer = upscale(value) else {
        throw unexpected("\(name) does not end in an upscale, as it does without t")
      }
      try add("\(name).upscale1.conv1", layer, slope: 0.1)
      value = layer.input
    }
    guard case .unflattened(let flat) = expressions[value],
      case .dense(let middle, let weight2, let bias2, let transposed2) = expressions[flat],
      case .dense(let input, let weight1, let bias1, let transposed1) = expressions[middle]
    else { throw unexpected("\(name) is not two dense layers and a reshape") }
    denses.append(("\(name).dense1", weight1, bias1, transposed1))
    denses.append(("\(name).dense2", weight2, bias2, transposed2))
    return input
  }

  private mutating func encoder(_ output: Int, _ residualDeep: Bool) throws(LiaeError) {
    var value = output
    if residualDeep {
      value = try block("encoder.res5", value)
      for i in [5, 4, 3, 2] { value = try down("encoder.down\(i)", value) }
      value = try block("encoder.res1", value)
      value = try down("encoder.down1", value)
    } else {
      for i in [3, 2, 1, 0] { value = try down("encoder.down1.downs.\(i)", value) }
    }
    guard expressions[value] == .image else { throw unexpected("the encoder does not start at the picture") }
  }

  /// The value that the step reads.
  private mutating func down(_ name: String, _ output: Int) throws(LiaeError) -> Int {
    guard let (inner, activation) = activated(output), var layer = convolution(inner), layer.stride == 2,
      layer.kernel == 5
    else { throw unexpected("\(name) is not a 5x5 convolution of stride 2 with an activation") }
    layer.activation = activation
    try add("\(name).conv1", layer, slope: 0.1)
    return layer.input
  }

  /// The value that the block reads.
  private mutating func block(_ name: String, _ output: Int) throws(LiaeError) -> Int {
    guard let (input, first, second) = residual(output) else { throw unexpected("\(name) is not a residual block") }
    try add("\(name).conv1", first, slope: 0.2)
    try add("\(name).conv2", second, slope: 0.2)
    return input
  }

  // MARK: - Patterns

  private func convolution(_ number: Int) -> Layer? {
    guard case .convolution(let input, let weight, let bias, let stride, let padding) = expressions[number] else {
      return nil
    }
    let kernel = interpreter.constants[weight]?.shape.last ?? 0
    return Layer(input: input, weight: weight, bias: bias, kernel: kernel, stride: stride, padding: padding)
  }

  private func activated(_ number: Int) -> (Int, GraphActivation)? {
    switch expressions[number] {
    case .leaky(let inner, let slope): return (inner, .leaky(slope))
    case .timesCosine(let inner): return (inner, .cosine)
    default: return nil
    }
  }

  /// Convolution, activation, depth-to-space.
  private func upscale(_ number: Int) -> Layer? {
    guard case .depthToSpace(let shuffled, let isDCR) = expressions[number],
      let (inner, activation) = activated(shuffled), var layer = convolution(inner)
    else { return nil }
    (layer.isDCR, layer.activation) = (isDCR, activation)
    return layer
  }

  /// act(x + second(act(first(x)))).
  private func residual(_ number: Int) -> (input: Int, first: Layer, second: Layer)? {
    guard let (sum, activation) = activated(number), case .sum(let a, let b) = expressions[sum] else { return nil }
    for (x, y) in [(a, b), (b, a)] {
      guard var second = convolution(y), let (middle, inner) = activated(second.input), var first = convolution(middle),
        first.input == x
      else { continue }
      (first.activation, second.activation) = (inner, activation)
      return (x, first, second)
    }
    return nil
  }

  // MARK: - Collecting

  /// Takes a layer for a name; where a branch runs twice, it must be with the same weights.
  private mutating func add(_ name: String, _ layer: Layer, slope: Float?) throws(LiaeError) {
    switch layer.activation {
    case nil: break
    case .cosine: cosines.insert(true)
    case .leaky(let found):
      cosines.insert(false)
      if let slope, abs(found - slope) > 1e-4 {
        throw unexpected("\(name) is followed by a leaky ReLU of slope \(found); expected \(slope)")
      }
    }
    let isDown = name.hasPrefix("encoder.down")
    guard layer.stride == (isDown ? 2 : 1) else { throw unexpected("\(name) has stride \(layer.stride)") }
    guard layer.padding == layer.kernel / 2 || name.contains(text: ".out_conv") else {
      throw unexpected("\(name) reads without padding")
    }
    guard let index = indices[name] else {
      indices[name] = layers.count
      layers.append((name, layer))
      return
    }
    let earlier = layers[index].layer
    guard same(earlier.weight, layer.weight), same(earlier.bias, layer.bias), earlier.isDCR == layer.isDCR else {
      throw unexpected("\(name) has other weights for the destination's mask than for the swap's")
    }
  }

  private func same(_ a: String?, _ b: String?) -> Bool {
    if a == b { return true }
    guard let a, let b, let first = interpreter.constants[a], let second = interpreter.constants[b] else {
      return false
    }
    return first.isIdentical(to: second)
  }

  func unexpected(_ what: String) -> LiaeError {
    LiaeError(.unknownArchitecture, "\(file): not a network of DeepFaceLab's SAEHD: \(what)")
  }
}
