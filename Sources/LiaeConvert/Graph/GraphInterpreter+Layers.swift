// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeSystem
import LiaeTensor

extension GraphInterpreter {
  /// Square kernels of 1, 3 or 5, the same padding on every side, no groups and no dilation.
  mutating func convolution(_ node: ONNXModel.Node, _ x: Int, _ inputs: [Value]) throws(LiaeError) -> Value {
    guard inputs.count >= 2 else { throw corrupt(node, "has no weights") }
    let name = try constantName(node, inputs[1], "weight")
    let weight = try constant(node, inputs[1], "weight")
    let input = shape(x)
    guard weight.shape.count == 4, input.count == 3 else {
      throw mismatch(node, "weights \(name) of shape \(weight.shape) on a value of shape \(input)")
    }
    let (outputs, channels, kernel) = (weight.shape[0], weight.shape[1], weight.shape[2])
    guard channels == input[0], weight.shape[3] == kernel, [1, 3, 5].contains(kernel), outputs > 0,
      weight.dtype.isFloatingPoint
    else {
      throw mismatch(
        node,
        "weights \(name) are \(weight.dtype.rawValue) of shape \(weight.shape); expected (out, \(input[0]), k, k) with k of 1, 3 or 5"
      )
    }
    let strides = node.integers("strides") ?? [1, 1]
    let pads = node.integers("pads") ?? [0, 0, 0, 0]
    let padding = pads.first ?? 0
    guard ["NOTSET", "VALID"].contains(node.string("auto_pad") ?? "NOTSET"), node.integer("group") ?? 1 == 1,
      (node.integers("dilations") ?? [1, 1]) == [1, 1], strides == [1, 1] || strides == [2, 2],
      pads == [padding, padding, padding, padding], padding == 0 || padding == kernel / 2,
      node.integers("kernel_shape") ?? [kernel, kernel] == [kernel, kernel]
    else {
      throw unexpected(
        node,
        "a convolution with strides \(strides) and pads \(pads) or groups or dilation; expected padding \(kernel / 2)")
    }
    let sides = input.dropFirst().map { ($0 + 2 * padding - kernel) / strides[0] + 1 }
    guard input[1] + 2 * padding >= kernel, input[2] + 2 * padding >= kernel else {
      throw mismatch(node, "a kernel of \(kernel) on a picture of \(input[1]) x \(input[2])")
    }
    let bias = inputs.count > 2 ? try checkedBias(node, inputs[2], outputs) : nil
    return make(
      .convolution(x, weight: name, bias: bias, stride: strides[0], padding: padding), [outputs] + sides)
  }

  mutating func dense(_ node: ONNXModel.Node, _ x: Int, _ inputs: [Value]) throws(LiaeError) -> Value {
    guard inputs.count >= 2 else { throw corrupt(node, "has no weights") }
    let name = try constantName(node, inputs[1], "weight")
    let weight = try constant(node, inputs[1], "weight")
    let isGemm = node.operation == "Gemm"
    let transposed = isGemm && node.integer("transB") ?? 0 == 1
    guard !isGemm || (node.integer("transA") ?? 0 == 0 && node.float("alpha") ?? 1 == 1 && node.float("beta") ?? 1 == 1)
    else { throw unexpected(node, "a scaled or transposed product") }
    let input = shape(x)
    guard weight.shape.count == 2, input.count == 1, weight.shape[transposed ? 1 : 0] == input[0],
      weight.dtype.isFloatingPoint
    else {
      throw mismatch(
        node, "weights \(name) are \(weight.dtype.rawValue) of shape \(weight.shape) on a value of shape \(input)")
    }
    let outputs = weight.shape[transposed ? 0 : 1]
    let bias = inputs.count > 2 ? try checkedBias(node, inputs[2], outputs) : nil
    return make(.dense(x, weight: name, bias: bias, transposed: transposed), [outputs])
  }

  mutating func concatenate(_ node: ONNXModel.Node, _ inputs: [Value]) throws(LiaeError) -> Value {
    var parts: [Int] = []
    for input in inputs { parts.append(try operand(node, input)) }
    let sides = Array(shape(parts[0]).dropFirst())
    guard node.integer("axis") == 1, sides.count == 2,
      parts.allSatisfy({ shape($0).count == 3 && Array(shape($0).dropFirst()) == sides })
    else { throw mismatch(node, "joins shapes \(parts.map { shape($0) }) or along another axis than channels") }
    // Channels are bounded by the weights that made them, four summands at most.
    let channels = parts.reduce(0) { $0 + shape($1)[0] }
    return make(.concatenation(parts), [channels] + sides)
  }

  // MARK: - Shapes

  mutating func flatten(_ node: ONNXModel.Node, _ x: Int) throws(LiaeError) -> Value {
    guard shape(x).count == 3, let count = CheckedSize.product(shape(x)) else {
      throw mismatch(node, "flattens a value of shape \(shape(x))")
    }
    return make(.flattened(x), [count])
  }

  /// Depth-to-space in one node.
  mutating func shuffle(_ node: ONNXModel.Node, _ x: Int, isDCR: Bool) throws(LiaeError) -> Value {
    let input = shape(x)
    guard input.count == 3, input[0] % 4 == 0 else {
      throw mismatch(node, "depth-to-space of shape \(input); expected a multiple of 4 channels")
    }
    return make(.depthToSpace(x, isDCR: isDCR), [input[0] / 4, input[1] * 2, input[2] * 2])
  }

  /// The reshapes of our networks: flatten, its inverse, the first and last third of depth-to-space, channels last of
  /// a mask.
  mutating func reshape(_ node: ONNXModel.Node, _ x: Int, _ target: TensorView) throws(LiaeError) -> Value {
    guard target.dtype == .int64, target.shape.count == 1, (2...6).contains(target.count) else {
      throw unexpected(node, "a shape that is not 2 to 6 whole numbers")
    }
    let input = shape(x)
    guard !input.isEmpty, let count = CheckedSize.product(input) else {
      throw unexpected(node, "reshapes part of a pixel norm")
    }
    // The batch comes first and stays; one of the others may be left to be worked out.
    var sizes = (1..<target.count).map { Int(target.integer(at: $0)) }
    if let open = sizes.firstIndex(of: -1) {
      sizes[open] = 1
      guard let known = CheckedSize.product(sizes), known > 0, count % known == 0 else {
        throw mismatch(node, "shape \(input) cannot become \(sizes)")
      }
      sizes[open] = count / known
    }
    guard CheckedSize.product(sizes) == count else { throw mismatch(node, "shape \(input) cannot become \(sizes)") }

    switch expressions[x] {
    case .interleaved(let y, let isDCR):
      // (C, H, 2, W, 2) as (C, 2H, 2W).
      guard sizes == [input[0], input[1] * 2, input[3] * 2] else { break }
      return make(.depthToSpace(y, isDCR: isDCR), sizes)
    case .split, .channelsLast, .channelsLastImage: break
    default:
      if sizes == input { return .expression(x) }
      if input.count == 3 && sizes.count == 1 { return make(.flattened(x), sizes) }
      if input.count == 1 && sizes.count == 3 { return make(.unflattened(x), sizes) }
      if input.count == 3 && input[0] == 1 && sizes == [input[1], input[2], 1] { return make(.channelsLast(x), sizes) }
      guard input.count == 3, input[0] % 4 == 0 else { break }
      if sizes == [2, 2, input[0] / 4, input[1], input[2]] { return make(.split(x, isDCR: true), sizes) }
      if sizes == [input[0] / 4, 2, 2, input[1], input[2]] { return make(.split(x, isDCR: false), sizes) }
    }
    throw unexpected(node, "reshapes \(input) to \(sizes), which no layer of ours does")
  }

  mutating func transpose(_ node: ONNXModel.Node, _ x: Int) throws(LiaeError) -> Value {
    let order = node.integers("perm") ?? []
    let input = shape(x)
    switch (expressions[x], order) {
    case (.channelsLastImage, [0, 3, 1, 2]): return make(.image, [input[2], input[0], input[1]])
    case (.channelsLast(let y), [0, 3, 1, 2]): return .expression(y)
    case (.split(let y, isDCR: true), [0, 3, 4, 1, 5, 2]):
      return make(.interleaved(y, isDCR: true), [input[2], input[3], 2, input[4], 2])
    case (.split(let y, isDCR: false), [0, 1, 4, 2, 5, 3]):
      return make(.interleaved(y, isDCR: false), [input[0], input[3], 2, input[4], 2])
    case (.channelsLastImage, _), (.channelsLast, _): break
    case (_, [0, 2, 3, 1]) where input.count == 3: return make(.channelsLast(x), [input[1], input[2], input[0]])
    default: break
    }
    throw unexpected(node, "transposes \(input) by \(order), which no layer of ours does")
  }
}

extension TensorView {
  /// Element `index` of an int64 tensor, exactly. `index` must be within `0..<count`.
  func integer(at index: Int) -> Int64 {
    precondition(dtype == .int64 && index >= 0 && index < count)
    return Int64(littleEndian: raw.loadUnaligned(fromByteOffset: index * 8, as: Int64.self))
  }
}
