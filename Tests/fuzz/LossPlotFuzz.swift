// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeTrainingSession

/// A picture of losses that are any numbers: the first eight bytes are the iteration, the others floats of both sides in
/// turn.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzLossPlot(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  fuzz(data, count) { (bytes) throws(LiaeError) in
    guard bytes.count >= 8 else { return }
    let iteration = bytes.raw.loadUnaligned(as: Int.self)
    let floats = stride(from: 8, through: bytes.count - 4, by: 4).map {
      bytes.raw.loadUnaligned(fromByteOffset: $0, as: Float.self)
    }
    let sides = [0, 1].map { side in stride(from: side, to: floats.count, by: 2).map { floats[$0] } }
    let history = LossHistory(source: sides[0], destination: sides[1], upTo: iteration)
    _ = try LossPlot(title: "input", history: history).picture()
  }
}
