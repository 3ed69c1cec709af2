// SPDX-License-Identifier: Apache-2.0
import LiaeKernels
import LiaeGraph
import LiaeSystem

/// The steps of a run over a fixed number of images, bound to their memory.
final class Schedule {
  let images: Int
  private(set) var steps: [Step] = []
  private(set) var bytes = 0
  private(set) var scratch = ScratchSize()
  /// Interleaved input with a border of two pixels.
  let input: UnsafeMutablePointer<Float>
  let inputRow, inputImage: Int
  /// (images, side, side, channels)
  let rgb, mask, destinationMask: UnsafeMutablePointer<Float>
  private var owned: [Bytes] = []

  /// What a schedule needs of an arena's memory.
  static func layout(_ plan: Plan, images: Int) throws(LiaeError) -> ActivationArena.Layout {
    let arena = ActivationArena(width: plan.kernels.width)
    _ = try Schedule(plan, images: images, arena: arena)
    return try arena.makeLayout()
  }

  init(_ plan: Plan, images n: Int, arena: ActivationArena) throws(LiaeError) {
    images = n
    let a = plan.architecture, width = plan.kernels.width
    let border = ActivationBuffer.border

    inputRow = (a.resolution + 2 * border) * 3
    inputImage = (a.resolution + 2 * border) * inputRow
    let inputStorage = try Bytes.allocate((n * inputImage + 64) * 4, for: "\(n) input images")
    input = inputStorage.base.assumingMemoryBound(to: Float.self)
    let rgbFloats = n * a.rgbSide * a.rgbSide * 3, maskFloats = n * a.maskSide * a.maskSide
    let outputs = try Bytes.allocate((rgbFloats + 2 * maskFloats) * 4, for: "\(n) output images")
    rgb = outputs.base.assumingMemoryBound(to: Float.self)
    mask = rgb + rgbFloats
    destinationMask = mask + maskFloats
    owned = [inputStorage, outputs]

    /// A buffer that the next step is the first to write.
    func take(_ channels: Int, _ side: Int, _ images: Int, readsBorder: Bool = true) throws(LiaeError)
      -> ActivationBuffer
    {
      try arena.take(
        channels: channels, side: side, images: images, readsBorder: readsBorder, step: steps.count)
    }
    /// The last step was the last to read it.
    func giveBack(_ buffer: ActivationBuffer) { arena.giveBack(buffer, step: steps.count - 1) }
    var part = RunPart.encoder
    func add(_ step: Step, border: Border? = nil) {
      (step.border, step.part) = (border, part)
      var own = step.scratch
      if own.shared > 0 { step.shared = arena.scratch(own.shared, step: steps.count) }
      own.shared = 0
      scratch.include(own)
      steps.append(step)
    }
    func convolve(
      _ packed: PackedConvolution, from source: ActivationView, to target: ActivationBuffer, at image: Int = 0,
      images: Int, residual: ActivationView? = nil, firstHalfOnly: Bool = false,
      when condition: @escaping (Needs) -> Bool
    ) {
      let step = convolutionStep(
        packed,
        ConvolutionBinding(
          source: source, target: target.from(image: image), residual: residual, images: images,
          firstHalfOnly: firstHalfOnly),
        when: condition)
      // What is added to has its border already.
      let border =
        residual == nil
        ? target.border(fromImage: image, images: images, channels: shape(packed.layer).channels) : nil
      add(step, border: border)
    }
    /// Channels and side of a layer's result.
    func shape(_ layer: ConvolutionLayer) -> (channels: Int, side: Int) {
      layer.depthToSpace ? (layer.outputChannels / 4, layer.outputSide * 2) : (layer.outputChannels, layer.outputSide)
    }
    func residualBlock(
      _ first: PackedConvolution, _ second: PackedConvolution, on x: ActivationBuffer, images: Int,
      when condition: @escaping (Needs) -> Bool
    ) throws(LiaeError) {
      let inner = try take(x.channels, x.side, images)
      convolve(first, from: x.view, to: inner, images: images, when: condition)
      // The sum replaces its own residual: a pixel is read before it is written, and only there.
      convolve(second, from: inner.view, to: x, images: images, residual: x.view, when: condition)
      giveBack(inner)
    }

    var view = ActivationView(
      origin: input + border * inputRow + border * 3, row: inputRow, plane: 0, image: inputImage)
    var current: ActivationBuffer?
    for part in plan.encoder {
      switch part {
      case .convolution(let packed):
        let (channels, side) = shape(packed.layer)
        let next = try take(channels, side, n)
        convolve(packed, from: view, to: next, images: n, when: { _ in true })
        if let current { giveBack(current) }
        (current, view) = (next, next.view)
      case .residual(let first, let second):
        guard let current else { continue }
        try residualBlock(first, second, on: current, images: n, when: { _ in true })
      }
    }
    guard let encoded = current else { throw LiaeError(.internalError, "an encoder without layers") }

    part = .latent
    let dense1 = try DenseRowsStep(plan.dense1, source: encoded, images: n, pixelNorm: a.pixelNorm)
    bytes += dense1.bytes
    add(dense1)
    giveBack(encoded)
    let isLIAE = a.family == .liae
    let half = roundUp(a.interChannels, width)
    let code = try take(isLIAE ? 2 * half : a.interChannels, a.codeSide, isLIAE ? 2 * n : n)
    for (index, inter) in plan.inters.enumerated() {
      let condition: (Needs) -> Bool = index == 0 ? { _ in true } : { $0.codeB }
      let output = UnsafePointer(dense1.output) + index * plan.dense1.rowsEach
      if let upscale = inter.upscale {
        let latent = try take(a.interChannels, a.latentSide, n)
        add(
          DenseColumnsStep(
            inter.dense2, input: output, inputStride: plan.dense1.rows, target: latent.view, images: n, when: condition),
          border: latent.border(fromImage: 0, images: n, channels: a.interChannels))
        convolve(upscale, from: latent.view, to: code, at: index * n, images: n, when: condition)
        giveBack(latent)
      } else {
        add(
          DenseColumnsStep(
            inter.dense2, input: output, inputStride: plan.dense1.rows, target: code.from(image: index * n), images: n,
            when: condition),
          border: code.border(fromImage: index * n, images: n, channels: a.interChannels))
      }
    }
    if isLIAE { add(MixCodesStep(code, images: n)) }

    part = .picture
    for (index, decoder) in plan.decoders.enumerated() {
      // DF decodes the swap by its first decoder and the destination by its second.
      let isMain: (Needs) -> Bool =
        isLIAE ? { _ in true } : index == 0 ? { !$0.contains(.mixedCode) } : { $0.contains(.mixedCode) }
      let wanted: (Needs) -> Bool = { $0.contains(.rgb) && isMain($0) }
      var x: ActivationBuffer?
      for (stageIndex, stage) in decoder.rgb.enumerated() {
        let (channels, side) = shape(stage.upscale.layer)
        let next = try take(channels, side, n)
        if stageIndex == 0 && isLIAE {
          convolve(
            stage.upscale, from: code.view, to: next, images: n, firstHalfOnly: true,
            when: { wanted($0) && !$0.contains(.mixedCode) })
          convolve(
            stage.upscale, from: code.view, to: next, images: n,
            when: { wanted($0) && $0.contains(.mixedCode) })
        } else {
          convolve(stage.upscale, from: x?.view ?? code.view, to: next, images: n, when: wanted)
        }
        try residualBlock(stage.first, stage.second, on: next, images: n, when: wanted)
        if let x { giveBack(x) }
        x = next
      }
      guard let picture = x else { throw LiaeError(.internalError, "a decoder without stages") }
      let head = decoder.head
      let heads = try take(head.layer.outputChannels, head.layer.outputSide, n, readsBorder: false)
      convolve(head, from: picture.view, to: heads, images: n, when: wanted)
      add(
        HeadStep(
          "rgb", source: heads.view, side: head.layer.outputSide, channels: 3, factor: a.doubleResolution ? 2 : 1,
          output: rgb, images: n, when: wanted))
      giveBack(picture)
      giveBack(heads)
    }

    part = .masks
    // Main images stand first, those of the destination mask behind them.
    for (index, decoder) in plan.decoders.enumerated() {
      // Which of the two each decoder makes, and from which image on.
      let main: (Needs) -> Bool
      let destination: (Needs) -> Bool
      if isLIAE {
        main = { $0.contains(.mask) }
        destination = { $0.contains(.destinationMask) }
      } else if index == 0 {
        main = { $0.contains(.mask) && !$0.contains(.mixedCode) }
        destination = { _ in false }
      } else {
        main = { $0.contains(.mask) && $0.contains(.mixedCode) }
        destination = { $0.contains(.destinationMask) }
      }
      func chain(
        _ main: @escaping (Needs) -> Bool, _ destination: @escaping (Needs) -> Bool, all: Int, other: Int, isLast: Bool
      ) throws(LiaeError) {
        var x: ActivationBuffer?
        for (stageIndex, packed) in decoder.mask.enumerated() {
          let (channels, side) = shape(packed.layer)
          let reader = stageIndex + 1 < decoder.mask.count ? decoder.mask[stageIndex + 1] : decoder.maskHead
          let next = try take(channels, side, all, readsBorder: reader.layer.kernel > 1)
          if stageIndex == 0 {
            let second = isLIAE ? code.from(image: n) : code.view
            if isLIAE {
              convolve(
                packed, from: code.view, to: next, images: n, firstHalfOnly: true,
                when: { main($0) && !$0.contains(.mixedCode) })
              convolve(packed, from: code.view, to: next, images: n, when: { main($0) && $0.contains(.mixedCode) })
            } else {
              convolve(packed, from: code.view, to: next, images: n, when: main)
            }
            convolve(packed, from: second, to: next, at: other, images: n, when: destination)
            if index == plan.decoders.count - 1 && isLast { giveBack(code) }
          } else if let x {
            masks(packed, x, next)
          }
          if let x { giveBack(x) }
          x = next
        }
        func masks(_ packed: PackedConvolution, _ x: ActivationBuffer, _ next: ActivationBuffer) {
          convolve(packed, from: x.view, to: next, images: all, when: { main($0) && destination($0) })
          convolve(packed, from: x.view, to: next, images: n, when: { main($0) && !destination($0) })
          convolve(
            packed, from: x.from(image: other), to: next, at: other, images: n, when: { !main($0) && destination($0) })
        }
        guard let last = x else { throw LiaeError(.internalError, "a decoder without a mask") }
        let side = decoder.maskHead.layer.outputSide
        let heads = try take(1, side, all, readsBorder: false)
        masks(decoder.maskHead, last, heads)
        add(
          HeadStep("mask", source: heads.view, side: side, channels: 1, factor: 1, output: mask, images: n, when: main))
        add(
          HeadStep(
            "destination mask", source: heads.from(image: other), side: side, channels: 1, factor: 1,
            output: destinationMask, images: n, when: destination))
        giveBack(last)
        giveBack(heads)
      }
      if plan.options.memory == .memory {
        // One after the other, in the same memory.
        try chain(main, { _ in false }, all: n, other: 0, isLast: false)
        try chain({ _ in false }, destination, all: n, other: 0, isLast: true)
      } else {
        try chain(main, destination, all: 2 * n, other: n, isLast: true)
      }
    }
    bytes += owned.reduce(0) { $0 + $1.count }
  }
}
