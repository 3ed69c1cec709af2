// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

extension Graph {
  /// Adds the encoder: four convolutions of stride 2, with `t` five and two residual blocks; then flattening, and with
  /// `u` the pixel norm.
  mutating func encoder(_ a: Architecture) throws(LiaeError) -> Value {
    part = "encoder"
    var x = try addInput(channels: 3, side: a.resolution)
    if a.residualDeep {
      x = try downscale("encoder.down1", a.eDims, x, a)
      x = try residual("encoder.res1", x, a)
      for (i, factor) in [2, 4, 8, 8].enumerated() {
        x = try downscale("encoder.down\(i + 2)", a.eDims * factor, x, a)
      }
      x = try residual("encoder.res5", x, a)
    } else {
      for (i, factor) in [1, 2, 4, 8].enumerated() {
        x = try downscale("encoder.down1.downs.\(i)", a.eDims * factor, x, a)
      }
    }
    part = "latent"
    x = try add(.flatten, [x])
    if a.pixelNorm { x = try add(.pixelNorm, [x]) }
    mark("encoded", x)
    return x
  }

  /// Adds a latent module: two dense layers without activations, and without `t` an upscale.
  mutating func latentModule(_ name: String, _ encoded: Value, _ a: Architecture) throws(LiaeError) -> Value {
    part = "latent"
    let narrow = try add(.dense(Dense("\(name).dense1", outputs: a.aeDims)), [encoded])
    var x = try latentPicture(name, narrow, a)
    if !a.residualDeep {
      x = try upscale("\(name).upscale1", a.interChannels, x, a)
      mark(name, x)
    }
    return x
  }

  /// Adds the second dense layer of a latent module, whose outputs are made into a picture.
  mutating func latentPicture(_ name: String, _ x: Value, _ a: Architecture) throws(LiaeError) -> Value {
    part = "latent"
    let pixels = a.latentSide * a.latentSide
    let wide = try add(.dense(Dense("\(name).dense2", outputs: a.interChannels * pixels)), [x])
    let picture = try add(.unflatten(side: a.latentSide), [wide], name: name)
    mark(name, picture)
    return picture
  }

  /// Adds a decoder, whose picture and mask become the outputs `BRANCH.rgb` and `BRANCH.mask`.
  mutating func decoder(_ name: String, _ code: Value, branch: String, _ a: Architecture) throws(LiaeError) {
    mark("\(branch).code", code)
    let factors = a.residualDeep ? [8, 8, 4, 2] : [8, 4, 2]
    part = "picture"
    var x = code
    for (i, factor) in factors.enumerated() {
      x = try upscale("\(name).upscale\(i)", a.dDims * factor, x, a)
      x = try residual("\(name).res\(i)", x, a)
    }
    declare("\(branch).rgb", try add(.sigmoid, [try heads(name, x, a)], name: "\(branch) rgb"))

    part = "masks"
    var mask = code
    for (i, factor) in factors.enumerated() {
      mask = try upscale("\(name).upscalem\(i)", a.dMaskDims * factor, mask, a)
    }
    if a.doubleResolution { mask = try upscale("\(name).upscalem\(factors.count)", a.dMaskDims, mask, a) }
    mask = try convolution("\(name).out_convm", 1, kernel: 1, mask)
    declare("\(branch).mask", try add(.sigmoid, [mask], name: "\(branch) mask"))
    if a.flavour == .torch && a.doubleResolution && a.residualDeep {
      noteUnused("\(name).upscalem_unused.conv1", weight: [a.dMaskDims * 4, a.dMaskDims * 2, 3, 3])
    }
  }

  /// Adds the convolution to colours; with `d` four of them, of which number q computes the pixels
  /// (2y + q / 2, 2x + q % 2).
  private mutating func heads(_ name: String, _ x: Value, _ a: Architecture) throws(LiaeError) -> Value {
    guard a.doubleResolution else { return try convolution("\(name).out_conv", 3, kernel: 1, x) }
    var heads: [Value] = []
    for (q, suffix) in ["", "1", "2", "3"].enumerated() {
      heads.append(
        try convolution(
          "\(name).out_conv\(suffix)", 3, kernel: q == 0 && a.flavour == .dfl ? 1 : 3, x, isValid: a.validHeads))
    }
    return try add(.depthToSpace(.dcr), [try add(.concatenation, heads, name: "\(name) heads")], name: "\(name) heads")
  }

  // MARK: - Blocks

  /// A 5x5 convolution of stride 2 with an activation.
  private mutating func downscale(_ name: String, _ channels: Int, _ x: Value, _ a: Architecture) throws(LiaeError)
    -> Value
  {
    try activation(0.1, try convolution("\(name).conv1", channels, kernel: 5, stride: 2, x), a)
  }

  /// A 3x3 convolution to four times the channels, an activation, depth-to-space.
  private mutating func upscale(_ name: String, _ channels: Int, _ x: Value, _ a: Architecture) throws(LiaeError)
    -> Value
  {
    let wide = try activation(0.1, try convolution("\(name).conv1", channels * 4, kernel: 3, x), a)
    return try add(.depthToSpace(.crd), [wide], name: name)
  }

  /// act(x + conv2(act(conv1(x)))).
  private mutating func residual(_ name: String, _ x: Value, _ a: Architecture) throws(LiaeError) -> Value {
    let channels = shape(x).channels
    let inner = try activation(0.2, try convolution("\(name).conv1", channels, kernel: 3, x), a)
    let outer = try convolution("\(name).conv2", channels, kernel: 3, inner)
    return try activation(0.2, try add(.sum, [x, outer], name: name), a)
  }

  private mutating func convolution(
    _ name: String, _ channels: Int, kernel: Int, stride: Int = 1, _ x: Value, isValid: Bool = false
  ) throws(LiaeError) -> Value {
    try add(
      .convolution(
        Convolution(
          name, outputChannels: channels, kernel: kernel, stride: stride, padding: isValid ? 0 : kernel / 2)), [x])
  }

  /// A leaky ReLU, or with `c` x cos x in its place.
  private mutating func activation(_ slope: Float, _ x: Value, _ a: Architecture) throws(LiaeError) -> Value {
    try add(.activation(a.cosine ? .cosine : .leaky(slope)), [x], name: self[x].name)
  }
}
