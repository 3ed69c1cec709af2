// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeGraph
import LiaeSystem
import LiaeTensor

// Shapes: x (N, C, H, W) or flat (N, C); weights as ONNX has them, convolutions (out, in, k, k), dense layers (in, out).

extension GraphWriter {
  mutating func convolution(_ layer: Convolution, _ x: Value) throws(LiaeError) -> Value {
    let (name, isHalf) = (named(layer.name), dtype == .float16)
    let input = cast(x, isHalf: isHalf)
    let weight = try weights("\(layer.name).weight", dtype) { (tensor) throws(LiaeError) in tensor }
    let bias = try weights("\(layer.name).bias", dtype) { (tensor) throws(LiaeError) in
      try tensor.reshaped([1, layer.outputChannels, 1, 1])
    }
    let pads = [Int](repeating: layer.padding, count: 4)
    let product = add(
      "Conv", "\(name).conv", [input, weight],
      [
        "dilations": .integers([1, 1]), "strides": .integers([layer.stride, layer.stride]), "pads": .integers(pads),
        "kernel_shape": .integers([layer.kernel, layer.kernel]), "group": .integer(1), "auto_pad": .string("NOTSET"),
      ])
    return Value(name: add("Add", name, [product, bias]), stem: name, isHalf: isHalf)
  }

  mutating func dense(_ layer: Dense, _ x: Value) throws(LiaeError) -> Value {
    let (name, input) = (layer.name, cast(x, isHalf: false))
    let weight = try weights("\(name).weight", .float32) { (tensor) throws(LiaeError) in try tensor.permuted([1, 0]) }
    let bias = try weights("\(name).bias", .float32) { (tensor) throws(LiaeError) in
      try tensor.reshaped([1, tensor.count])
    }
    return value(add("Add", name, [add("MatMul", "\(name).product", [input, weight]), bias]))
  }

  mutating func activate(_ activation: Activation, _ x: Value) -> Value {
    var result = x
    switch activation {
    case .none: break
    case .leaky(let slope): result.name = add("LeakyRelu", "\(x.stem).act", [x.name], ["alpha": .float(slope)])
    case .cosine: result.name = add("Mul", "\(x.stem).act", [x.name, add("Cos", "\(x.stem).cos", [x.name])])
    }
    return result
  }

  /// - Parameter shape: of the result.
  mutating func depthToSpace(_ x: Value, _ shape: Shape) throws(LiaeError) -> Value {
    let (channels, side) = (shape.channels, shape.side / 2)
    let split = add("Reshape", "\(x.stem).split", [x.name, try self.shape([2, 2, channels, side, side])])
    let moved = add("Transpose", "\(x.stem).moved", [split], ["perm": .integers([0, 3, 4, 1, 5, 2])])
    let name = add("Reshape", "\(x.stem).shuffled", [moved, try self.shape([channels, shape.side, shape.side])])
    return Value(name: name, stem: x.stem, isHalf: x.isHalf)
  }

  /// Channels one after the other, in the type of the first value.
  mutating func concatenate(_ name: String, _ parts: [Value]) -> Value {
    let isHalf = parts.first?.isHalf ?? false
    let inputs = parts.map { cast($0, isHalf: isHalf) }
    return Value(name: add("Concat", name, inputs, ["axis": .integer(1)]), stem: name, isHalf: isHalf)
  }

  /// The first trunc(channels * morph) channels of one code and the rest of another; either part may be empty. The
  /// product is one of float32 and Cast cuts its fraction off, as in DeepFaceLab.
  mutating func mix(_ name: String, _ codes: [Value], channels: Int) throws(LiaeError) -> Value {
    let total = try constant("\(name).channels", Float(channels), shape: [1])
    let share = add("Mul", "\(name).share", [Self.morph, total])
    let count = add("Cast", "\(name).count", [share], ["to": .integer(7)])
    let (begin, end) = (try constant("\(name).begin", [0]), try constant("\(name).end", [channels]))
    let axis = try constant("\(name).axis", [1])
    let bounds = [("source", begin, count), ("destination", count, end)]
    var parts: [Value] = []
    for (code, (side, from, to)) in zip(codes, bounds) {
      parts.append(value(add("Slice", "\(name).\(side)", [cast(code, isHalf: false), from, to, axis])))
    }
    return concatenate(name, parts)
  }

  /// x * 1 / sqrt(mean(x * x) + 1e-6).
  mutating func pixelNorm(_ x: Value) throws(LiaeError) -> Value {
    let input = cast(x, isHalf: false)
    let epsilon = try constant("epsilon", 1e-6, shape: [])
    var norm = add("Mul", "norm.square", [input, input])
    norm = add("ReduceMean", "norm.mean", [norm], ["axes": .integers([1]), "keepdims": .integer(1)])
    norm = add("Add", "norm.add", [norm, epsilon])
    norm = add("Sqrt", "norm.sqrt", [norm])
    norm = add("Reciprocal", "norm.reciprocal", [norm])
    return value(add("Mul", "norm", [input, norm]))
  }

  mutating func reshape(_ name: String, _ x: Value, _ sizes: [Int]) throws(LiaeError) -> Value {
    value(add("Reshape", name, [cast(x, isHalf: false), try shape(sizes)]))
  }

  /// The weights of a layer in DeepFaceLab's order of channels. Branches that are written twice share them.
  mutating func weights(
    _ name: String, _ dtype: DType, _ layout: (TensorView) throws(LiaeError) -> TensorView
  ) throws(LiaeError) -> String {
    if initializers[name] == nil {
      let tensor = try model.tensor(name).converted(to: dtype, name: name)
      initializers[name] = try layout(shuffled.contains(name) ? try tensor.depthToSpaceOrder() : tensor)
    }
    return name
  }
}
