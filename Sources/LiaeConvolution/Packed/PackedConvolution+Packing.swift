// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeKernels
import LiaeSystem
import LiaeTensor

extension PackedConvolution {
  static func pack(
    _ layer: ConvolutionLayer, weights: TensorView, algorithm: ConvolutionAlgorithm,
    kernels: KernelTable, pool: ThreadPool, into packed: UnsafeMutablePointer<Float>, output: [Int32],
    phaseChannels: Int, phases: Int, blockVectors: Int, weightRows: Int, table: UnsafePointer<Int>
  ) throws(LiaeError) {
    let inputs = layer.inputChannels, width = kernels.width, vectors = output.count / width
    let (input, added) = inputTables(layer, width, phaseChannels)

    let source = try weights.alignedFloats()
    // The kernels hold bare pointers into `source`.
    defer { withExtendedLifetime(source) {} }
    var tileSize = 0
    if case .winograd(let chosen) = algorithm { tileSize = chosen }
    let g = tileSize == 0 ? [0] : WinogradTransform.weights(tileSize: tileSize)
    let directRows = algorithm == .direct ? Self.directRows(layer, width) : []
    input.withUnsafeBufferPointer { input in
      added.withUnsafeBufferPointer { added in
        output.withUnsafeBufferPointer { output in
          g.withUnsafeBufferPointer { g in
            directRows.withUnsafeBufferPointer { directRows in
              guard let input = input.baseAddress, let added = added.baseAddress, let output = output.baseAddress,
                let g = g.baseAddress
              else { return }
              var job = PackJob(
                parameters: PackParameters(
                  weights: UnsafePointer(source.base.assumingMemoryBound(to: Float.self)), inputChannels: inputs,
                  kernel: layer.kernel, tileSize: tileSize, phases: phases, phaseChannels: phaseChannels, input: input,
                  added: added, output: output, blockVectors: blockVectors, weightRows: weightRows, kLow: table,
                  kHigh: table + 64, weightOffset: table + 128, g: g, packed: packed),
                kernels: kernels, directRows: directRows)
              withUnsafeMutablePointer(to: &job) { job in
                pool.run(vectors, UnsafeMutableRawPointer(job)) { raw, vector, _ in
                  raw.assumingMemoryBound(to: PackJob.self).pointee.pack(vector: vector)
                }
              }
            }
          }
        }
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
private struct PackJob {
  var parameters: PackParameters
  let kernels: KernelTable
  let directRows: UnsafeBufferPointer<PackedConvolution.DirectRow>

  func pack(vector: Int) {
    withUnsafePointer(to: parameters) { p in
      if p.pointee.tileSize != 0 {
        withUnsafeTemporaryAllocation(byteCount: KernelTable.packScratchBytes, alignment: 128) { scratch in
          if let scratch = scratch.baseAddress { kernels.packWinograd(p, vector, scratch) }
        }
      } else {
        packDirect(p.pointee, vector)
      }
    }
  }

  private func packDirect(_ p: PackParameters, _ vector: Int) {
    let width = kernels.width, n = p.blockVectors * width
    let base = p.packed + vector / p.blockVectors * p.weightRows * n + vector % p.blockVectors * width
    for lane in 0..<width {
      let o = p.output[vector * width + lane]
      if o < 0 { continue }
      for (k, row) in directRows.enumerated() {
        base[k * n + lane] = Float(p.tap(o, Int(row.channel), Int(row.tap)))
      }
    }
  }
}
