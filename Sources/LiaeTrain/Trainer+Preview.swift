// SPDX-License-Identifier: Apache-2.0
import LiaeSamples
import LiaeSystem

/// What the network makes of some faces: float32 (count, resolution, resolution, 3 or 1), 0...1.
package struct Preview: Sendable {
  /// Reconstructions of both sides, and the destination with the source's face. Where the heads read without padding
  /// the pictures are smaller than the masks, and have a border of zeros.
  package let source, destination, swap: Bytes
  package let sourceMask, destinationMask, swapMask: Bytes
}

extension Trainer {
  /// - Throws: `invalidArgument` where the batches do not fit, `outOfMemory`, `cancelled`.
  package func preview(source: FaceBatch, destination: FaceBatch) throws(LiaeError) -> Preview {
    try check(source, destination)
    return try cancellable { () throws(LiaeError) in
      let tape = Tape(engine, isRecording: false)
      let run = try forward(source, destination, on: tape)
      let swap = try network.evaluate("swap.rgb", given: ["swap.code": run.swapCode], on: tape)
      let swapMask = try network.evaluate("swap.mask", given: ["swap.code": run.swapCode], on: tape)
      return Preview(
        source: try copied(run.source), destination: try copied(run.destination), swap: try copied(swap),
        sourceMask: try copied(run.sourceMask), destinationMask: try copied(run.destinationMask),
        swapMask: try copied(swapMask))
    }
  }

  private func copied(_ x: Tensor) throws(LiaeError) -> Bytes {
    let side = architecture.resolution, border = (side - x.height) / 2, row = x.width * x.channels
    let bytes = try Bytes.allocate(x.count * side * side * x.channels * 4, for: "a preview")
    let out = bytes.base.assumingMemoryBound(to: Float.self)
    for line in 0..<x.count * x.height {
      let to = ((line / x.height * side + line % x.height + border) * side + border) * x.channels
      (out + to).update(from: x.value + line * row, count: row)
    }
    return bytes
  }
}
