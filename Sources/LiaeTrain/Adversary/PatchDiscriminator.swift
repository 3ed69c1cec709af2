// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// A discriminator of U-Net's form: a map of logits where it is narrowest, each for a patch of pixels, and a logit for
/// each pixel. Variables are of the scope `D_src`, in AMP of the scope `GAN`.
///
/// Source: DeepFaceLab's `UNetPatchDiscriminator`; Schonfeld, Schiele, Khoreva: A U-Net based discriminator for
/// generative adversarial networks, CVPR 2020.
package final class PatchDiscriminator: Adversary {
  private let input, center, centerOutput, output: AdversaryLayer
  private let down, up: [AdversaryLayer]

  private static let slope: Float = 0.2
  private static let largestWidth = 512

  /// - Throws: `invalidArgument` where the side cannot be halved as often as the patch wants.
  static func check(patch: Int, side: Int) throws(LiaeError) {
    let divisor = strides(patch: patch).reduce(1, *)
    guard side % divisor == 0 else {
      throw LiaeError(
        .invalidArgument,
        "gan_patch_size \(patch) needs pictures whose side is a multiple of \(divisor); theirs is \(side)")
    }
  }

  /// - Parameters:
  ///   - patch: pixels that a central logit is to see, `gan_patch_size`.
  ///   - dims: channels at first, `gan_dims`; twice as many after each layer, 512 at most.
  ///   - side: of the pictures, pixels.
  ///   - scope: of the variables, with which parameters' names begin.
  /// - Throws: as `check`; `outOfMemory`.
  init(patch: Int, dims: Int, side: Int, scope: String = "D_src", seed: UInt64) throws(LiaeError) {
    try Self.check(patch: patch, side: side)
    let strides = Self.strides(patch: patch)
    let n = strides.count
    func width(_ i: Int) -> Int { min(dims << i, Self.largestWidth) }
    input = try AdversaryLayer("\(scope).in_conv", kernel: 1, inputs: 3, outputs: width(0))
    var (down, up): ([AdversaryLayer], [AdversaryLayer]) = ([], [])
    for i in 0..<n {
      down.append(
        try AdversaryLayer(
          "\(scope).convs.\(i)", kernel: 3, stride: strides[i], inputs: width(i), outputs: width(i + 1)))
    }
    for i in (0..<n).reversed() {
      up.append(
        try AdversaryLayer(
          "\(scope).upconvs.\(n - 1 - i)", kernel: 3, stride: strides[i], inputs: width(i + 1) * (i == n - 1 ? 1 : 2),
          outputs: width(i), isTransposed: true))
    }
    (self.down, self.up) = (down, up)
    output = try AdversaryLayer("\(scope).out_conv", kernel: 1, inputs: 2 * width(0), outputs: 1)
    centerOutput = try AdversaryLayer("\(scope).center_out", kernel: 1, inputs: width(n), outputs: 1)
    center = try AdversaryLayer("\(scope).center_conv", kernel: 1, inputs: width(n), outputs: width(n))
    var random = SplitMix64(state: seed)
    for layer in layers { layer.initialise(&random) }
  }

  private var layers: [AdversaryLayer] { [input] + down + up + [output, centerOutput, center] }
  package var parameters: [Parameter] { layers.flatMap { [$0.weight, $0.bias] } }

  /// The logits of patches and of pixels, one channel each.
  package func logits(_ x: Tensor, on tape: Tape) throws(LiaeError) -> [Tensor] {
    var x = try input.run(x, slope: Self.slope, on: tape)
    var skipped: [Tensor] = []
    for layer in down {
      skipped.append(x)
      x = try layer.run(x, slope: Self.slope, on: tape)
    }
    let patches = try centerOutput.run(x, slope: 1, on: tape)
    x = try center.run(x, slope: Self.slope, on: tape)
    for (layer, skip) in zip(up, skipped.reversed()) {
      x = try tape.concatenate([skip, try layer.runTransposed(x, slope: Self.slope, on: tape)])
    }
    return [patches, try output.run(x, slope: 1, on: tape)]
  }

  /// Strides of the layers, all of kernel 3, whose receptive field comes nearest to `patch` pixels.
  ///
  /// The first stride is 2. Of the patterns with one receptive field the shortest counts, then that with the greatest
  /// sum of strides; of two fields that are equally near, the smaller one.
  package static func strides(patch: Int) -> [Int] {
    var best: [Int: [Int]] = [:]
    for n in 1...9 {
      for bits in (0..<1 << (n - 1)).reversed() {
        let strides = [2] + (0..<n - 1).map { bits >> $0 & 1 == 1 ? 2 : 1 }
        var (field, product) = (3, 1)
        for stride in strides.dropLast() {
          product *= stride
          field += 2 * product
        }
        if let known = best[field], (known.count, -known.reduce(0, +)) <= (n, -strides.reduce(0, +)) { continue }
        best[field] = strides
      }
    }
    let nearest = best.min { (abs($0.key - patch), $0.key) < (abs($1.key - patch), $1.key) }
    return nearest?.value ?? [2]
  }
}
