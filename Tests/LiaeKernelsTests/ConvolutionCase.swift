// SPDX-License-Identifier: Apache-2.0
import LiaeConvolution
import LiaeDispatch
import LiaeKernels
import LiaeKernelsReference
import LiaeGraph
import LiaeRuntime
import LiaeSystem
import LiaeTensor
import LiaeTestSupport

/// One convolution run by the kernels of an instruction set, beside the same by the reference's plain loops.
struct ConvolutionCase: CustomStringConvertible {
  var set: InstructionSet
  var algorithm: ConvolutionAlgorithm
  var inputs, outputs: Int
  /// Side of the output, before depth-to-space.
  var side: Int
  var kernel = 3
  var stride = 1
  var padding = 1
  var activation = LiaeGraph.Activation.leaky(0.2)
  var depthToSpace = false
  /// True if a 1x1 convolution to one channel and a sigmoid follow in the same pass. For layers that take it.
  var maskHead = false
  var residual = false
  var images = 1
  var source = ConvolutionLayer.Source.channels
  /// Images, the first ones, that have the first half of a code alone.
  var halfImages = 0
  var workers = 1
  /// The element type in which the weights are given; the reference gets the same numbers.
  var element = DType.float32
  /// They are given to the kernels as the same numbers in float32.
  var widensWeights = false
  /// True if weights are stored as taps and transformed in the run.
  var fromTaps = false

  /// It, with a residual, and with depth-to-space.
  var endings: [ConvolutionCase] {
    var added = self, shuffled = self
    added.residual = true
    shuffled.depthToSpace = true
    return [self, added, shuffled]
  }

  var description: String { "\(set) \(title)" }

  /// All but the instruction set.
  var title: String {
    "\(algorithm.name) \(inputs)>\(outputs) @\(side) \(kernel)x\(kernel)s\(stride)p\(padding)"
      + (depthToSpace ? " d2s" : "") + (maskHead ? " mask" : "") + (residual ? " residual" : "") + activationTitle
      + " images \(images)"
      + (source == .halves ? " halves" : source == .picture ? " picture" : "")
      + (halfImages > 0 ? " first half of \(halfImages)" : "") + (fromTaps ? " from taps" : "") + " \(element.rawValue)"
  }

  private var activationTitle: String {
    switch activation {
    case .none: ""
    case .leaky(let slope): " leaky \(slope)"
    case .cosine: " cosine"
    }
  }

  /// Values are of the order of 1, so this is the relative error of a sum too. Winograd's points cost digits.
  var tolerance: Double {
    switch algorithm {
    case .direct: return 4e-6
    case .winograd(2): return 6e-6
    case .winograd(4): return 1.5e-5
    default: return 4e-5
    }
  }

  var layer: ConvolutionLayer {
    var layer = ConvolutionLayer(
      name: "case", inputChannels: inputs, outputChannels: outputs, kernel: kernel, padding: padding,
      activation: activation, inputSide: (side - 1) * stride + kernel - 2 * padding + (stride - 1))
    layer.stride = stride
    layer.depthToSpace = depthToSpace
    layer.source = source
    return layer
  }

  /// Activations that end at a page that may not be touched, border included.
  struct Guarded {
    let buffer: GuardedBuffer
    let view: ActivationView
    let channels, side, width: Int

    init(channels: Int, side: Int, images: Int, width: Int) {
      let row = (side + 4) * width, plane = row * (side + 4), image = (channels + width - 1) / width * plane
      buffer = GuardedBuffer(count: images * image)
      view = ActivationView(origin: buffer.values + 2 * row + 2 * width, row: row, plane: plane, image: image)
      (self.channels, self.side, self.width) = (channels, side, width)
    }

    func offset(_ image: Int, _ c: Int, _ y: Int, _ x: Int) -> Int {
      image * view.image + c / width * view.plane + y * view.row + x * width + c % width
    }

    /// (C, side, side) of one image.
    func fill(_ image: Int, _ values: [Float]) {
      for c in 0..<channels {
        for y in 0..<side {
          for x in 0..<side { view.origin[offset(image, c, y, x)] = values[(c * side + y) * side + x] }
        }
      }
    }

    func values(_ image: Int) -> [Float] {
      var out: [Float] = []
      for c in 0..<channels {
        for y in 0..<side {
          for x in 0..<side { out.append(view.origin[offset(image, c, y, x)]) }
        }
      }
      return out
    }

    /// True if everything but the pixels of real channels is still zero: the border and the padded lanes.
    var isCleanAround: Bool {
      var pixels = buffer.array
      let origin = view.origin - buffer.values
      for image in 0..<(view.image == 0 ? 1 : buffer.count / view.image) {
        for c in 0..<channels {
          for y in 0..<side {
            for x in 0..<side { pixels[origin + offset(image, c, y, x)] = 0 }
          }
        }
      }
      return pixels.allSatisfy { $0 == 0 }
    }
  }

  struct Result {
    var actual, expected: [Float]
    var isCleanAround: Bool
  }

  func run(seed: UInt64) throws(LiaeError) -> Result {
    var random = SplitMix64(state: seed)
    let layer = layer
    let kernels = try set.kernels(), width = kernels.width
    let pool = try ThreadPool(workers: workers)
    let taps = kernel * kernel
    let scale = 1 / Float(taps * inputs).squareRoot()
    let exact = random.floats(outputs * inputs * taps, in: -scale...scale)
    var given = try TensorView.of(exact, as: element, shape: [outputs, inputs, kernel, kernel])
    if widensWeights { given = try given.asFloat32() }
    let weights = (0..<given.count).map { given[$0] }
    let bias = random.floats(outputs, in: -1...1)
    let tensors = (weights: given, bias: try TensorView.of(bias, as: .float32, shape: [outputs]))
    let packed = try PackedConvolution(
      layer, tensors: { tensors }, algorithm: algorithm, stored: fromTaps ? .taps(given.dtype) : .transformed,
      kernels: kernels, pool: pool, store: WeightStore())

    // What the reference is given, and the same as the kernels want it.
    let inputSide = layer.inputSide, pixels = inputSide * inputSide
    let half = roundUp(inputs / 2, width)
    let stored =
      switch source {
      case .halves: 2 * half
      case .joined(let first): roundUp(first, width) + inputs - first
      case .channels, .picture: inputs
      }
    let plain = Guarded(channels: stored, side: inputSide, images: images, width: width)
    let interleaved = GuardedBuffer(count: images * (inputSide + 4) * (inputSide + 4) * inputs)
    var view = plain.view
    var references: [[Float]] = []
    for image in 0..<images {
      var values = random.floats(inputs * pixels, in: -1...1)
      switch self.source {
      case .channels: plain.fill(image, values)
      case .joined(let first):
        // The second value begins at a whole vector.
        let gap = [Float](repeating: 0, count: (roundUp(first, width) - first) * pixels)
        plain.fill(image, Array(values[..<(first * pixels)]) + gap + Array(values[(first * pixels)...]))
      case .halves:
        // The reference reads [X, AB]; the kernels read [X, AB - X], or X alone where AB = X.
        let c = inputs / 2
        if image < halfImages { values.replaceSubrange(c * pixels..<2 * c * pixels, with: values[..<(c * pixels)]) }
        var mixed = [Float](repeating: 0, count: 2 * half * pixels)
        for i in 0..<c * pixels {
          mixed[i] = values[i]
          mixed[half * pixels + i] = values[c * pixels + i] - values[i]
        }
        plain.fill(image, mixed)
      case .picture:
        let row = (inputSide + 4) * inputs
        view = ActivationView(
          origin: interleaved.values + 2 * row + 2 * inputs, row: row, plane: 0, image: (inputSide + 4) * row)
        for c in 0..<inputs {
          for y in 0..<inputSide {
            for x in 0..<inputSide {
              view.origin[image * view.image + y * row + x * inputs + c] =
                values[(c * inputSide + y) * inputSide + x]
            }
          }
        }
      }
      references.append(values)
    }
    let resultSide = depthToSpace ? 2 * side : side
    let target = Guarded(
      channels: depthToSpace ? outputs / 4 : outputs, side: resultSide, images: images, width: width)
    var residuals: [[Float]] = []
    if residual {
      for image in 0..<images {
        residuals.append(random.floats(outputs * side * side, in: -1...1))
        target.fill(image, residuals[image])
      }
    }

    var binding = ConvolutionBinding(
      source: view, target: target.view, residual: residual ? target.view : nil, images: images, halfImages: halfImages)
    let masks = GuardedBuffer(count: images * resultSide * resultSide)
    let headWeights = random.floats(outputs / 4, in: -1...1), headBias = random.floats(1, in: -1...1)
    if maskHead {
      guard packed.takesMaskHead else { throw LiaeError(.internalError, "\(title): the layer takes no mask head") }
      let tensors = (
        weights: try TensorView.of(headWeights, as: .float32, shape: [1, outputs / 4, 1, 1]),
        bias: try TensorView.of(headBias, as: .float32, shape: [1])
      )
      let head = try PackedConvolution(
        ConvolutionLayer(
          name: "head", inputChannels: outputs / 4, outputChannels: 1, kernel: 1, padding: 0, activation: .none,
          inputSide: resultSide), tensors: { tensors }, algorithm: .direct, kernels: kernels, pool: pool,
        store: WeightStore())
      binding.head = MaskHeadWeights(head)
      binding.target = ActivationView(
        origin: masks.values, row: resultSide, plane: 0, image: resultSide * resultSide)
    }
    let step = convolutionStep(packed, binding, tables: ConvolutionTables(workers: workers))
    let workspace = try Workspace(step.scratch, workers: workers, width: width)
    step.run(RunState(kernels: kernels, pool: pool, workspace: workspace))

    var result = Result(actual: [], expected: [], isCleanAround: target.isCleanAround)
    let shape = Reference.Conv2DShape(
      inputChannels: inputs, outputChannels: outputs, inputHeight: inputSide, inputWidth: inputSide, kernel: kernel,
      stride: stride, padding: padding)
    for image in 0..<images {
      var sums = [Float](repeating: 0, count: outputs * side * side)
      Reference.conv2d(shape, input: references[image], weights: weights, bias: bias, output: &sums)
      if residual { for i in sums.indices { sums[i] += residuals[image][i] } }
      switch activation {
      case .none: break
      case .leaky(let slope): Reference.leakyReLU(count: sums.count, slope: slope, &sums)
      case .cosine: Reference.cosineActivation(count: sums.count, &sums)
      }
      if depthToSpace {
        var shuffled = sums
        Reference.depthToSpace(.crd, channels: outputs / 4, height: side, width: side, input: sums, output: &shuffled)
        sums = shuffled
      }
      if maskHead {
        let pixels = resultSide * resultSide
        result.expected += (0..<pixels).map { pixel in
          var sum = Double(headBias[0])
          for c in headWeights.indices { sum += Double(headWeights[c]) * Double(sums[c * pixels + pixel]) }
          return Float(1 / (1 + Math.exp(-sum)))
        }
        result.actual += (0..<pixels).map { masks.values[image * pixels + $0] }
      } else {
        result.expected += sums
        result.actual += target.values(image)
      }
    }
    return result
  }
}
