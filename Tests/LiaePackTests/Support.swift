// SPDX-License-Identifier: Apache-2.0
import Foundation
import LiaeDispatch
import LiaeGraph
import LiaePack
import LiaeRuntime
import LiaeSystem
import LiaeTensor
import LiaeTestSupport

/// Small networks of every kind that packs differently.
let architectures = [
  Architecture(options: "ud", resolution: 64, eDims: 4, aeDims: 6, dDims: 4, dMaskDims: 3),
  Architecture(flavour: .torch, options: "udt", resolution: 64, eDims: 4, aeDims: 6, dDims: 4, dMaskDims: 3),
  Architecture(family: .df, resolution: 64, eDims: 4, aeDims: 6, dDims: 4, dMaskDims: 3),
  Architecture(family: .amp, resolution: 64, eDims: 4, aeDims: 6, dDims: 4, dMaskDims: 3, interDims: 7),
  .xseg(resolution: 64, baseDims: 3),
]

extension PlanOptions {
  init(_ convolution: Convolution, on set: InstructionSet? = nil) {
    self.init()
    (self.convolution, instructionSet) = (convolution, set)
  }
}

/// All that a run of a plan returns for one picture of a seed: the swap, and a morph where the model can; or the mask.
func outputs(_ plan: Plan, seed: UInt64 = 3) throws -> [Float] {
  let modes: [RunMode] = [plan.segments ? .segment : .swap] + (plan.graph.canMorph ? [.morph(0.4)] : [])
  return try modes.flatMap { try outputs(plan, $0, seed: seed) }
}

private func outputs(_ plan: Plan, _ mode: RunMode, seed: UInt64) throws -> [Float] {
  let context = try Context(plan: plan)
  let (side, rgbSide) = (plan.architecture.resolution, plan.architecture.rgbSide)
  var random = SplitMix64(state: seed)
  let input = (0..<side * side * 3).map { _ in random.uniform() }
  var (rgb, mask, destinationMask) = (
    [Float](repeating: 0, count: max(1, rgbSide * rgbSide * 3)), [Float](repeating: 0, count: side * side),
    [Float](repeating: 0, count: side * side)
  )
  try input.withUnsafeBytes { input in
    try rgb.withUnsafeMutableBytes { rgb in
      try mask.withUnsafeMutableBytes { mask in
        try destinationMask.withUnsafeMutableBytes { destinationMask in
          guard let i = input.baseAddress, let r = rgb.baseAddress, let m = mask.baseAddress,
            let d = destinationMask.baseAddress
          else { return }
          let swaps = mode != .segment
          try context.run(
            mode, ImageView(base: i, width: side, height: side, stride: side * 12, format: .bgrFloat),
            rgb: swaps
              ? MutableImageView(base: r, width: rgbSide, height: rgbSide, stride: rgbSide * 12, format: .bgrFloat)
              : nil,
            mask: MutableImageView(base: m, width: side, height: side, stride: side * 4, format: .grayFloat),
            destinationMask: swaps
              ? MutableImageView(base: d, width: side, height: side, stride: side * 4, format: .grayFloat) : nil)
        }
      }
    }
  }
  return rgb + mask + destinationMask
}

/// The status of what `body` throws, or nil.
func status(_ body: () throws(LiaeError) -> Void) -> Status? {
  do throws(LiaeError) { try body() } catch { return error.status }
  return nil
}

func fileBytes(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))) }
func write(_ bytes: [UInt8], to path: String) throws { try Data(bytes).write(to: URL(fileURLWithPath: path)) }

extension Model {
  /// The same network with one weight changed, in the middle of a tensor's first sampled piece.
  func changed() throws -> Model {
    let name = "encoder.down1.downs.0.conv1.bias"
    let old = try tensor(tensors.names.contains(name) ? name : tensors.names[1])
    let values = try Bytes.copy(old.raw)
    values.base.storeBytes(of: old[0] + 1, as: Float.self)
    var all = tensors
    all[tensors.names.contains(name) ? name : tensors.names[1]] = try TensorView(
      dtype: .float32, shape: old.shape, storage: values)
    return try Model(architecture: architecture, info: info, tensors: all)
  }
}
