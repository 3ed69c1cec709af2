// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

extension Losses {
  /// The distance of the means and deviations of each channel, both pictures multiplied by their factors and blurred:
  /// (sum of (difference of means)^2 + sum of (difference of deviations)^2) / channels, with deviation =
  /// sqrt(variance + 1e-5).
  ///
  /// - Parameter sigma: of the blur, pixels; nil for none.
  package func style(
    _ prediction: Tensor, factor: Tensor? = nil, _ style: Tensor, styleFactor: Tensor? = nil, sigma: Double?,
    weight: Double, into values: inout [Double]
  ) throws(LiaeError) {
    Self.check(prediction, style, factor, styleFactor, values: values)
    let content = try blurred(prediction, factor, sigma)
    let wanted = try blurred(style, styleFactor, sigma)
    let (count, channels, stride) = (prediction.count, prediction.channels, prediction.stride)
    let pixels = stride / channels
    let derivative = try constant(like: prediction)
    var sums = Array(repeating: 0.0, count: count)
    sums.withUnsafeMutableBufferPointer { sums in
      nonisolated(unsafe) let result = sums.baseAddress
      engine.parallel(count) { sample in
        let (x, s) = (content.value + sample * stride, wanted.value + sample * stride)
        let d = derivative.value + sample * stride
        var total = 0.0
        for channel in 0..<channels {
          let own = Moments(x + channel, pixels, channels), other = Moments(s + channel, pixels, channels)
          let means = own.mean - other.mean, deviations = own.deviation - other.deviation
          total += means * means + deviations * deviations
          // d mean / dx = 1 / n, d deviation / dx = (x - mean) / (n deviation).
          let scale = 2 * weight / Double(channels * pixels)
          let (offset, slope) = (Float(scale * means), Float(scale * deviations / own.deviation))
          let mean = Float(own.mean)
          for i in 0..<pixels {
            let i = i * channels + channel
            d[i] = offset + slope * (x[i] - mean)
          }
        }
        result?[sample] = total
      }
    }
    for sample in 0..<count { values[sample] += weight / Double(channels) * sums[sample] }

    let back: Tensor
    if let sigma {
      back = try constant(like: prediction)
      try blur(derivative, sigma: sigma, into: back)
    } else {
      back = derivative
    }
    try add(back.value, factor: factor, toGradientOf: prediction)
  }

  /// Adds derivative * factor to the prediction's; the factor has one channel.
  func add(_ derivative: UnsafePointer<Float>, factor: Tensor?, toGradientOf prediction: Tensor) throws(LiaeError) {
    let gradient = try prediction.gradient()
    let channels = prediction.channels
    bands(prediction.count, height: prediction.height) { sample, from, to in
      let row = prediction.width
      for pixel in (sample * prediction.height + from) * row..<(sample * prediction.height + to) * row {
        let f = factor?.value[pixel] ?? 1
        for i in pixel * channels..<(pixel + 1) * channels { gradient[i] += f * derivative[i] }
      }
    }
  }

  private struct Moments {
    let mean, deviation: Double
    init(_ x: UnsafePointer<Float>, _ pixels: Int, _ channels: Int) {
      var (sum, squares) = (0.0, 0.0)
      for i in 0..<pixels {
        let value = Double(x[i * channels])
        sum += value
        squares += value * value
      }
      mean = sum / Double(pixels)
      deviation = (max(0, squares / Double(pixels) - mean * mean) + 1e-5).squareRoot()
    }
  }

  private func blurred(_ picture: Tensor, _ factor: Tensor?, _ sigma: Double?) throws(LiaeError) -> Tensor {
    let product = try multiplied(picture, by: factor)
    guard let sigma else { return product }
    let result = try constant(like: picture)
    try blur(product, sigma: sigma, into: result)
    return result
  }

  /// picture * factor; the factor has one channel.
  func multiplied(_ picture: Tensor, by factor: Tensor?) throws(LiaeError) -> Tensor {
    guard factor != nil else { return picture }
    let product = try constant(like: picture)
    try multiply(picture, by: factor, into: product)
    return product
  }

  func multiply(_ picture: Tensor, by factor: Tensor?, into product: Tensor) throws(LiaeError) {
    let channels = picture.channels
    bands(picture.count, height: picture.height) { sample, from, to in
      let row = picture.width
      for pixel in (sample * picture.height + from) * row..<(sample * picture.height + to) * row {
        let f = factor?.value[pixel] ?? 1
        for i in pixel * channels..<(pixel + 1) * channels { product.value[i] = f * picture.value[i] }
      }
    }
  }
}
