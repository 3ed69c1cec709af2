// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeKernels
import LiaeSystem
import LiaeTensor

extension PackedConvolution {
  /// Packs the taps of a plain sum.
  static func packDirect(
    _ layer: ConvolutionLayer, weights: TensorView, width: Int, pool: ThreadPool,
    into packed: UnsafeMutablePointer<Float>, output: [Int32], phaseChannels: Int, blockVectors: Int, weightRows: Int
  ) throws(LiaeError) {
    let (input, added) = inputTables(layer, width, phaseChannels)
    let source = try weights.alignedFloats()
    // The job holds a bare pointer into `source`.
    defer { withExtendedLifetime(source) {} }
    var job = DirectPackJob(
      weights: UnsafePointer(source.base.assumingMemoryBound(to: Float.self)), inputs: layer.inputChannels,
      taps: layer.kernel * layer.kernel, width: width, blockVectors: blockVectors, weightRows: weightRows,
      input: input, added: added, output: output, rows: directRows(layer, width), packed: packed)
    withUnsafeMutablePointer(to: &job) { job in
      pool.run(output.count / width, UnsafeMutableRawPointer(job)) { raw, vector, _ in
        raw.assumingMemoryBound(to: DirectPackJob.self).pointee.pack(vector: vector)
      }
    }
  }

  /// For each packed input channel the channel it is, and one that is added to it; -1 for none.
  static func inputTables(_ layer: ConvolutionLayer, _ width: Int, _ count: Int)
    -> (input: [Int32], added: [Int32])
  {
    var input = [Int32](repeating: -1, count: count), added = input
    if layer.source == .halves {
      let half = layer.inputChannels / 2
      for c in 0..<half {
        (input[c], added[c]) = (Int32(c), Int32(half + c))
        input[roundUp(half, width) + c] = Int32(half + c)
      }
    } else {
      var (channel, place) = (0, 0)
      for part in layer.inputParts {
        for c in 0..<part { input[place + c] = Int32(channel + c) }
        (channel, place) = (channel + part, place + roundUp(part, width))
      }
    }
    return (input, added)
  }

  /// One k of a direct convolution: the tap and the packed channel.
  struct DirectRow { let tap, channel: Int32 }

  /// Packed channels in the order in which the spans of `DirectSpans` visit them.
  private static func directRows(_ layer: ConvolutionLayer, _ width: Int) -> [DirectRow] {
    var rows: [DirectRow] = []
    for run in DirectSpans.visit(layer, width) {
      for i in 0..<run.length {
        // A run of the interleaved input crosses the taps of one row of the kernel.
        let tap = layer.source == .picture ? run.tap + i / layer.inputChannels : run.tap
        let channel = layer.source == .picture ? i % layer.inputChannels : run.channel + i
        rows.append(DirectRow(tap: Int32(tap), channel: Int32(channel)))
      }
    }
    return rows
  }
}

/// Packs one vector of output channels at a time.
private struct DirectPackJob {
  /// (out, in, kernel, kernel)
  let weights: UnsafePointer<Float>
  let inputs, taps, width, blockVectors, weightRows: Int
  let input, added, output: [Int32]
  let rows: [PackedConvolution.DirectRow]
  let packed: UnsafeMutablePointer<Float>

  func pack(vector: Int) {
    let n = blockVectors * width
    let base = packed + vector / blockVectors * weightRows * n + vector % blockVectors * width
    for lane in 0..<width where output[vector * width + lane] >= 0 {
      let out = weights + Int(output[vector * width + lane]) * inputs * taps
      for (k, row) in rows.enumerated() {
        let (channel, tap) = (Int(row.channel), Int(row.tap))
        guard input[channel] >= 0 else { continue }
        var value = out[Int(input[channel]) * taps + tap]
        if added[channel] >= 0 { value += out[Int(added[channel]) * taps + tap] }
        base[k * n + lane] = value
      }
    }
  }
}
