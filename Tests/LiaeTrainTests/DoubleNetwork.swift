// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeTensor

/// Values (channels, side, side) of one image.
struct Plane {
  var channels: Int
  var side: Int
  var values: [Double]
}

/// The network in plain loops and in Double, over a model's canonical weights: what derivatives are measured on.
struct DoubleNetwork {
  let network: Network
  var weights: [String: [Double]]

  init(_ model: Model) throws {
    network = Network(model.architecture)
    weights = [:]
    for spec in model.architecture.tensors where !spec.isUnused {
      let name = spec.name, tensor = try model.tensor(spec.name)
      let raw = try tensor.asFloat32()
      weights[name] = raw.raw.withMemoryRebound(to: Float.self) { $0.map(Double.init) }
    }
  }

  func activate(_ x: Double, _ activation: Activation) -> Double {
    switch activation {
    case .none: x
    case .leaky(let slope): x > 0 ? x : x * Double(slope)
    case .cosine: x * cosine(x)
    }
  }

  func convolution(_ layer: ConvolutionLayer, _ x: Plane, residual: Plane? = nil) -> Plane {
    guard let weight = weights["\(layer.name).weight"], let bias = weights["\(layer.name).bias"] else { fatalError() }
    let side = layer.outputSide, k = layer.kernel
    var sums = [Double](repeating: 0, count: layer.outputChannels * side * side)
    sums.withUnsafeMutableBufferPointer { sums in
      x.values.withUnsafeBufferPointer { values in
        for o in 0..<layer.outputChannels {
          for i in 0..<layer.inputChannels {
            for tap in 0..<k * k {
              let w = weight[(o * layer.inputChannels + i) * k * k + tap]
              let dy = tap / k - layer.padding, dx = tap % k - layer.padding
              for y in 0..<side where (0..<x.side).contains(y * layer.stride + dy) {
                let line = (i * x.side + y * layer.stride + dy) * x.side + dx, out = (o * side + y) * side
                for column in 0..<side where column * layer.stride + dx >= 0 && column * layer.stride + dx < x.side {
                  sums[out + column] += w * values[line + column * layer.stride]
                }
              }
            }
          }
        }
      }
    }
    for i in sums.indices {
      sums[i] = activate(sums[i] + bias[i / (side * side)] + (residual?.values[i] ?? 0), layer.activation)
    }
    let result = Plane(channels: layer.outputChannels, side: side, values: sums)
    return layer.depthToSpace ? shuffled(result) { c, dy, dx in c * 4 + dy * 2 + dx } : result
  }

  /// Channel `source(c, dy, dx)` is channel c of the pixel (2y + dy, 2x + dx).
  func shuffled(_ x: Plane, _ source: (Int, Int, Int) -> Int) -> Plane {
    let c = x.channels / 4, side = x.side * 2
    var values = [Double](repeating: 0, count: c * side * side)
    for o in 0..<c {
      for y in 0..<side {
        for xx in 0..<side {
          values[(o * side + y) * side + xx] =
            x.values[(source(o, y % 2, xx % 2) * x.side + y / 2) * x.side + xx / 2]
        }
      }
    }
    return Plane(channels: c, side: side, values: values)
  }

  func dense(_ name: String, _ x: [Double]) -> [Double] {
    guard let weight = weights["\(name).weight"], let bias = weights["\(name).bias"] else { fatalError() }
    return bias.indices.map { o in
      bias[o] + x.indices.reduce(0) { $0 + weight[o * x.count + $1] * x[$1] }
    }
  }

  func encode(_ image: Plane) -> [Double] {
    var x = image
    for step in network.encoder {
      switch step {
      case .convolution(let layer): x = convolution(layer, x)
      case .residual(let first, let second): x = convolution(second, convolution(first, x), residual: x)
      }
    }
    guard network.architecture.pixelNorm else { return x.values }
    let mean = x.values.reduce(0) { $0 + $1 * $1 } / Double(x.values.count)
    return x.values.map { $0 / (mean + 1e-6).squareRoot() }
  }

  func latent(_ index: Int, _ code: [Double]) -> Plane {
    let inter = network.inters[index], side = network.architecture.latentSide
    let values = dense(inter.dense2, dense(inter.dense1, code))
    let x = Plane(channels: values.count / (side * side), side: side, values: values)
    return inter.upscale.map { convolution($0, x) } ?? x
  }

  func picture(_ index: Int, _ code: Plane) -> Plane {
    let decoder = network.decoders[index]
    var x = code
    for stage in decoder.rgb {
      x = convolution(stage.upscale, x)
      x = convolution(stage.second, convolution(stage.first, x), residual: x)
    }
    if decoder.heads.count == 4 {
      let heads = decoder.heads.map { convolution($0, x) }
      x = shuffled(Plane(channels: 12, side: heads[0].side, values: heads.flatMap(\.values))) { c, dy, dx in
        (dy * 2 + dx) * 3 + c
      }
    } else {
      x = convolution(decoder.heads[0], x)
    }
    return Plane(channels: 3, side: x.side, values: x.values.map { 1 / (1 + exponential(-$0)) })
  }

  func mask(_ index: Int, _ code: Plane) -> Plane {
    let decoder = network.decoders[index]
    let x = convolution(decoder.maskHead, decoder.mask.reduce(code) { convolution($1, $0) })
    return Plane(channels: 1, side: x.side, values: x.values.map { 1 / (1 + exponential(-$0)) })
  }

  func concatenated(_ a: Plane, _ b: Plane) -> Plane {
    Plane(channels: a.channels + b.channels, side: a.side, values: a.values + b.values)
  }
}
