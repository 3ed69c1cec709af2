// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeTestSupport
import LiaeTrain
import Testing

/// The tape's operations against what DeepFaceLab's gave, above all in the order of channels.
@Suite(.golden("losses/leras_ops.npz")) struct OperationGoldenTests {
  private let engine: Engine
  private let golden: [String: NPYArray]

  init() throws {
    engine = try Engine(workers: 2)
    golden = try GoldenSet.chosen.arrays("losses/leras_ops")
  }

  private func input(_ name: String) throws -> Tensor { try Golden.tensor(engine, golden[name], dividedBy: 1) }
  private func parameter(_ name: String, _ values: [Float], _ shape: [Int], groups: Int = 1) throws -> Parameter {
    let parameter = try Parameter(name: name, shape: shape, groups: groups)
    parameter.setValues(values)
    return parameter
  }
  private func isClose(_ tensor: Tensor, _ name: String, _ tolerance: Float) throws -> Bool {
    let wanted = try #require(golden[name]).values
    return wanted.count == tensor.elements && zip(tensor.values, wanted).allSatisfy { abs($0 - $1) <= tolerance }
  }

  @Test func shapes() throws {
    let tape = Tape(engine)
    let flat = try tape.flatten(try input("flatten_in"))
    #expect(try isClose(flat, "flatten_out", 0))
    #expect(try isClose(try tape.pixelNorm(flat), "pixelnorm_out", 2e-6))
    let code = try #require(golden["reshape4D_in"]), side = try #require(golden["reshape4D_out"]).shape[1]
    let x = try Tensor(engine, count: code.shape[0], channels: code.shape[1])
    x.value.update(from: code.values, count: x.elements)
    #expect(try isClose(try tape.unflatten(x, side: side), "reshape4D_out", 0))
  }

  @Test func strideOfTwo() throws {
    let weight = try #require(golden["conv5s2_w_hwio"]), bias = try #require(golden["conv5s2_b"])
    let y = try Tape(engine).convolution(
      try input("conv5s2_in"), weight: parameter("weight", weight.values, weight.shape),
      bias: parameter("bias", bias.values, bias.shape), kernel: weight.shape[0], stride: 2,
      padding: .same(before: weight.shape[0] / 2))
    #expect(try isClose(y, "conv5s2_out", 2e-5))
  }

  @Test func depthToSpaceAlone() throws {
    let x = try input("d2s_in")
    #expect(try isClose(try Tape(engine).depthToSpace(x), "d2s_out", 0))
  }

  /// A convolution that changes nothing shows where depth-to-space puts channels: one of 1x1, and one of 3x3 by Winograd.
  @Test(arguments: [1, 3]) func depthToSpace(kernel: Int) throws {
    let x = try input("d2s_in")
    let c = x.channels, middle = kernel * kernel / 2
    var identity = [Float](repeating: 0, count: kernel * kernel * c * c)
    for i in 0..<c { identity[(middle * c + i) * c + i] = 1 }
    let y = try Tape(engine).convolution(
      x, weight: parameter("weight", identity, [kernel, kernel, c, c], groups: 4), bias: nil, kernel: kernel,
      padding: .same(before: kernel / 2), depthToSpace: true)
    #expect(try isClose(y, "d2s_out", kernel == 1 ? 0 : 1e-5))
  }
}
