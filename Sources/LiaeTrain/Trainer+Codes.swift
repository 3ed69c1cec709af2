// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeSystem

/// The codes that the decoders read in an iteration.
struct TrainingCodes {
  /// Codes of the reconstructions of both sides. In df the code discriminator reads the source's too.
  let source, destination: Tensor
  /// The code of the destination faces with the source's face; nil in an iteration of amp, which has no use for it.
  let swap: Tensor?
}

extension Trainer {
  /// Runs encoder and latent modules, on the faces of both sides at once where the weights are the same.
  ///
  /// - Parameters:
  ///   - faces: those of the source, then as many of the destination.
  ///   - use: of the random masks of amp.
  func codes(_ faces: Tensor, for use: ChannelMask.Use, on tape: Tape) throws(LiaeError) -> TrainingCodes {
    let encoded = try network.evaluate("encoded", given: ["input": faces], on: tape)
    return isAMP ? try mixedCodes(encoded, use, on: tape) : try codes(encoded, on: tape)
  }

  /// The codes of liae and df.
  private func codes(_ encoded: Tensor, on tape: Tape) throws(LiaeError) -> TrainingCodes {
    let (graph, n) = (network.graph, encoded.count / 2)
    // The latent modules that a side's code is made of: liae's inter_B sees destination faces alone.
    let (swap, reconstruction) = (try graph.value("swap.code"), try graph.value("destination.code"))
    var (ofSource, ofDestination): ([String: Tensor], [String: Tensor]) = ([:], [:])
    for module in graph.latentModules {
      let value = try graph.value(module)
      switch (graph.depends(swap, on: value), graph.depends(reconstruction, on: value)) {
      case (true, true):
        let both = try network.evaluate(module, given: ["encoded": encoded], on: tape)
        (ofSource[module], ofDestination[module]) = try tape.halves(both)
      case (true, false):
        let faces = try tape.slice(encoded, first: 0, count: n)
        ofSource[module] = try network.evaluate(module, given: ["encoded": faces], on: tape)
      case (false, true):
        let faces = try tape.slice(encoded, first: n, count: n)
        ofDestination[module] = try network.evaluate(module, given: ["encoded": faces], on: tape)
      case (false, false): break
      }
    }
    return TrainingCodes(
      source: try network.evaluate("swap.code", given: ofSource, on: tape),
      destination: try network.evaluate("destination.code", given: ofDestination, on: tape),
      swap: try network.evaluate("swap.code", given: ofDestination, on: tape))
  }

  /// The codes of amp: the source's are random mixes of both latent modules' channels.
  ///
  /// Source: DeepFaceLab's AMP; FORMATS 11.5.
  private func mixedCodes(_ encoded: Tensor, _ use: ChannelMask.Use, on tape: Tape) throws(LiaeError) -> TrainingCodes {
    let n = encoded.count / 2
    let faces = try tape.halves(encoded)
    let ofDestinations = try tape.halves(try network.evaluate("inter_dst", given: ["encoded": encoded], on: tape))
    let ofSources = try network.evaluate("inter_src", given: ["encoded": faces.source], on: tape)
    let source = try network.evaluate(
      "morph.code", given: ["inter_src": ofSources, "inter_dst": ofDestinations.source],
      mixing: try masks(count: n, use), on: tape)
    return TrainingCodes(
      source: source, destination: ofDestinations.destination,
      swap: tape.isRecording
        ? nil : try network.evaluate("inter_src", given: ["encoded": faces.destination], on: tape))
  }

  /// The masks of this iteration's source faces, (count, 1, 1, channels).
  private func masks(count: Int, _ use: ChannelMask.Use) throws(LiaeError) -> Tensor {
    guard let channelMasks else { return try drawnMasks(count: count, step: optimizer.steps, use) }
    let channels = architecture.interDims
    let masks = try Tensor(engine, count: count, channels: channels, isDifferentiable: false)
    for i in 0..<masks.elements { masks.value[i] = channelMasks(i / channels, i % channels) }
    return masks
  }

  /// The random masks of this process's source faces in an iteration of amp's training, (count, 1, 1, channels).
  ///
  /// - Throws: `outOfMemory`.
  package func drawnMasks(count: Int, step: Int, _ use: ChannelMask.Use = .generator) throws(LiaeError) -> Tensor {
    let channels = architecture.interDims
    let masks = try Tensor(engine, count: count, channels: channels, isDifferentiable: false)
    let drawn = ChannelMask(seed: seed, step: step, use: use, factor: options.morphFactor)
    let first = (peers?.rank ?? 0) * count
    for face in 0..<count {
      drawn.choose(face: first + face, channels: channels, into: masks.value + face * channels)
    }
    return masks
  }

  /// The code of amp at a morph of 0...1: the first trunc(channels * morph) channels of `source`, the others of
  /// `destination`.
  func morphed(_ source: Tensor, _ destination: Tensor, morph: Float, on tape: Tape) throws(LiaeError) -> Tensor {
    let channels = source.channels
    let masks = try Tensor(engine, count: source.count, channels: channels, isDifferentiable: false)
    // The product is rounded to float32, as AMP was trained.
    let chosen = Int(Float(channels) * morph)
    for i in 0..<masks.elements { masks.value[i] = i % channels < chosen ? 1 : 0 }
    return try network.evaluate(
      "morph.code", given: ["inter_src": source, "inter_dst": destination], mixing: masks, on: tape)
  }
}

extension Tape {
  /// The first half of the batch, which is the source's, and the second.
  func halves(_ x: Tensor) throws(LiaeError) -> (source: Tensor, destination: Tensor) {
    let n = x.count / 2
    return (try slice(x, first: 0, count: n), try slice(x, first: n, count: n))
  }
}
