// SPDX-License-Identifier: Apache-2.0
import LiaeConvolution
import LiaeSystem
import LiaeTensor

/// The weights of a filter response norm with its threshold, channels padded to whole vectors. Immutable.
final class PackedResponseNorm: Sendable {
  let block: String
  let channels, width: Int
  private let storage: Bytes

  /// [block of W channels][W], zero for padded channels.
  var weight: UnsafePointer<Float> { UnsafePointer(storage.base.assumingMemoryBound(to: Float.self)) }
  var bias: UnsafePointer<Float> { weight + padded }
  var threshold: UnsafePointer<Float> { weight + 2 * padded }
  /// The absolute value of the stored epsilon.
  var epsilon: Double { Double(weight[3 * padded]) }
  var bytes: Int { storage.count }
  private var padded: Int { roundUp(channels, width) }

  /// - Parameter tensor: the tensor `BLOCK.NAME`; asked for only where the store has to be filled.
  init(
    _ block: String, channels: Int, width: Int, store: WeightStore,
    tensor: (_ name: String) throws(LiaeError) -> TensorView
  ) throws(LiaeError) {
    (self.block, self.channels, self.width) = (block, channels, width)
    let padded = roundUp(channels, width)
    guard let floats = CheckedSize.product(padded, 3), let bytes = CheckedSize.product(floats + 16, 4) else {
      throw LiaeError(.outOfMemory, "out of memory: packed weights of \(block)")
    }
    storage = try store.take("\(block).frn.weight", bytes) { (base) throws(LiaeError) in
      let out = base.assumingMemoryBound(to: Float.self)
      for (place, name) in ["frn.weight", "frn.bias", "tlu.tau"].enumerated() {
        let values = try tensor(name)
        for c in 0..<channels { out[place * padded + c] = values[c] }
      }
      out[3 * padded] = abs(try tensor("frn.eps")[0])
    }
  }
}
