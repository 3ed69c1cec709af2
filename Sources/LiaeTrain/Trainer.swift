// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeSamples
import LiaeSystem

/// The results of one iteration.
package struct IterationReport: Sendable {
  /// Means over the batch, without what the adversaries add.
  package let sourceLoss, destinationLoss: Float
  /// The norm of the generator's gradient, before clipping.
  package let gradientNorm: Float
  /// True if losses and gradient are finite. If not, nothing was changed and the iteration was not counted.
  package let isFinite: Bool
  /// The losses in their parts, for each face.
  package let source, destination: SideLoss
  /// The loss of the surroundings of AMP's destination faces, for each face; zeros in other families.
  package let background: [Double]
  /// The adversarial loss of the source's faces (GAN and true face), for each face.
  package let adversarial: [Double]
  /// The losses of the adversaries, for each face; nil where there is none.
  package let patchLoss, codeLoss: [Double]?
}

/// Trains a network, an iteration at a time, as DeepFaceLab's SAEHD, or of amp its AMP, does.
///
/// The same batches, options and seed give the same weights, bit for bit, for any number of threads. Of one thread.
package final class Trainer {
  package let engine: Engine
  package var architecture: Architecture { network.architecture }
  /// The options, which may be changed between iterations. Ending `pretrain` begins anew, as DeepFaceLab does: the
  /// iteration is 0, and the latent modules are fresh.
  package var options: TrainingOptions {
    didSet { if oldValue.pretrain && !options.pretrain { endPretraining() } }
  }
  /// Steps made.
  package internal(set) var iteration = 0
  /// Processes that share the batch; nil where this is the only one.
  package var peers: (any TrainingPeers)?

  /// The question that is asked between operations of an iteration and of a preview; true ends them with `cancelled`.
  /// Not asked where there are peers, who wait for this process.
  package var isCancelled: () -> Bool = { false }

  /// Replaces the factors of `lr_dropout`, for tests.
  package var rateFactors: ((Parameter) -> UnsafePointer<Float>?)?
  /// Replaces the random masks of amp, for tests: 1 where a channel of a source face comes from inter_src, else 0.
  package var channelMasks: ((_ face: Int, _ channel: Int) -> Float)?

  package let network: TrainedNetwork
  let losses: Losses
  package let optimizer: Optimizer
  var seed: UInt64
  /// The optimiser that the moments belong to.
  var momentsOf: TrainingOptions.Optimizer
  /// The adversaries, from when they are first wanted.
  var patches: (trainer: AdversaryTrainer, patch: Int, dims: Int)?
  var codes: AdversaryTrainer?

  /// - Parameter weights: initial weights; nil: fresh ones from `seed`.
  /// - Throws: `outOfMemory`, `unknownArchitecture`.
  package init(
    engine: Engine, architecture: Architecture, weights: Model?, options: TrainingOptions, seed: UInt64
  ) throws(LiaeError) {
    (self.engine, self.options, self.seed, momentsOf) = (engine, options, seed, options.optimizer)
    network = try TrainedNetwork(architecture, weights: weights, seed: seed)
    losses = Losses(engine: engine)
    optimizer = Optimizer(engine, network.parameters, seed: seed)
  }

  /// Checks that networks of a family can be trained.
  ///
  /// - Throws: `unsupported` for xseg, which `SegmentationTrainer` trains.
  package static func check(_ family: Architecture.Family) throws(LiaeError) {
    guard family != .xseg else {
      throw LiaeError(.unsupported, "an xseg network is trained by liae-train xseg; this trains liae, df and amp")
    }
  }

  /// Checks what would otherwise fail in the first iteration.
  ///
  /// - Throws: `unsupported` for a family that cannot be trained, `invalidArgument` for options that do not fit the
  ///   network.
  package static func check(_ options: TrainingOptions, for architecture: Architecture) throws(LiaeError) {
    try check(architecture.family)
    if architecture.family == .amp { try checkAMP(options) }
    guard options.ganPower != 0 else { return }
    try PatchDiscriminator.check(patch: options.ganPatchSize, side: architecture.rgbSide)
  }

  /// The options that AMP does not have.
  private static func checkAMP(_ options: TrainingOptions) throws(LiaeError) {
    let lacking = [
      ("pretrain", options.pretrain), ("true_face_power", options.trueFacePower != 0),
      ("face_style_power", options.faceStylePower != 0), ("bg_style_power", options.backgroundStylePower != 0),
      ("criterion torch", options.criterion == .torch), ("training without masked_training", !options.maskedTraining),
    ]
    if let (name, _) = lacking.first(where: \.1) { throw LiaeError(.invalidArgument, "amp has no \(name)") }
    guard (0...1).contains(options.morphFactor) else {
      throw LiaeError(.invalidArgument, "morph_factor is \(options.morphFactor); expected 0 to 1")
    }
  }

  var isAMP: Bool { architecture.family == .amp }

  /// The options with what the family forces: AMP's faces are always masked, and eyes and mouth always count more.
  var optionsInForce: TrainingOptions {
    guard isAMP else { return options }
    var options = options
    (options.maskedTraining, options.eyesMouthPriority) = (true, true)
    return options
  }

  /// One iteration.
  ///
  /// - Throws: `invalidArgument` where the batches do not fit, `outOfMemory`; `cancelled`, with weights, moments and
  ///   iteration as they were.
  package func iterate(source: FaceBatch, destination: FaceBatch) throws(LiaeError) -> IterationReport {
    try check(source, destination)
    return try cancellable { () throws(LiaeError) in
      try prepare()
      // An iteration that was cancelled may have left some.
      for parameter in network.parameters { parameter.hasGradient = false }
      let tape = Tape(engine)
      let pass = try forward(source, destination, on: tape)
      let targets = try (targets(source), targets(destination))
      let criterion = Criterion(
        options.criterion, family: architecture.family, resolution: architecture.resolution)
      let scale = criterion.gradientScale(count: source.count)

      func loss(_ picture: Tensor, _ mask: Tensor, _ targets: SideTargets) throws(LiaeError) -> SideLoss {
        try engine.measured("losses") { () throws(LiaeError) in
          try losses.side(criterion, picture: picture, mask: mask, targets: targets, options: optionsInForce)
        }
      }
      var ofSource = try loss(pass.source, pass.sourceMask, targets.0)
      let ofDestination = try loss(pass.destination, pass.destinationMask, targets.1)
      if !options.pretrain { ofSource.style = try style(pass, targets, scale, on: tape) }
      let background =
        isAMP
        ? try backgroundLoss(pass.destination, targets.1, criterion, scale) : Array(repeating: 0, count: source.count)
      var adversarial = Array(repeating: 0.0, count: source.count)
      if let trainer = patches?.trainer, usesPatches {
        try addPatchLoss(trainer, pass, targets, criterion, scale, &adversarial)
      }
      if let codes, usesCodes {
        try codes.addGeneratorLoss(pass.codes.source, weight: Double(options.trueFacePower) * scale, into: &adversarial)
      }
      try tape.backward()
      try peers?.addGradients(of: network.parameters, asMean: criterion.isMean, engine)

      let norm = try engine.measured("gradient norm") { () throws(LiaeError) in optimizer.gradientNorm() }
      let (a, b) = try shared(Self.mean(ofSource.total), Self.mean(ofDestination.total))
      let isFinite = norm.isFinite && a.isFinite && b.isFinite
      var patchLoss: [Double]?, codeLoss: [Double]?
      // What changes the model is done whole.
      engine.isCancelled = nil
      if isFinite {
        try engine.measured("optimiser") { () throws(LiaeError) in
          try optimizer.step(options, norm: norm, factors: rateFactors)
        }
        iteration += 1
        // The adversaries learn from what the network makes now.
        if let codes, usesCodes { codeLoss = try learn(codes, source, destination, scale) }
        if let trainer = patches?.trainer, usesPatches {
          patchLoss = try learn(trainer, source, destination, targets, scale)
        }
      } else {
        for parameter in network.parameters { parameter.hasGradient = false }
      }
      return IterationReport(
        sourceLoss: Float(a), destinationLoss: Float(b), gradientNorm: Float(norm), isFinite: isFinite,
        source: ofSource, destination: ofDestination, background: background,
        adversarial: adversarial.map { $0 / scale },
        patchLoss: patchLoss, codeLoss: codeLoss)
    }
  }

  /// Runs `body` with threads awake, and asks `isCancelled` between its operations.
  func cancellable<T>(_ body: () throws(LiaeError) -> T) throws(LiaeError) -> T {
    engine.isCancelled = peers == nil ? isCancelled : nil
    defer { engine.isCancelled = nil }
    return try engine.awake(body)
  }

  /// Means over all processes, so that each draws the same conclusions.
  private func shared(_ source: Double, _ destination: Double) throws(LiaeError) -> (Double, Double) {
    guard let peers else { return (source, destination) }
    var sums = [Float(source), Float(destination)]
    try peers.sum(&sums)
    return (Double(sums[0]) / Double(peers.count), Double(sums[1]) / Double(peers.count))
  }

  private static func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }

  func check(_ source: FaceBatch, _ destination: FaceBatch) throws(LiaeError) {
    guard source.count == destination.count, source.count > 0 else {
      throw LiaeError(
        .invalidArgument, "\(source.count) source faces and \(destination.count) destination faces; expected as many")
    }
    for batch in [source, destination] where batch.side != architecture.resolution {
      throw LiaeError(
        .invalidArgument, "faces of \(batch.side) pixels; the network's are of \(architecture.resolution)")
    }
  }

  var usesPatches: Bool { options.ganPower != 0 && !options.pretrain }
  /// True face needs one code for source and destination, which df has.
  var usesCodes: Bool { options.trueFacePower != 0 && !options.pretrain && network.sharesCode }

  /// Brings the trainer in line with the options, which may have changed since the last iteration.
  func prepare() throws(LiaeError) {
    // inter_AB, which liae alone has, would learn to undo the warp of faces that are not warped.
    let freezes = !options.randomWarp || options.pretrain
    for parameter in network.parameters(of: "inter_AB") { parameter.isTrained = !freezes }
    if isAMP {
      try Self.checkAMP(options)
      // DeepFaceLab's AMP trains encoder and decoder alone: the latent modules stay as they began.
      for module in network.graph.latentModules {
        for parameter in network.parameters(of: module) { parameter.isTrained = false }
      }
    }
    if momentsOf != options.optimizer {
      for parameter in allParameters { parameter.dropMoments() }
      momentsOf = options.optimizer
    }
    if usesPatches && (patches?.patch != options.ganPatchSize || patches?.dims != options.ganDims) {
      try makePatches(patch: options.ganPatchSize, dims: options.ganDims)
    }
    if usesCodes && codes == nil { try makeCodes() }
  }

  func makePatches(patch: Int, dims: Int) throws(LiaeError) {
    let seed = seed ^ 0x6761_6e
    let discriminator = try PatchDiscriminator(
      patch: patch, dims: dims, side: architecture.rgbSide, scope: isAMP ? "GAN" : "D_src", seed: seed)
    patches = (AdversaryTrainer(discriminator, losses: losses, seed: seed), patch, dims)
  }

  func makeCodes() throws(LiaeError) {
    let seed = seed ^ 0x636f_6465
    let code = network.graph.shape(try network.graph.value("swap.code"))
    let discriminator = try CodeDiscriminator(channels: code.channels, side: code.side, seed: seed)
    codes = AdversaryTrainer(discriminator, losses: losses, seed: seed)
  }

  /// The parameters of the network and its adversaries.
  var allParameters: [Parameter] {
    network.parameters + adversaryParameters
  }

  /// Begins anew with what pretraining has given the encoder and the decoders: iteration 0, fresh latent modules.
  package func endPretraining() {
    iteration = 0
    for module in network.graph.latentModules {
      network.initialise(seed: seed) { $0.name.hasPrefix("\(module).") }
    }
  }

  func targets(_ batch: FaceBatch) throws(LiaeError) -> SideTargets {
    try SideTargets(losses, batch, side: architecture.rgbSide, blurOut: options.blurOutMask)
  }
}
