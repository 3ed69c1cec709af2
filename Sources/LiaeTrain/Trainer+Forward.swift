// SPDX-License-Identifier: Apache-2.0
import LiaeSamples
import LiaeSystem

/// The results of the network for a batch of source faces and one of destination faces.
struct ForwardPass {
  /// Reconstructions of both.
  let source, destination, sourceMask, destinationMask: Tensor
  let codes: TrainingCodes
}

extension Trainer {
  /// Runs the network on source and destination faces, on both at once where the weights are the same.
  func forward(_ source: FaceBatch, _ destination: FaceBatch, on tape: Tape) throws(LiaeError) -> ForwardPass {
    let codes = try codes(try faces(source, destination, on: tape), for: .generator, on: tape)
    let both = try network.sharesDecoder ? try tape.stack([codes.source, codes.destination]) : nil
    func decoded(_ output: String) throws(LiaeError) -> (source: Tensor, destination: Tensor) {
      if let both {
        return try tape.halves(try network.evaluate("swap.\(output)", given: ["swap.code": both], on: tape))
      }
      return (
        try network.evaluate("swap.\(output)", given: ["swap.code": codes.source], on: tape),
        try network.evaluate("destination.\(output)", given: ["destination.code": codes.destination], on: tape)
      )
    }
    let pictures = try decoded("rgb"), masks = try decoded("mask")
    return ForwardPass(
      source: pictures.source, destination: pictures.destination, sourceMask: masks.source,
      destinationMask: masks.destination, codes: codes)
  }

  private func faces(_ source: FaceBatch, _ destination: FaceBatch, on tape: Tape) throws(LiaeError) -> Tensor {
    try tape.stack([try warped(source), try warped(destination)])
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
    _ pass: ForwardPass, _ targets: (SideTargets, SideTargets), _ scale: Double, on tape: Tape
  ) throws(LiaeError) -> [Double] {
    var values = Array(repeating: 0.0, count: pass.source.count)
    guard let swap = pass.codes.swap else { return values }
    if options.faceStylePower != 0 {
      // Only the decoder is to learn colours, and the masks are not changed by them.
      let code = try tape.stopGradient(swap)
      let mask = try network.evaluate(
        "swap.mask", given: ["swap.code": code], on: Tape(engine, isRecording: false))
      let picture = try network.evaluate("swap.rgb", given: ["swap.code": code], on: tape)
      try losses.faceStyle(
        picture, mask: try fitted(mask), destination: pass.destination,
        destinationMask: try fitted(pass.destinationMask), resolution: architecture.resolution,
        power: options.faceStylePower * Float(scale), into: &values)
    }
    if options.backgroundStylePower != 0 {
      let picture = try network.evaluate("swap.rgb", given: ["swap.code": swap], on: tape)
      try losses.backgroundStyle(
        picture, destination: targets.1.picture, background: targets.0.background,
        resolution: architecture.resolution, power: options.backgroundStylePower * Float(scale), into: &values)
    }
    return values.map { $0 / scale }
  }

  /// A mask of the picture's side: its middle where the picture is smaller.
  private func fitted(_ mask: Tensor) throws(LiaeError) -> Tensor {
    try SideTargets.middle(losses, mask, architecture.rgbSide)
  }

  /// The patch discriminator's pressure on the reconstructions, and what keeps the source's smooth and its surroundings as
  /// they are. SAEHD's discriminator judges the source alone, AMP's both sides.
  func addPatchLoss(
    _ trainer: AdversaryTrainer, _ pass: ForwardPass, _ targets: (SideTargets, SideTargets), _ criterion: Criterion,
    _ scale: Double,
    _ values: inout [Double]
  ) throws(LiaeError) {
    let options = optionsInForce
    var judged = [(pass.source, targets.0)]
    if isAMP { judged.append((pass.destination, targets.1)) }
    for (picture, targets) in judged {
      let factor = options.maskedTraining ? targets.blurredMask : nil
      let shown = try product(picture, factor)
      try trainer.addGeneratorLoss(shown, weight: Double(options.ganPower) * scale, into: &values)
      try losses.add(try shown.gradient(), factor: factor, toGradientOf: picture)
    }
    guard options.maskedTraining else { return }
    try losses.totalVariation(pass.source, along: criterion.variation, weight: 1e-6 * scale, into: &values)
    try losses.squaredError(
      pass.source, targets.0.picture, factor: targets.0.background, weight: 0.02 * scale, into: &values)
  }

  /// Adds the loss that keeps the surroundings of AMP's destination faces smooth and as they are.
  ///
  /// - Returns: the loss of each face.
  func backgroundLoss(_ picture: Tensor, _ targets: SideTargets, _ criterion: Criterion, _ scale: Double)
    throws(LiaeError) -> [Double]
  {
    var values = Array(repeating: 0.0, count: picture.count)
    try losses.squaredError(
      picture, targets.picture, factor: targets.background, weight: 0.1 * scale, into: &values)
    let background = try product(picture, targets.background)
    try losses.totalVariation(background, along: criterion.variation, weight: 1e-6 * scale, into: &values)
    try losses.add(try background.gradient(), factor: targets.background, toGradientOf: picture)
    return values.map { $0 / scale }
  }

  /// picture * factor, with a gradient of its own.
  private func product(_ picture: Tensor, _ factor: Tensor?) throws(LiaeError) -> Tensor {
    let product = try Tensor(
      engine, count: picture.count, height: picture.height, width: picture.width, channels: picture.channels)
    try losses.multiply(picture, by: factor, into: product)
    return product
  }

  // MARK: - The adversaries' turn

  func learn(
    _ trainer: AdversaryTrainer, _ source: FaceBatch, _ destination: FaceBatch, _ targets: (SideTargets, SideTargets),
    _ scale: Double
  ) throws(LiaeError) -> [Double] {
    let judged: [(picture: Tensor, targets: SideTargets)]
    if isAMP {
      let tape = Tape(engine, isRecording: false)
      let codes = try codes(try faces(source, destination, on: tape), for: .discriminator, on: tape)
      let both = try tape.stack([codes.source, codes.destination])
      let pictures = try tape.halves(try network.evaluate("swap.rgb", given: ["swap.code": both], on: tape))
      judged = [(pictures.source, targets.0), (pictures.destination, targets.1)]
    } else {
      judged = [(try unrecorded("swap.rgb", source), targets.0)]
    }
    var (real, fake): ([Tensor], [Tensor]) = ([], [])
    for (picture, targets) in judged {
      let factor = optionsInForce.maskedTraining ? targets.blurredMask : nil
      fake.append(try detached(try losses.multiplied(picture, by: factor)))
      real.append(try losses.multiplied(targets.picture, by: factor))
    }
    // SAEHD halves the losses of its two pictures, AMP means those of four pictures and both outputs.
    return try trainer.learn(
      real: real, fake: fake, weight: isAMP ? 0.125 : 0.5, scale: scale, options: options, peers: peers)
  }

  /// Trains the code discriminator of true face: the source's codes are to become like those of the destination.
  func learn(_ trainer: AdversaryTrainer, _ source: FaceBatch, _ destination: FaceBatch, _ scale: Double)
    throws(LiaeError)
    -> [Double]
  {
    let fake = try unrecorded("swap.code", source), real = try unrecorded("destination.code", destination)
    return try trainer.learn(
      real: [try detached(real)], fake: [try detached(fake)], weight: 0.5, scale: scale, options: options, peers: peers)
  }

  /// A value of the network for a batch, without a record for derivatives.
  private func unrecorded(_ name: String, _ batch: FaceBatch) throws(LiaeError) -> Tensor {
    try network.evaluate(name, given: ["input": try warped(batch)], on: Tape(engine, isRecording: false))
  }

  private func detached(_ x: Tensor) throws(LiaeError) -> Tensor {
    x.isDifferentiable ? try Tape(engine, isRecording: false).stopGradient(x) : x
  }
}
