// SPDX-License-Identifier: Apache-2.0
import Glibc
import LiaeCommandLine
import LiaeImageIO
import LiaeKernelsReference
import LiaeGraph
import LiaeRuntime
import LiaeSystem
import LiaeTensor

/// The results of a model's plan beside those of an independent computation, on one drawn face.
struct Verification {
  struct Comparison {
    var name: String
    var decibels: Double
    var worst: Float
    var passes: Bool { decibels >= requiredDecibels && worst <= worstAllowed }
  }

  static let requiredDecibels = 100.0
  static let worstAllowed: Float = 1e-4
  static let worstAllowedText = "0.0001"

  private(set) var comparisons: [Comparison] = []
  private let isa: String

  var passes: Bool { comparisons.allSatisfy(\.passes) }

  init(_ model: Model, _ plan: Plan, compute: ComputeArguments) throws(LiaeError) {
    let runner = try FaceRunner(plan, compute: compute, mode: .swap)
    isa = plan.instructionSet.rawValue
    let face = try RenderedFaces().face(1, side: runner.side).converted(to: runner.format)
    let reference = try ReferenceNetwork(model: model, backend: .openBLAS)
    let modes: [(String, RunMode, ReferenceNetwork.Code)] = [
      ("swap", .swap, .swap), ("dst", .reconstructDestination, .reconstructDestination),
    ]
    for (name, mode, code) in modes {
      let wantsSecondMask = mode == .swap
      let lacksPicture = mode == .reconstructDestination && model.info.lacksDestinationPicture
      let result = try runner.makeResult(destinationMask: wantsSecondMask)
      defer { withExtendedLifetime((face, result)) {} }
      var target = result.target
      if lacksPicture { target.rgb = nil }
      try runner.run(mode, face.view, into: target)
      let expected = try reference.run(code, image: face.values, wantDestinationMask: wantsSecondMask)
      if !lacksPicture { compare("\(name) rgb", result.rgb.values, expected.rgb) }
      compare("\(name) mask", result.mask.values, expected.mask)
      if let mask = result.destinationMask { compare("\(name) dst mask", mask.values, expected.destinationMask) }
    }
  }

  private mutating func compare(_ name: String, _ found: [Float], _ expected: [Float]) {
    var (sum, worst): (Double, Float) = (0, 0)
    for (a, b) in zip(found, expected) {
      let difference = abs(a - b)
      // A NaN is greater than nothing, so it is looked for by name.
      worst = difference.isNaN ? .infinity : max(worst, difference)
      sum += Double(difference) * Double(difference)
    }
    if found.count != expected.count { worst = .infinity }
    let mean = sum / Double(max(expected.count, 1))
    let decibels = mean == 0 ? Double.infinity : -10 * log10(mean)
    comparisons.append(Comparison(name: name, decibels: decibels.isNaN ? 0 : decibels, worst: worst))
  }

  var text: String {
    let rows = comparisons.map {
      [$0.name, $0.decibels.fixed(1), $0.worst.scientific, $0.passes ? "agrees" : "DIFFERS"]
    }
    return table(header: ["\(isa) against OpenBLAS", "PSNR dB", "worst", ""], rows: rows, leftColumns: 1)
  }
}
