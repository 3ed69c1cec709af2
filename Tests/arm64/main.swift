// SPDX-License-Identifier: Apache-2.0
import Glibc
import LiaeDispatch
import LiaeGraph
import LiaeKernels
import LiaeRuntime
import LiaeSystem
import LiaeTestSupport

// Holds kernels and whole networks to the values in the file that LIAE_STORED_VALUES names, on every instruction set of this
// processor. Ends with 1 where something differs. For processors on which the tests themselves cannot be built.

final class Checks {
  private let values: StoredValues
  private(set) var failures = 0

  init(path: String) throws(LiaeError) { values = try StoredValues(try Bytes.read(path: path)) }

  private func check(_ isRight: Bool, _ what: @autoclosure () -> String) {
    if isRight { return }
    failures += 1
    StandardStream.error.write("FAILED \(what())\n")
  }

  /// A call computes with rounding to nearest and gives the thread its own rounding back.
  func floatingPointEnvironment() {
    fesetround(FE_UPWARD)
    let inside = FloatingPointEnvironment.standard { fegetround() }, after = fegetround()
    fesetround(FE_TONEAREST)
    check(inside == FE_TONEAREST, "rounding within a call is \(inside)")
    check(after == FE_UPWARD, "rounding after a call is \(after)")
  }

  /// Every case of every kernel.
  func kernels(_ set: InstructionSet) throws(LiaeError) {
    var cases = 0
    // By kernel, the greatest share of a tolerance that was used up.
    var used: [String: Double] = [:]
    try KernelCases(set) { (result) throws(LiaeError) in
      cases += 1
      guard let expected = self.values["kernel/\(result.name)"] else {
        return self.check(false, "\(set.rawValue) \(result.name): nothing is stored")
      }
      let comparison = Comparison(result.actual, expected)
      self.check(comparison.maximum <= result.tolerance, "\(set.rawValue) \(result.name): \(comparison.description)")
      // What failed may be off by more than an integer holds, or by infinity.
      guard result.tolerance > 0, comparison.maximum <= result.tolerance else { return }
      for kernel in result.kernels { used[kernel] = max(used[kernel] ?? 0, comparison.maximum / result.tolerance) }
    }.run()
    let stored = values.names.filter { $0.hasPrefix("kernel/") }.count
    check(cases == stored, "\(cases) cases ran, \(stored) are stored")
    StandardStream.output.write("\(set.rawValue): \(cases) cases of kernels; of their tolerances are used\n")
    for kernel in used.keys.sorted() {
      StandardStream.output.write("  \(kernel): \(Int((used[kernel] ?? 0) * 100)) %\n")
    }
  }

  /// Every network, by direct sums and by faster convolutions, with weights stored transformed and as taps.
  func networks(_ set: InstructionSet) throws(LiaeError) {
    let networks = StoredNetwork.all(values)
    check(networks.count > 10, "\(networks.count) networks are stored")
    var (worst, least) = (0.0, Double.infinity)
    for network in networks {
      let found = try outputs(network, set)
      (worst, least) = (max(worst, found.direct), min(least, found.fast))
    }
    StandardStream.output.write(
      "\(set.rawValue): \(networks.count) networks; direct sums \(worst) off at most, faster ones \(least) dB or more\n"
    )
  }

  private func outputs(_ network: StoredNetwork, _ set: InstructionSet) throws(LiaeError) -> (
    direct: Double, fast: Double
  ) {
    var (worst, least) = (0.0, Double.infinity)
    let model = try network.model(values), inputs = network.images("input", values)
    for (convolution, memory) in [
      (PlanOptions.Convolution.direct, MemoryPolicy.speed), (.automatic, .speed), (.automatic, .memory),
    ] {
      var options = PlanOptions()
      (options.instructionSet, options.convolution, options.memory) = (set, convolution, memory)
      let context = try Context(try Plan(model: model, options: options), threads: 2)
      let swap = try context.pictures(.swap, inputs)
      let destination = try context.pictures(.reconstructDestination, inputs)
      for (array, actual) in [
        ("swap_rgb", swap.rgb), ("swap_mask", swap.mask), ("dst_mask", swap.destinationMask),
        ("dst_rgb", destination.rgb), ("dst_mask", destination.mask),
      ] {
        let expected = network.images(array, values)
        check(!expected.isEmpty && expected.count == actual.count, "\(network.name): images of \(array)")
        for (i, image) in expected.enumerated() where i < actual.count {
          let comparison = Comparison(actual[i], image), isDirect = convolution == .direct
          if isDirect { worst = max(worst, comparison.maximum) } else { least = min(least, comparison.psnr) }
          check(
            isDirect ? comparison.maximum <= GoldenTolerance.direct : comparison.psnr >= GoldenTolerance.decibels,
            "\(network.name) \(set.rawValue) \(convolution.name) \(memory.name) \(array) \(i): \(comparison.description)"
          )
        }
      }
    }
    return (worst, least)
  }
}

do throws(LiaeError) {
  guard let path = environmentVariable("LIAE_STORED_VALUES") else {
    throw LiaeError(.invalidArgument, "LIAE_STORED_VALUES names no file")
  }
  let checks = try Checks(path: path)
  checks.floatingPointEnvironment()
  for set in InstructionSet.supported {
    try checks.kernels(set)
    try checks.networks(set)
  }
  StandardStream.output.write(checks.failures == 0 ? "all right\n" : "\(checks.failures) failures\n")
  endProcess(checks.failures == 0 ? 0 : 1)
} catch {
  StandardStream.error.write("\(error.message)\n")
  endProcess(1)
}
