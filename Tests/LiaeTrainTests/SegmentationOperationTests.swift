// SPDX-License-Identifier: Apache-2.0
import LiaeDispatch
import LiaeSystem
import LiaeTestSupport
import LiaeTrain
import Testing

/// The tape's operations of XSeg against what DeepFaceLab's gave.
@Suite(.golden("networks/xseg_layers.npz")) struct SegmentationLayerTests {
  private let engine: Engine
  private let golden: [String: NPYArray]

  init() throws {
    engine = try Engine(workers: 2)
    golden = try GoldenSet.chosen.arrays("networks/xseg_layers")
  }

  private func parameter(_ key: String) throws -> Parameter {
    let array = try #require(golden["w/\(key):0"], "\(key)")
    let parameter = try Parameter(name: key, shape: array.shape)
    parameter.setValues(array.values)
    return parameter
  }

  private func isClose(_ tensor: Tensor, _ name: String) throws -> Bool {
    let wanted = try #require(golden[name]).values
    return wanted.count == tensor.elements && zip(tensor.values, wanted).allSatisfy { abs($0 - $1) <= 2e-6 }
  }

  private var x: Tensor { get throws { try Golden.tensor(engine, golden["x"], dividedBy: 1) } }

  /// The norm with a threshold that nothing is below, and, of its result, the threshold alone by a norm that changes
  /// nothing but where it cuts.
  @Test func responseNorm() throws {
    let tau = try parameter("tlu/tau"), never = try Parameter(name: "never", shape: [3])
    for i in 0..<3 { never.value[i] = -1e30 }
    let (weight, bias, epsilon) = (try parameter("frn/weight"), try parameter("frn/bias"), try parameter("frn/eps"))
    let plain = try Tape(engine).responseNorm(
      x, ResponseNormParameters(weight: weight, bias: bias, epsilon: epsilon, tau: never))
    #expect(try isClose(plain, "frn_out"))
    // DeepFaceLab's threshold was applied to x itself.
    let cut = try #require(golden["tlu_out"]).values
    #expect(cut == (try x).values.enumerated().map { max($1, tau.value[$0 % 3]) })
    let y = try Tape(engine).responseNorm(
      x, ResponseNormParameters(weight: weight, bias: bias, epsilon: epsilon, tau: tau))
    #expect(y.values == plain.values.enumerated().map { max($1, tau.value[$0 % 3]) })
  }

  @Test(arguments: [2, 3, 4]) func blurPool(size: Int) throws {
    #expect(try isClose(try Tape(engine).blurPool(x, size: size), "blurpool\(size)_out"))
  }

  @Test func transposedConvolution() throws {
    let y = try Tape(engine).transposedConvolution(
      x, weight: parameter("up/weight"), bias: parameter("up/bias"), kernel: 3, stride: 2, slope: 1)
    #expect(try isClose(y, "convtranspose_out"))
  }
}

/// Derivatives of the operations by their inputs against central differences, for channels that fill vectors and do not.
@Suite struct SegmentationDerivativeTests {
  private static let shapes = [(side: 4, channels: 1), (6, 3), (6, 8), (4, 16), (10, 24), (8, 33)]

  private func random(_ engine: Engine, side: Int, channels: Int) throws -> Tensor {
    var generator = SplitMix64(state: 5)
    let x = try Tensor(engine, count: 2, height: side, width: side, channels: channels)
    for i in 0..<x.elements { x.value[i] = 2 * generator.uniform() - 1 }
    return x
  }

  /// The derivative of a weighted sum of what `operation` makes of x, and how far it is from differences in double.
  private func check(
    _ engine: Engine, _ x: Tensor, _ operation: (Tape) throws -> Tensor, _ reference: ([Double]) -> [Double]
  ) throws {
    let tape = Tape(engine)
    let y = try operation(tape)
    let start = x.values.map(Double.init), expected = reference(start)
    try #require(y.elements == expected.count)
    for (own, wanted) in zip(y.values, expected) { #expect(abs(Double(own) - wanted) <= 3e-6) }
    let factors = (0..<y.elements).map { Double($0 * 7 % 13) - 6 }
    let d = try y.gradient()
    for i in factors.indices { d[i] = Float(factors[i]) }
    try tape.backward()
    let gradient = try x.gradients
    let scale = gradient.map { Double(abs($0)) }.max() ?? 0
    for i in stride(from: 0, to: start.count, by: max(1, start.count / 97)) {
      func moved(_ step: Double) -> Double {
        var x = start
        x[i] += step
        return zip(reference(x), factors).reduce(0) { $0 + $1.0 * $1.1 }
      }
      let measured = (moved(1e-6) - moved(-1e-6)) / 2e-6
      let own = Double(gradient[i])
      #expect(abs(measured - own) <= 2e-5 * scale, "element \(i): \(own), measured \(measured)")
    }
  }

  @Test(arguments: shapes.indices, InstructionSet.supported) func responseNorm(shape: Int, set: InstructionSet) throws {
    let (side, channels) = Self.shapes[shape]
    let engine = try Engine(workers: 2, instructionSet: set)
    let x = try random(engine, side: side, channels: channels)
    func parameter(_ count: Int, _ value: (Int) -> Float) throws -> Parameter {
      let parameter = try Parameter(name: "p", shape: [count])
      for i in 0..<count { parameter.value[i] = value(i) }
      return parameter
    }
    let weight = try parameter(channels) { 0.5 + Float($0 % 5) / 4 },
      bias = try parameter(channels) { Float($0 % 3) / 4 }
    let tau = try parameter(channels) { -Float($0 % 4) / 5 }, epsilon = try parameter(1) { _ in -0.07 }
    func reference(
      _ x: [Double], weight: [Double], bias: [Double], epsilon: Double, tau: [Double]
    ) -> [Double] {
      var y = x
      let pixels = side * side
      for n in 0..<2 {
        for c in 0..<channels {
          let places = (0..<pixels).map { (n * pixels + $0) * channels + c }
          let mean = places.reduce(0) { $0 + x[$1] * x[$1] } / Double(pixels)
          for i in places { y[i] = max(x[i] / (mean + abs(epsilon)).squareRoot() * weight[c] + bias[c], tau[c]) }
        }
      }
      return y
    }
    func values(_ p: Parameter) -> [Double] { p.values.map(Double.init) }
    let (w, b, t, e) = (values(weight), values(bias), values(tau), Double(epsilon.value[0]))
    try check(
      engine, x,
      { try $0.responseNorm(x, ResponseNormParameters(weight: weight, bias: bias, epsilon: epsilon, tau: tau)) },
      { reference($0, weight: w, bias: b, epsilon: e, tau: t) })
    // The parameters' derivatives of the same sum.
    let start = x.values.map(Double.init), factors = (0..<x.elements).map { Double($0 * 7 % 13) - 6 }
    func measured(_ move: (Double) -> [Double]) -> Double {
      let (up, down) = (move(1e-6), move(-1e-6))
      return zip(up.indices, factors).reduce(0) { $0 + (up[$1.0] - down[$1.0]) * $1.1 } / 2e-6
    }
    func shifted(_ values: [Double], _ c: Int, _ step: Double) -> [Double] {
      values.enumerated().map { $0 == c ? $1 + step : $1 }
    }
    let c = channels / 2
    let found = [
      (weight.gradients[c], measured { reference(start, weight: shifted(w, c, $0), bias: b, epsilon: e, tau: t) }),
      (bias.gradients[c], measured { reference(start, weight: w, bias: shifted(b, c, $0), epsilon: e, tau: t) }),
      (tau.gradients[c], measured { reference(start, weight: w, bias: b, epsilon: e, tau: shifted(t, c, $0)) }),
      (epsilon.gradients[0], measured { reference(start, weight: w, bias: b, epsilon: e + $0, tau: t) }),
    ]
    for (i, (own, wanted)) in found.enumerated() {
      #expect(abs(Double(own) - wanted) <= 2e-5 * max(50, abs(wanted)), "parameter \(i): \(own), measured \(wanted)")
    }
  }

  @Test(arguments: shapes.indices, 2...4) func blurPool(shape: Int, size: Int) throws {
    let (side, channels) = Self.shapes[shape]
    let engine = try Engine(workers: 2)
    let x = try random(engine, side: side, channels: channels)
    let row: [Double] = [2: [1, 1], 3: [1, 2, 1], 4: [1, 3, 3, 1]][size] ?? []
    let sum = row.reduce(0, +), half = side / 2, before = (size - 1) / 2
    try check(engine, x, { try $0.blurPool(x, size: size) }) { x in
      (0..<2 * half * half * channels).map { index in
        let (n, y, column, c) = (
          index / (half * half * channels), index / (half * channels) % half, index / channels % half, index % channels
        )
        var result = 0.0
        for i in 0..<size {
          for j in 0..<size {
            let (r, k) = (2 * y + i - before, 2 * column + j - before)
            guard (0..<side).contains(r), (0..<side).contains(k) else { continue }
            result += x[((n * side + r) * side + k) * channels + c] * row[i] * row[j] / (sum * sum)
          }
        }
        return result
      }
    }
  }
}
