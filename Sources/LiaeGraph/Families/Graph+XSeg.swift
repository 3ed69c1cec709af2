// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

extension Graph {
  /// XSeg: a U-Net of six levels with two dense layers at its bottom, whose one output is `segment.mask`.
  ///
  /// Every convolution but the last is followed by a filter response norm with its threshold. The value `logits` is the
  /// mask before its sigmoid.
  ///
  /// Source: DeepFaceLab's XSeg; FORMATS 10.
  static func xseg(_ a: Architecture) throws(LiaeError) -> Graph {
    var graph = Graph()
    let b = a.baseDims
    /// The channels of each level, the number of its convolutions on the way down, and the size of the pool behind them.
    let levels = [(b, 2, 4), (2 * b, 2, 3), (4 * b, 2, 2), (8 * b, 3, 2), (8 * b, 3, 2), (8 * b, 3, 2)]

    graph.part = "encoder"
    var x = try graph.addInput(channels: 3, side: a.resolution)
    var skips: [Value] = []
    for (level, (channels, convolutions, pool)) in levels.enumerated() {
      for index in 1...convolutions { x = try graph.segmentationBlock("conv\(level)\(index)", channels, x) }
      skips.append(x)
      x = try graph.add(.blurPool(size: pool), [x], name: "pool\(level)")
      graph.mark("pool\(level)", x)
    }

    graph.part = "latent"
    let bottom = graph.shape(x)
    x = try graph.add(.flatten, [x])
    x = try graph.add(.dense(Dense("xseg.dense1", outputs: 512)), [x])
    graph.mark("dense1", x)
    guard let width = CheckedSize.product([bottom.channels, bottom.side, bottom.side]) else {
      throw LiaeError(.unknownArchitecture, "\(a.name) with base_dims \(b) is too large")
    }
    x = try graph.add(.dense(Dense("xseg.dense2", outputs: width)), [x])
    graph.mark("dense2", x)
    x = try graph.add(.unflatten(side: bottom.side), [x], name: "bottom")

    graph.part = "masks"
    for (level, (channels, convolutions, _)) in levels.enumerated().reversed() {
      // The channels of a level narrow before its last convolutions, to those of the level above.
      let narrow = level < 3 ? channels : channels / 2
      x = try graph.segmentationBlock("up\(level)", narrow, x, isTransposed: true)
      x = try graph.add(.concatenation, [x, skips[level]], name: "level\(level)")
      for index in (1...convolutions).reversed() {
        x = try graph.segmentationBlock("uconv\(level)\(index)", channels, x)
      }
    }
    x = try graph.add(.convolution(Convolution("xseg.out_conv", outputChannels: 1, kernel: 3, padding: 1)), [x])
    graph.mark("logits", x)
    graph.declare("segment.mask", try graph.add(.sigmoid, [x], name: "segment mask"))
    return graph
  }

  /// Adds a 3x3 convolution, or a transposed one to twice the side, with its norm and threshold, and marks the result.
  private mutating func segmentationBlock(
    _ name: String, _ channels: Int, _ x: Value, isTransposed: Bool = false
  ) throws(LiaeError) -> Value {
    let layer = "xseg.\(name).conv"
    let sums = try add(
      isTransposed
        ? .transposedConvolution(layer: layer, outputChannels: channels)
        : .convolution(Convolution(layer, outputChannels: channels, kernel: 3, padding: 1)), [x])
    let block = try add(.responseNorm(block: "xseg.\(name)"), [sums])
    mark(name, block)
    return block
  }
}
