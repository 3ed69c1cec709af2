// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeGraph
import LiaeSystem
import LiaeTensor

extension ModelWriter {
  /// A `.dfm` with the names, layouts, operators and operator set that DeepFaceLab's export has.
  static func writeGraph(_ model: Model, to path: String, replacing: Bool) throws(LiaeError) {
    guard !model.architecture.validHeads else {
      throw LiaeError(
        .unsupported,
        "\(path): a .dfm returns a picture of the input's side; the PyTorch port's \(model.architecture.name) returns one that is 4 pixels smaller"
      )
    }
    var builder = GraphBuilder(model)
    try builder.build()
    let side = ONNXModel.Dimension.fixed(model.architecture.resolution)
    func info(_ name: String, _ channels: Int) -> ONNXModel.ValueInfo {
      ONNXModel.ValueInfo(name: name, dtype: .float32, shape: [.symbolic("N"), side, side, .fixed(channels)])
    }
    let graph = ONNXModel.Graph(
      name: "SAEHD", nodes: builder.nodes, initializers: builder.initializers,
      inputs: [info(GraphBuilder.input, 3)],
      outputs: [
        info(GraphBuilder.destinationMask, 1), info(GraphBuilder.picture, 3), info(GraphBuilder.mask, 1),
      ])
    let onnx = ONNXModel(
      irVersion: 7, producer: "libliae", operatorSets: [ONNXModel.OperatorSet(version: 12)], graph: graph)
    try onnx.write(to: path, replacing: replacing)
  }
}

/// The nodes and weights of a `.dfm`, as tf2onnx makes them of DeepFaceLab's network: convolution and bias apart,
/// depth-to-space as Reshape, Transpose, Reshape.
struct GraphBuilder {
  static let input = "in_face:0"
  static let destinationMask = "out_face_mask:0"
  static let picture = "out_celeb_face:0"
  static let mask = "out_celeb_face_mask:0"

  private let model: Model
  private let network: Network
  private(set) var nodes: [ONNXModel.Node] = []
  private(set) var initializers = TensorDictionary()

  init(_ model: Model) { (self.model, network) = (model, Network(model.architecture)) }

  mutating func build() throws(LiaeError) {
    let a = model.architecture
    var value = add("Transpose", "image", [Self.input], ["perm": .integers([0, 3, 1, 2])])
    for step in network.encoder {
      switch step {
      case .convolution(let layer): value = try convolution(layer, value)
      case .residual(let first, let second): value = try residual(first, second, value)
      }
    }
    value = try reshape("flat", value, [a.encodedChannels * a.encodedSide * a.encodedSide])
    if a.pixelNorm { value = try pixelNorm(value) }

    var codes: [String] = []
    for inter in network.inters {
      var code = try dense(inter.dense1, value)
      code = try dense(inter.dense2, code)
      code = try reshape("\(inter.name).picture", code, [a.interChannels, a.latentSide, a.latentSide])
      if let upscale = inter.upscale { code = try convolution(upscale, code) }
      codes.append(code)
    }
    let (swap, destination): (String, String)
    if a.family == .liae {
      swap = add("Concat", "swap.code", [codes[0], codes[0]], ["axis": .integer(1)])
      destination = add("Concat", "destination.code", [codes[1], codes[0]], ["axis": .integer(1)])
    } else {
      (swap, destination) = (codes[0], codes[0])
    }
    guard let swapDecoder = network.decoders.first, let otherDecoder = network.decoders.last else { return }
    try mask(swapDecoder, swap, Self.mask, run: "swap")
    try picture(swapDecoder, swap)
    try mask(otherDecoder, destination, Self.destinationMask, run: "destination")
  }

  // MARK: - Decoder

  private mutating func picture(_ decoder: DecoderModule, _ code: String) throws(LiaeError) {
    var value = code
    for stage in decoder.rgb {
      value = try convolution(stage.upscale, value)
      value = try residual(stage.first, stage.second, value)
    }
    var heads: [String] = []
    for head in decoder.heads { heads.append(try convolution(head, value)) }
    var head = heads[0]
    if heads.count > 1 {
      head = add("Concat", "heads", heads, ["axis": .integer(1)])
      head = try depthToSpace("heads", head, channels: 3, side: decoder.heads[0].outputSide)
    }
    let sigmoid = add("Sigmoid", "picture", [head])
    add("Transpose", Self.picture, [sigmoid], ["perm": .integers([0, 2, 3, 1])])
  }

  /// - Parameter run: tells the values of the two runs of one branch apart; their weights are the same.
  private mutating func mask(_ decoder: DecoderModule, _ code: String, _ output: String, run: String)
    throws(LiaeError)
  {
    var value = code
    for layer in decoder.mask { value = try convolution(layer, value, run: run) }
    value = try convolution(decoder.maskHead, value, run: run)
    value = add("Sigmoid", "\(run).mask", [value])
    let side = model.architecture.maskSide
    add("Reshape", output, [value, try shape([side, side, 1])])
  }

  // MARK: - Layers

  private mutating func convolution(_ layer: ConvolutionLayer, _ input: String, run: String = "") throws(LiaeError)
    -> String
  {
    let name = run.isEmpty ? layer.name : "\(run).\(layer.name)"
    let weight = try weights("\(layer.name).weight") { (tensor) throws(LiaeError) in
      layer.depthToSpace ? try tensor.depthToSpaceOrder() : tensor
    }
    let bias = try weights("\(layer.name).bias") { (tensor) throws(LiaeError) in
      try (layer.depthToSpace ? try tensor.depthToSpaceOrder() : tensor).reshaped([1, layer.outputChannels, 1, 1])
    }
    let pads = [Int](repeating: layer.padding, count: 4)
    var value = add(
      "Conv", "\(name).conv", [input, weight],
      [
        "dilations": .integers([1, 1]), "strides": .integers([layer.stride, layer.stride]), "pads": .integers(pads),
        "kernel_shape": .integers([layer.kernel, layer.kernel]), "group": .integer(1), "auto_pad": .string("NOTSET"),
      ])
    value = add("Add", name, [value, bias])
    value = activate(layer.activation, name, value)
    guard layer.depthToSpace else { return value }
    return try depthToSpace(name, value, channels: layer.outputChannels / 4, side: layer.outputSide)
  }

  private mutating func residual(_ first: ConvolutionLayer, _ second: ConvolutionLayer, _ input: String)
    throws(LiaeError) -> String
  {
    var inner = second
    inner.activation = .none
    let value = try convolution(inner, try convolution(first, input))
    let sum = add("Add", "\(second.name).sum", [input, value])
    return activate(second.activation, "\(second.name).sum", sum)
  }

  private mutating func activate(_ activation: Activation, _ name: String, _ input: String) -> String {
    switch activation {
    case .none: return input
    case .leaky(let slope): return add("LeakyRelu", "\(name).act", [input], ["alpha": .float(slope)])
    case .cosine: return add("Mul", "\(name).act", [input, add("Cos", "\(name).cos", [input])])
    }
  }

  private mutating func depthToSpace(_ name: String, _ input: String, channels: Int, side: Int) throws(LiaeError)
    -> String
  {
    let split = try reshape("\(name).split", input, [2, 2, channels, side, side])
    let moved = add("Transpose", "\(name).moved", [split], ["perm": .integers([0, 3, 4, 1, 5, 2])])
    return try reshape("\(name).shuffled", moved, [channels, side * 2, side * 2])
  }

  /// x * 1 / sqrt(mean(x * x) + 1e-6).
  private mutating func pixelNorm(_ input: String) throws(LiaeError) -> String {
    let epsilon = try Bytes.allocate(4)
    epsilon.base.storeBytes(of: Float(1e-6), as: Float.self)
    initializers["epsilon"] = try TensorView(dtype: .float32, shape: [], storage: epsilon)
    var value = add("Mul", "norm.square", [input, input])
    value = add("ReduceMean", "norm.mean", [value], ["axes": .integers([1]), "keepdims": .integer(1)])
    value = add("Add", "norm.add", [value, "epsilon"])
    value = add("Sqrt", "norm.sqrt", [value])
    value = add("Reciprocal", "norm.reciprocal", [value])
    return add("Mul", "norm", [input, value])
  }

  private mutating func dense(_ name: String, _ input: String) throws(LiaeError) -> String {
    let weight = try weights("\(name).weight") { (tensor) throws(LiaeError) in try tensor.permuted([1, 0]) }
    let bias = try weights("\(name).bias") { (tensor) throws(LiaeError) in try tensor.reshaped([1, tensor.count]) }
    return add("Add", name, [add("MatMul", "\(name).product", [input, weight]), bias])
  }

  // MARK: - Graph

  private mutating func reshape(_ name: String, _ input: String, _ sizes: [Int]) throws(LiaeError) -> String {
    add("Reshape", name, [input, try shape(sizes)])
  }

  /// A constant (-1, sizes...), the batch left open; equal ones are one.
  private mutating func shape(_ sizes: [Int]) throws(LiaeError) -> String {
    let name = "shape_\(sizes.map(String.init).joined(separator: "x"))"
    if initializers[name] == nil {
      let values = [-1] + sizes
      let bytes = try Bytes.allocate(values.count * 8)
      for (i, value) in values.enumerated() {
        bytes.base.storeBytes(of: Int64(value).littleEndian, toByteOffset: i * 8, as: Int64.self)
      }
      initializers[name] = try TensorView(dtype: .int64, shape: [values.count], storage: bytes)
    }
    return name
  }

  private mutating func weights(_ name: String, _ layout: (TensorView) throws(LiaeError) -> TensorView)
    throws(LiaeError) -> String
  {
    if initializers[name] == nil { initializers[name] = try layout(try model.blueFirstTensor(name)) }
    return name
  }

  /// Adds a node whose output, which is returned, is called as it is.
  @discardableResult
  private mutating func add(
    _ operation: String, _ name: String, _ inputs: [String], _ attributes: [String: ONNXModel.Attribute] = [:]
  ) -> String {
    nodes.append(ONNXModel.Node(operation, name: name, inputs: inputs, outputs: [name], attributes: attributes))
    return name
  }
}
