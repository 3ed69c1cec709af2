// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

extension Losses {
  /// mean((target * factor - prediction * factor)^2) over pixels and channels; the factor has one channel.
  package func squaredError(
    _ prediction: Tensor, _ target: Tensor, factor: Tensor? = nil, weight: Double, into values: inout [Double]
  ) throws(LiaeError) {
    try error(prediction, target, factor, weight, &values, value: { $0 * $0 }, derivative: { 2 * $0 })
  }

  /// mean(|target * factor - prediction * factor|) over pixels and channels; the derivative at 0 is 0.
  package func absoluteError(
    _ prediction: Tensor, _ target: Tensor, factor: Tensor? = nil, weight: Double, into values: inout [Double]
  ) throws(LiaeError) {
    try error(
      prediction, target, factor, weight, &values, value: { abs($0) }, derivative: { $0 > 0 ? 1 : $0 < 0 ? -1 : 0 })
  }

  @inline(__always)
  private func error(
    _ prediction: Tensor, _ target: Tensor, _ factor: Tensor?, _ weight: Double, _ values: inout [Double],
    value: (Float) -> Float, derivative: (Float) -> Float
  ) throws(LiaeError) {
    Self.check(prediction, target, factor, values: values)
    let gradient = try prediction.gradient()
    let (width, channels) = (prediction.width, prediction.channels)
    let row = width * channels
    let scale = weight / Double(prediction.stride)
    let gradientScale = Float(scale)
    sum(prediction.count, height: prediction.height, scale: scale, into: &values) { sample, from, to in
      var total = 0.0
      for y in from..<to {
        let start = sample &* prediction.stride &+ y &* row
        let (p, t, g) = (prediction.value + start, target.value + start, gradient + start)
        var rowSum: Float = 0
        if let factor {
          let f = factor.value + (sample &* prediction.height &+ y) &* width
          var i = 0
          for x in 0..<width {
            let f = f[x]
            for _ in 0..<channels {
              let difference = p[i] * f - t[i] * f
              rowSum += value(difference)
              g[i] += gradientScale * f * derivative(difference)
              i &+= 1
            }
          }
        } else {
          for i in 0..<row {
            let difference = p[i] - t[i]
            rowSum += value(difference)
            g[i] += gradientScale * derivative(difference)
          }
        }
        total += Double(rowSum)
      }
      return total
    }
  }

  /// Cross entropy of logits with a label of 0 or 1, mean over pixels and channels:
  /// max(x, 0) - x * label + log(1 + exp(-|x|)).
  package func logistic(_ logits: Tensor, label: Float, weight: Double, into values: inout [Double])
    throws(LiaeError)
  {
    try logistic(logits, weight, &values) { _ in label }
  }

  /// The same with a label for each value, 0...1.
  package func logistic(_ logits: Tensor, labels: Tensor, weight: Double, into values: inout [Double])
    throws(LiaeError)
  {
    Self.check(logits, labels, values: values)
    try logistic(logits, weight, &values) { labels.value[$0] }
  }

  @inline(__always)
  private func logistic(_ logits: Tensor, _ weight: Double, _ values: inout [Double], label: (Int) -> Float)
    throws(LiaeError)
  {
    Self.check(logits, values: values)
    let gradient = try logits.gradient()
    let row = logits.width * logits.channels
    let scale = weight / Double(logits.stride)
    sum(logits.count, height: logits.height, scale: scale, into: &values) { sample, from, to in
      var total = 0.0
      for i in sample * logits.stride + from * row..<sample * logits.stride + to * row {
        let (x, label) = (logits.value[i], label(i))
        let e = Math.exp(-abs(x))
        total += Double(max(x, 0) - x * label + Math.log1p(e))
        // The sigmoid, without overflow on either side.
        gradient[i] += Float(scale) * ((x < 0 ? e : 1) / (1 + e) - label)
      }
      return total
    }
  }

  /// The neighbours that `totalVariation` compares.
  package enum Variation: Sendable {
    /// Neighbours in a row and neighbours in a column.
    case rowsAndColumns
    /// The channels of a pixel and the pixels of a column: DeepFaceLab's sum over the axes 1 and 2 where the axes are
    /// (sample, channel, row, column).
    case channelsAndColumns
  }

  /// The sum of squared differences of neighbours.
  package func totalVariation(
    _ prediction: Tensor, along variation: Variation = .rowsAndColumns, weight: Double, into values: inout [Double]
  ) throws(LiaeError) {
    Self.check(prediction, values: values)
    let gradient = try prediction.gradient()
    let (height, channels) = (prediction.height, prediction.channels)
    let row = prediction.width * channels
    let scale = Float(2 * weight)
    sum(prediction.count, height: height, scale: weight, into: &values) { sample, from, to in
      var total = 0.0
      for y in from..<to {
        let start = sample * prediction.stride + y * row
        let (p, g) = (prediction.value + start, gradient + start)
        for i in 0..<row {
          // The neighbours within the row: how far they are, and whether there is one before and one behind.
          let (step, isBehind, isBefore) =
            switch variation {
            case .rowsAndColumns: (channels, i >= channels, i < row - channels)
            case .channelsAndColumns: (1, i % channels > 0, i % channels < channels - 1)
            }
          // An element's own derivative is gathered from its four neighbours; the value counts those behind it.
          var slope: Float = 0
          if isBehind { slope += p[i] - p[i - step] }
          if y > 0 { slope += p[i] - p[i - row] }
          if isBefore {
            let d = p[i + step] - p[i]
            slope -= d
            total += Double(d * d)
          }
          if y < height - 1 {
            let d = p[i + row] - p[i]
            slope -= d
            total += Double(d * d)
          }
          g[i] += scale * slope
        }
      }
      return total
    }
  }
}
