// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeTestSupport
import LiaeTrain
import Testing

/// The optimisers alone: threads, norms and what they draw.
@Suite struct OptimizerTests {
  /// Parameters of some sizes, with values and gradients that depend on the seed alone.
  private func parameters(_ counts: [Int]) throws -> [Parameter] {
    var random = SplitMix64(state: 4)
    return try counts.enumerated().map { index, count in
      let parameter = try Parameter(name: "w\(index)", shape: [count])
      for i in 0..<count { (parameter.value[i], parameter.gradient[i]) = (random.normal(), random.normal()) }
      parameter.hasGradient = true
      return parameter
    }
  }

  @Test(arguments: TrainingOptions.Optimizer.allCases) func threadsChangeNothing(kind: TrainingOptions.Optimizer) throws
  {
    var results: [[Float]] = []
    for workers in [1, 4] {
      let parameters = try parameters([1, 15, 16384, 16385, 50_001])
      let optimizer = Optimizer(try Engine(workers: workers), parameters, seed: 9)
      var options = TrainingOptions()
      (options.optimizer, options.learningRateDropout, options.clipGradient) = (kind, true, true)
      for _ in 0..<3 {
        for parameter in parameters { parameter.hasGradient = true }
        try optimizer.step(options, norm: optimizer.gradientNorm())
      }
      results.append(parameters.flatMap(\.values))
    }
    #expect(isBitEqual(results[0], results[1]))
  }

  @Test func normIsOfWhatIsTrained() throws {
    let parameters = try parameters([3, 20_000, 7])
    let optimizer = Optimizer(try Engine(workers: 2), parameters, seed: 0)
    parameters[0].isTrained = false
    parameters[2].hasGradient = false
    let expected = norm(parameters[1].gradients)
    #expect(abs(optimizer.gradientNorm() - expected) < 1e-9 * expected)
    parameters[1].gradient[19_999] = .nan
    #expect(!optimizer.gradientNorm().isFinite)
    let before = parameters.map(\.values)
    parameters[1].gradient[19_999] = 0
    try optimizer.step(TrainingOptions(), norm: expected)
    #expect(isBitEqual(parameters[0].values, before[0]) && isBitEqual(parameters[2].values, before[2]))
    #expect(!isBitEqual(parameters[1].values, before[1]))
    #expect(parameters.allSatisfy { !$0.hasGradient })
  }

  /// A new choice of 30 % in each iteration, the same again for the same seed and iteration.
  @Test func dropoutChoosesAnew() throws {
    func changed(seed: UInt64, steps: Int) throws -> [Bool] {
      let parameters = try parameters([100_000])
      let optimizer = Optimizer(try Engine(workers: 2), parameters, seed: seed)
      optimizer.steps = steps
      var options = TrainingOptions()
      options.learningRateDropout = true
      let before = parameters[0].values
      try optimizer.step(options, norm: 0)
      return zip(before, parameters[0].values).map { $0 != $1 }
    }
    let first = try changed(seed: 1, steps: 0)
    let share = Double(first.count { $0 }) / 100_000
    // Three deviations of a binomial distribution of 308 / 1024.
    #expect(abs(share - 308.0 / 1024) < 3 * 0.00145)
    #expect(try changed(seed: 1, steps: 0) == first)
    for other in [try changed(seed: 1, steps: 1), try changed(seed: 2, steps: 0)] {
      let both = Double(zip(first, other).count { $0 && $1 }) / 100_000
      #expect(abs(both - 0.0905) < 0.003)
    }
  }

  /// The rate falls to nothing at half of the period.
  @Test func cosine() throws {
    let parameters = try parameters([64])
    let optimizer = Optimizer(try Engine(workers: 1), parameters, seed: 0)
    optimizer.steps = 250
    var options = TrainingOptions()
    options.learningRateDropout = true
    let before = parameters[0].values
    try optimizer.step(options, norm: 0)
    #expect(isBitEqual(before, parameters[0].values))
  }
}
