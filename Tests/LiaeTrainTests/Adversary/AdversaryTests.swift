// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeTrain
import Testing

@Suite struct AdversaryTests {
  /// Strides that DeepFaceLab's search finds.
  @Test(arguments: [
    (3, [2]), (4, [2]), (8, [2, 2]), (10, [2, 1, 2]), (12, [2, 1, 2]), (16, [2, 2, 2]), (20, [2, 1, 2, 2]),
    (24, [2, 2, 1, 2]), (28, [2, 1, 2, 1, 2]), (32, [2, 2, 2, 2]), (36, [2, 1, 2, 2, 2]), (40, [2, 2, 1, 2, 2]),
    (48, [2, 2, 2, 1, 2]), (64, [2, 2, 2, 2, 2]), (80, [2, 2, 2, 1, 2, 2]),
  ])
  func strides(patch: Int, expected: [Int]) { #expect(PatchDiscriminator.strides(patch: patch) == expected) }

  /// Values by the definition, derivatives by central differences in Double.
  @Test(arguments: [(1, 1, 1), (1, 3, 4), (2, 3, 1), (2, 3, 4), (2, 4, 3), (2, 1, 2)])
  func transposedConvolution(stride: Int, kernel: Int, channels: Int) throws {
    let engine = try Engine(workers: 2)
    let (n, h, w, outputs) = (2, 3, 4, 2)
    var random = SplitMix64(state: 8)
    let x = try Tensor(engine, count: n, height: h, width: w, channels: channels)
    let weight = try Parameter(name: "weight", shape: [kernel, kernel, outputs, channels])
    let bias = try Parameter(name: "bias", shape: [outputs])
    for i in 0..<x.elements { x.value[i] = random.normal() }
    for i in 0..<weight.count { weight.value[i] = random.normal() }
    for i in 0..<outputs { bias.value[i] = random.normal() }
    let tape = Tape(engine)
    let y = try tape.transposedConvolution(
      x, weight: weight, bias: bias, kernel: kernel, stride: stride, slope: 0.2)
    #expect((y.height, y.width, y.channels) == (h * stride, w * stride, outputs))
    let direction = (0..<y.elements).map { _ in Double(random.normal()) }

    /// Each input pixel adds its kernel, cut at the borders as TensorFlow's SAME cuts it.
    func forward(_ x: [Double], _ k: [Double], _ b: [Double]) -> [Double] {
      let (H, W) = (h * stride, w * stride), before = max(0, kernel - stride) / 2
      var y = (0..<n * H * W * outputs).map { b[$0 % outputs] }
      for i in 0..<n {
        for row in 0..<h {
          for column in 0..<w {
            for ky in 0..<kernel {
              for kx in 0..<kernel {
                let (Y, X) = (row * stride + ky - before, column * stride + kx - before)
                guard (0..<H).contains(Y), (0..<W).contains(X) else { continue }
                for o in 0..<outputs {
                  for c in 0..<channels {
                    y[((i * H + Y) * W + X) * outputs + o] +=
                      x[((i * h + row) * w + column) * channels + c]
                      * k[((ky * kernel + kx) * outputs + o) * channels + c]
                  }
                }
              }
            }
          }
        }
      }
      return y.map { $0 > 0 ? $0 : 0.2 * $0 }
    }
    let values = [x.values, weight.values, bias.values].map { $0.map(Double.init) }
    let expected = forward(values[0], values[1], values[2])
    #expect(zip(y.values, expected).allSatisfy { abs(Double($0) - $1) < 1e-5 })

    let gradient = try y.gradient()
    for i in 0..<y.elements { gradient[i] = Float(direction[i]) }
    try tape.backward()
    let gradients = [try x.gradients, weight.gradients, bias.gradients]
    for (which, own) in gradients.enumerated() {
      for i in 0..<own.count {
        func loss(_ change: Double) -> Double {
          var v = values
          v[which][i] += change
          return zip(forward(v[0], v[1], v[2]), direction).reduce(0) { $0 + $1.0 * $1.1 }
        }
        let wanted = (loss(1e-6) - loss(-1e-6)) / 2e-6
        #expect(abs(Double(own[i]) - wanted) < 1e-4 * max(1, abs(wanted)), "input \(which), element \(i)")
      }
    }
  }
}
