// SPDX-License-Identifier: Apache-2.0
import LiaeSamples
import LiaeSystem

/// The results of the network for a batch of source faces and one of destination faces.
struct TrainingRun {
  /// Reconstructions of both.
  let source, destination, sourceMask, destinationMask: Tensor
  /// What the decoder reads for the source; in df the code discriminator reads it too.
  let sourceCode: Tensor
  /// What the decoder reads to give destination faces the source's face.
  let swapCode: Tensor
}

extension Trainer {
  /// Runs the network on source and destination faces, on both at once where the weights are the same.
  func forward(_ source: FaceBatch, _ destination: FaceBatch, on tape: Tape) throws(LiaeError) -> TrainingRun {
    let (graph, n) = (network.graph, source.count)
    func halves(_ x: Tensor) throws(LiaeError) -> (source: Tensor, destination: Tensor) {
      (try tape.slice(x, first: 0, count: n), try tape.slice(x, first: n, count: n))
    }
    let faces = try tape.stack([try warped(source), try warped(destination)])
    let encoded = try network.evaluate("encoded", given: ["input": faces], on: tape)

    // The latent modules that a side's code is made of: liae's inter_B sees destination faces alone.
    let (swap, reconstruction) = (try graph.value("swap.code"), try graph.value("destination.code"))
    var (ofSource, ofDestination): ([String: Tensor], [String: Tensor]) = ([:], [:])
    for module in graph.latentModules {
      let value = try graph.value(module)
      switch (graph.depends(swap, on: value), graph.depends(reconstruction, on: value)) {
      case (true, true):
        let both = try network.evaluate(module, given: ["encoded": encoded], on: tape)
        (ofSource[module], ofDestination[module]) = try halves(both)
      case (true, false):
        let faces = try tape.slice(encoded, first: 0, count: n)
        ofSource[module] = try network.evaluate(module, given: ["encoded": faces], on: tape)
      case (false, true):
        let faces = try tape.slice(encoded, first: n, count: n)
        ofDestination[module] = try network.evaluate(module, given: ["encoded": faces], on: tape)
      case (false, false): break
      }
    }
    let sourceCode = try network.evaluate("swap.code", given: ofSource, on: tape)
    let destinationCode = try network.evaluate("destination.code", given: ofDestination, on: tape)
    let both = try network.sharesDecoder ? try tape.stack([sourceCode, destinationCode]) : nil
    func decoded(_ output: String) throws(LiaeError) -> (source: Tensor, destination: Tensor) {
      if let both {
        return try halves(try network.evaluate("swap.\(output)", given: ["swap.code": both], on: tape))
      }
      return (
        try network.evaluate("swap.\(output)", given: ["swap.code": sourceCode], on: tape),
        try network.evaluate("destination.\(output)", given: ["destination.code": destinationCode], on: tape)
      )
    }
    let pictures = try decoded("rgb"), masks = try decoded("mask")
    return TrainingRun(
      source: pictures.source, destination: pictures.destination, sourceMask: masks.source,
      destinationMask: masks.destination, sourceCode: sourceCode,
      swapCode: try network.evaluate("swap.code", given: ofDestination, on: tape))
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
      // Only the decoder is to learn colours, and the masks are not changed by them.
      let code = try tape.stopGradient(run.swapCode)
      let mask = try network.evaluate(
        "swap.mask", given: ["swap.code": code], on: Tape(engine, isRecording: false))
      let picture = try network.evaluate("swap.rgb", given: ["swap.code": code], on: tape)
      try losses.faceStyle(
        picture, mask: try fitted(mask), destination: run.destination,
        destinationMask: try fitted(run.destinationMask), resolution: architecture.resolution,
        power: options.faceStylePower * Float(scale), into: &values)
    }
    if options.backgroundStylePower != 0 {
      let picture = try network.evaluate("swap.rgb", given: ["swap.code": run.swapCode], on: tape)
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
    let fake = try losses.multiplied(try unrecorded("swap.rgb", source), by: factor)
    let real = try losses.multiplied(targets.picture, by: factor)
    return try duel.learn(
      real: real, fake: try detached(fake), scale: scale, options: options, peers: peers)
  }

  /// True face: the source's codes are to become like those of the destination.
  func learn(_ duel: Duel, _ source: FaceBatch, _ destination: FaceBatch, _ scale: Double) throws(LiaeError)
    -> [Double]
  {
    let fake = try unrecorded("swap.code", source), real = try unrecorded("destination.code", destination)
    return try duel.learn(
      real: try detached(real), fake: try detached(fake), scale: scale, options: options, peers: peers)
  }

  /// A value of the network for a batch, without a record for derivatives.
  private func unrecorded(_ name: String, _ batch: FaceBatch) throws(LiaeError) -> Tensor {
    try network.evaluate(name, given: ["input": try warped(batch)], on: Tape(engine, isRecording: false))
  }

  private func detached(_ x: Tensor) throws(LiaeError) -> Tensor {
    x.isDifferentiable ? try Tape(engine, isRecording: false).stopGradient(x) : x
  }
}
