// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeImageIO
import LiaeKernelsReference
import LiaeRuntime
import LiaeSequence
import LiaeSynth
import LiaeSystem
import LiaeTensor
import LiaeText

/// Compares the results of a model's plan with an independent computation (OpenBLAS), on one rendered face.
package struct Verification {
  package struct Comparison: Sendable {
    package var name: String
    /// Peak signal-to-noise ratio against a peak of 1; 0 where a value is not finite.
    package var decibels: Double
    /// Greatest absolute difference; infinite where a value is not finite.
    package var worst: Float
    private let worstAllowed: Float
    package var passes: Bool { decibels >= requiredDecibels && worst <= worstAllowed }

    /// - Parameters:
    ///   - name: how the table calls it.
    ///   - worstAllowed: the greatest absolute difference that passes.
    package init(_ name: String, _ found: [Float], _ expected: [Float], worstAllowed: Float = Verification.worstAllowed)
    {
      self.worstAllowed = worstAllowed
      var (sum, worst): (Double, Float) = (0, found.count == expected.count ? 0 : .infinity)
      for (a, b) in zip(found, expected) {
        let difference = abs(a - b)
        // A NaN is greater than nothing, so it is looked for by name.
        worst = difference.isNaN ? .infinity : max(worst, difference)
        sum += Double(difference) * Double(difference)
      }
      let ratio = ImageQuality.psnr(meanSquare: sum / Double(max(expected.count, 1)))
      (self.name, self.worst, self.decibels) = (name, worst, ratio.isNaN ? 0 : ratio)
    }
  }

  package static let requiredDecibels = 100.0
  /// The greatest absolute difference that passes.
  package static let worstAllowed: Float = 1e-4
  package static let worstAllowedText = "0.0001"
  /// The same for XSeg's masks, each of whose layers divides by the size of its own values: that amplifies rounding where
  /// they are small, and ONNX Runtime itself is up to 4e-4 from exact sums.
  package static let worstAllowedOfXSeg: Float = 3e-4
  package static let worstAllowedOfXSegText = "0.0003"
  /// The morph that is compared, of models that can: both latent codes take part in it.
  package static let morph: Float = 0.5

  package private(set) var comparisons: [Comparison] = []
  private let isa: String

  package var passes: Bool { comparisons.allSatisfy(\.passes) }

  /// - Parameters:
  ///   - plan: of the model.
  ///   - threads: of its runs; 0: one for each processor.
  package init(_ model: Model, _ plan: Plan, threads: Int) throws(LiaeError) {
    let runner = try FaceRunner(plan, threads: threads, mode: plan.usualMode)
    isa = plan.instructionSet.rawValue
    let face = try RenderedFaces().face(1, side: runner.side).converted(to: runner.format)
    let reference = try ReferenceNetwork(model: model, backend: .openBLAS)
    guard model.graph.canSwap else {
      let result = try runner.makeResult(destinationMask: false)
      defer { withExtendedLifetime((face, result)) {} }
      try runner.run(face.view, into: result.target)
      compare(
        "mask", result.mask.values, try reference.segment(image: face.values), worstAllowed: Self.worstAllowedOfXSeg)
      return
    }
    var modes: [(String, RunMode)] = [("swap", .swap), ("dst", .reconstructDestination)]
    if model.graph.canMorph { modes.append(("morph \(Self.morph)", .morph(Self.morph))) }
    for (name, mode) in modes {
      let wantsSecondMask = mode == .swap
      let lacksPicture = mode == .reconstructDestination && model.info.lacksDestinationPicture
      let result = try runner.makeResult(destinationMask: wantsSecondMask)
      defer { withExtendedLifetime((face, result)) {} }
      var target = result.target
      if lacksPicture { target.rgb = nil }
      try runner.run(mode, face.view, into: target)
      let expected = try reference.run(mode, image: face.values, wantDestinationMask: wantsSecondMask)
      if !lacksPicture, let rgb = result.rgb { compare("\(name) rgb", rgb.values, expected.rgb) }
      compare("\(name) mask", result.mask.values, expected.mask)
      if let mask = result.destinationMask { compare("\(name) dst mask", mask.values, expected.destinationMask) }
    }
  }

  private mutating func compare(
    _ name: String, _ found: [Float], _ expected: [Float], worstAllowed: Float = Self.worstAllowed
  ) {
    comparisons.append(Comparison(name, found, expected, worstAllowed: worstAllowed))
  }

  package var text: String {
    let rows = comparisons.map {
      [$0.name, $0.decibels.fixed(1), $0.worst.scientific, $0.passes ? "agrees" : "DIFFERS"]
    }
    return table(header: ["\(isa) against OpenBLAS", "PSNR dB", "worst", ""], rows: rows, leftColumns: 1)
  }
}
