// SPDX-License-Identifier: Apache-2.0
import LiaeSamples
import LiaeSystem

/// What the network made of a batch.
struct TrainingRun {
  /// Reconstructions of both sides.
  let source, destination, sourceMask, destinationMask: Tensor
  /// What the decoder is fed for the source; of df, what the code discriminator sees of both.
  let sourceCode, destinationCode: Tensor
  /// What the decoder is fed to give the destination the source's face.
  let swapCode: Tensor
}

extension Trainer {
  /// Source and destination through the network, together where the weights are the same.
  func forward(_ source: FaceBatch, _ destination: FaceBatch, on tape: Tape) throws(LiaeError) -> TrainingRun {
    let n = source.count
    let code = try network.encode(try tape.stack([try warped(source), try warped(destination)]), on: tape)
    let shared = try network.latent(0, code, on: tape)
    let ofSource = try tape.slice(shared, first: 0, count: n)
    let ofDestination = try tape.slice(shared, first: n, count: n)
    guard architecture.family == .liae else {
      return TrainingRun(
        source: try network.picture(0, ofSource, on: tape),
        destination: try network.picture(1, ofDestination, on: tape),
        sourceMask: try network.mask(0, ofSource, on: tape),
        destinationMask: try network.mask(1, ofDestination, on: tape),
        sourceCode: ofSource, destinationCode: ofDestination, swapCode: ofDestination)
    }
    let own = try network.latent(1, try tape.slice(code, first: n, count: n), on: tape)
    let sourceCode = try tape.concatenate([ofSource, ofSource])
    let destinationCode = try tape.concatenate([own, ofDestination])
    let both = try tape.stack([sourceCode, destinationCode])
    let pictures = try network.picture(0, both, on: tape), masks = try network.mask(0, both, on: tape)
    return TrainingRun(
      source: try tape.slice(pictures, first: 0, count: n), destination: try tape.slice(pictures, first: n, count: n),
      sourceMask: try tape.slice(masks, first: 0, count: n), destinationMask: try tape.slice(masks, first: n, count: n),
      sourceCode: sourceCode, destinationCode: destinationCode,
      swapCode: try tape.concatenate([ofDestination, ofDestination]))
  }

  /// The decoder's code of source faces, and its picture of them, with nothing remembered.
  private func reconstruct(_ source: FaceBatch) throws(LiaeError) -> (code: Tensor, picture: Tensor) {
    let tape = Tape(engine, isRecording: false)
    let shared = try network.latent(0, try network.encode(try warped(source), on: tape), on: tape)
    let code = architecture.family == .liae ? try tape.concatenate([shared, shared]) : shared
    return (code, try network.picture(0, code, on: tape))
  }

  private func warped(_ batch: FaceBatch) throws(LiaeError) -> Tensor {
    let x = try Tensor(
      engine, count: batch.count, height: batch.side, width: batch.side, channels: 3, isDifferentiable: false)
    x.value.update(from: batch.warped.base.assumingMemoryBound(to: Float.self), count: x.elements)
    return x
  }

  // MARK: - Further losses of the source

  /// The styles, which bend the swap towards the destination.
  func style(
    _ run: TrainingRun, _ targets: (SideTargets, SideTargets), _ scale: Double, on tape: Tape
  ) throws(LiaeError) -> [Double] {
    var values = Array(repeating: 0.0, count: run.source.count)
    if options.faceStylePower != 0 {
      // Only the decoder is to learn colours, and the masks stay what they are.
      let code = try tape.stopGradient(run.swapCode)
      let mask = try network.mask(0, code, on: Tape(engine, isRecording: false))
      try losses.faceStyle(
        try network.picture(0, code, on: tape), mask: try fitted(mask), destination: run.destination,
        destinationMask: try fitted(run.destinationMask), resolution: architecture.resolution,
        power: options.faceStylePower * Float(scale), into: &values)
    }
    if options.backgroundStylePower != 0 {
      try losses.backgroundStyle(
        try network.picture(0, run.swapCode, on: tape), destination: targets.1.picture,
        background: targets.0.background, resolution: architecture.resolution,
        power: options.backgroundStylePower * Float(scale), into: &values)
    }
    return values.map { $0 / scale }
  }

  /// A mask of the picture's side: its middle where the picture is smaller.
  private func fitted(_ mask: Tensor) throws(LiaeError) -> Tensor {
    try SideTargets.middle(losses, mask, architecture.rgbSide)
  }

  /// The patch discriminator's pressure on the source's reconstruction, and what keeps that smooth and its surroundings
  /// as they are.
  func press(
    _ duel: Duel, _ picture: Tensor, _ targets: SideTargets, _ scale: Double, _ values: inout [Double]
  ) throws(LiaeError) {
    let factor = options.maskedTraining ? targets.blurredMask : nil
    let shown = try Tensor(
      engine, count: picture.count, height: picture.height, width: picture.width, channels: picture.channels)
    try losses.multiply(picture, by: factor, into: shown)
    try duel.press(shown, weight: Double(options.ganPower) * scale, into: &values)
    try losses.add(try shown.gradient(), factor: factor, toGradientOf: picture)
    guard options.maskedTraining else { return }
    try losses.totalVariation(picture, weight: 1e-6 * scale, into: &values)
    try losses.squaredError(
      picture, targets.picture, factor: targets.background, weight: 0.02 * scale, into: &values)
  }

  // MARK: - The adversaries' turn

  func learn(_ duel: Duel, _ source: FaceBatch, _ targets: SideTargets, _ scale: Double) throws(LiaeError) -> [Double] {
    let factor = options.maskedTraining ? targets.blurredMask : nil
    let fake = try losses.multiplied(try reconstruct(source).picture, by: factor)
    let real = try losses.multiplied(targets.picture, by: factor)
    return try duel.learn(
      real: real, fake: try detached(fake), scale: scale, options: options, peers: peers)
  }

  /// True face: the source's codes are to become like those of the destination.
  func learn(_ duel: Duel, _ source: FaceBatch, _ destination: FaceBatch, _ scale: Double) throws(LiaeError)
    -> [Double]
  {
    let tape = Tape(engine, isRecording: false)
    let fake = try network.latent(0, try network.encode(try warped(source), on: tape), on: tape)
    let real = try network.latent(0, try network.encode(try warped(destination), on: tape), on: tape)
    return try duel.learn(
      real: try detached(real), fake: try detached(fake), scale: scale, options: options, peers: peers)
  }

  private func detached(_ x: Tensor) throws(LiaeError) -> Tensor {
    x.isDifferentiable ? try Tape(engine, isRecording: false).stopGradient(x) : x
  }
}
