// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeGraph
import LiaeSystem
import LiaeTensor

// Operations of XSeg, as tf2onnx spells them in DeepFaceLab's export. Shapes: (N, C, H, W).

extension GraphWriter {
  mutating func transposed(_ layer: String, _ x: Value) throws(LiaeError) -> Value {
    let weight = try weights("\(layer).weight", .float32) { (tensor) throws(LiaeError) in tensor }
    let product = add(
      "ConvTranspose", "\(layer).conv", [x.name, weight],
      [
        "dilations": .integers([1, 1]), "strides": .integers([2, 2]), "pads": .integers([0, 0, 1, 1]),
        "kernel_shape": .integers([3, 3]), "group": .integer(1), "auto_pad": .string("NOTSET"),
      ])
    return value(add("Add", layer, [product, try channelConstant("\(layer).bias")]))
  }

  /// max(x * 1 / sqrt(mean(x * x) + |eps|) * weight + bias, tau).
  mutating func responseNorm(_ block: String, _ x: Value, channels: Int) throws(LiaeError) -> Value {
    let norm = "\(block).frn"
    let epsilon = abs(try model.tensor("\(norm).eps")[0])
    var y = add("Mul", "\(norm).square", [x.name, x.name])
    y = add("GlobalAveragePool", "\(norm).mean", [y])
    y = add("Add", "\(norm).sum", [y, try constant("\(norm).eps", [epsilon], shape: [1])])
    y = add("Sqrt", "\(norm).sqrt", [y])
    y = add("Div", "\(norm).inverse", [try constant("one", [1], shape: [1]), y])
    y = add("Mul", "\(norm).normalized", [x.name, y])
    y = add("Mul", "\(norm).weighted", [y, try channelConstant("\(norm).weight")])
    y = add("Add", norm, [y, try channelConstant("\(norm).bias")])
    return value(add("Max", block, [y, try channelConstant("\(block).tlu.tau")]))
  }

  mutating func blurPool(_ name: String, _ x: Value, size: Int, channels: Int) throws(LiaeError) -> Value {
    guard let taps = BlurPoolTaps.values[size] else {
      throw LiaeError(.internalError, "node \(name): a blur pool of \(size) pixels")
    }
    let (before, after) = ((size - 1) / 2, size - 1 - (size - 1) / 2)
    let kernel = taps.flatMap { a in taps.map { a * $0 } }
    let weight = try constant(
      "pool\(size).\(channels)", (0..<channels).flatMap { _ in kernel }, shape: [channels, 1, size, size])
    let pads = try constant("pads\(size)", [0, 0, before, before, 0, 0, after, after])
    let padded = add("Pad", "\(name).padded", [x.name, pads])
    return value(
      add(
        "Conv", name, [padded, weight],
        [
          "dilations": .integers([1, 1]), "strides": .integers([2, 2]), "pads": .integers([0, 0, 0, 0]),
          "kernel_shape": .integers([size, size]), "group": .integer(channels), "auto_pad": .string("NOTSET"),
        ]))
  }

  /// A tensor (C) as (1, C, 1, 1).
  private mutating func channelConstant(_ name: String) throws(LiaeError) -> String {
    try weights(name, .float32) { (tensor) throws(LiaeError) in try tensor.reshaped([1, tensor.count, 1, 1]) }
  }
}
