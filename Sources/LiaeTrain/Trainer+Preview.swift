// SPDX-License-Identifier: Apache-2.0
import LiaeSamples
import LiaeSystem

/// The results of the network for some faces: float32 (count, resolution, resolution, 3 or 1), 0...1.
package struct Preview: Sendable {
  /// Reconstructions of both sides, and the destination with the source's face. Where the heads read without padding
  /// the pictures are smaller than the masks, and have a border of zeros.
  package let source, destination, swap: Bytes
  package let sourceMask, destinationMask, swapMask: Bytes
  /// Morphs of amp: the destination with part of the source's face, at the values that DeepFaceLab shows, ascending;
  /// the swap is that of 1. None in other families.
  package let morphs: [(morph: Float, picture: Bytes)]
}

extension Trainer {
  /// - Throws: `invalidArgument` where the batches do not fit, `outOfMemory`, `cancelled`.
  package func preview(source: FaceBatch, destination: FaceBatch) throws(LiaeError) -> Preview {
    try check(source, destination)
    return try cancellable { () throws(LiaeError) in
      let tape = Tape(engine, isRecording: false)
      let pass = try forward(source, destination, on: tape)
      guard let code = pass.codes.swap else { throw LiaeError(.internalError, "a preview without a code of the swap") }
      let swap = try network.evaluate("swap.rgb", given: ["swap.code": code], on: tape)
      let swapMask = try network.evaluate("swap.mask", given: ["swap.code": code], on: tape)
      var morphs: [(morph: Float, picture: Bytes)] = []
      for morph in isAMP ? Self.shownMorphs : [] {
        let mixed = try morphed(code, pass.codes.destination, morph: morph, on: tape)
        let picture = try network.evaluate("morph.rgb", given: ["morph.code": mixed], on: tape)
        morphs.append((morph, try copied(picture)))
      }
      return Preview(
        source: try copied(pass.source), destination: try copied(pass.destination), swap: try copied(swap),
        sourceMask: try copied(pass.sourceMask), destinationMask: try copied(pass.destinationMask),
        swapMask: try copied(swapMask), morphs: morphs)
    }
  }

  /// The values at which DeepFaceLab's AMP previews morphs, besides 1.
  private static let shownMorphs: [Float] = [0.25, 0.5, 0.65, 0.75]

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
