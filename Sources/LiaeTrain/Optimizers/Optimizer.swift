// SPDX-License-Identifier: Apache-2.0
import LiaeKernels
import LiaeSystem

/// How a step of an `Optimizer` changes weights.
package struct UpdateSettings: Sendable {
  package var optimizer: TrainingOptions.Optimizer
  package var learningRate: Float
  /// True if a step changes a random 30 % of the weights.
  package var learningRateDropout: Bool
  /// True if the rate follows a cosine of `Optimizer.cosinePeriod` steps from its whole down to 0 and back.
  package var learningRateCosine: Bool
  /// True if the gradient's norm is brought down to 1.
  package var clipGradient: Bool
}

/// Changes parameters by their gradients, all of them in one pass.
///
/// Moments live in the parameters; what else there is to remember is the number of optimiser steps. Results do not depend on the
/// number of threads.
package final class Optimizer {
  /// Elements of a parameter that one thread takes at a time: w, g and two moments of it fit the L2 cache.
  static let block = 16384
  private struct Task {
    let parameter, start, count: Int
  }

  package let parameters: [Parameter]
  /// Steps made, 0...`stepLimit`; those past it are not counted.
  package var steps = 0
  /// Past any training, and small enough for arithmetic on it not to overflow.
  package static let stepLimit = 1 << 40
  private let engine: Engine
  /// Seed of `lr_dropout`.
  var seed: UInt64
  private let tasks: [Task]
  private var squares: [Double]

  /// - Parameter seed: of `lr_dropout`.
  package init(_ engine: Engine, _ parameters: [Parameter], seed: UInt64) {
    (self.engine, self.parameters, self.seed) = (engine, parameters, seed)
    tasks = parameters.enumerated().flatMap { index, parameter in
      stride(from: 0, to: parameter.paddedCount, by: Self.block).map {
        Task(parameter: index, start: $0, count: min(Self.block, parameter.paddedCount - $0))
      }
    }
    squares = Array(repeating: 0, count: tasks.count)
  }

  /// The norm of all gradients of trained parameters together; not finite if one of their elements is not.
  package func gradientNorm() -> Double {
    squares.withUnsafeMutableBufferPointer { squares in
      nonisolated(unsafe) let result = squares.baseAddress
      tasks.withUnsafeBufferPointer { tasks in
        engine.parallel(tasks.count) { index in
          let task = tasks[index]
          let parameter = parameters[task.parameter]
          guard parameter.isTrained, parameter.hasGradient else {
            result?[index] = 0
            return
          }
          result?[index] = engine.kernels.squareSum(parameter.gradient + task.start, task.count)
        }
      }
    }
    return squares.reduce(0, +).squareRoot()
  }

  /// Updates the parameters that are trained and have a gradient; no parameter has a gradient after.
  ///
  /// - Parameters:
  ///   - norm: of `gradientNorm`; where it is 1 or more, `clipGradient` divides by it.
  ///   - factors: replaces those of `lr_dropout`, for tests: `count` of them up to a multiple of 16.
  /// - Throws: `outOfMemory`.
  package func step(
    _ options: TrainingOptions, norm: Double, factors: ((Parameter) -> UnsafePointer<Float>?)? = nil
  ) throws(LiaeError) {
    let isDropping = options.learningRateDropout && !options.pretrain
    let settings = UpdateSettings(
      optimizer: options.optimizer, learningRate: options.learningRate, learningRateDropout: isDropping,
      learningRateCosine: isDropping, clipGradient: options.clipGradient)
    try step(settings, norm: norm, factors: factors)
  }

  /// One step as `step(_:norm:factors:)` makes it, of any network.
  ///
  /// - Throws: `outOfMemory`.
  package func step(
    _ settings: UpdateSettings, norm: Double, factors: ((Parameter) -> UnsafePointer<Float>?)? = nil
  ) throws(LiaeError) {
    // The cosine goes by the steps made before this one.
    let rate =
      settings.learningRate
      * (settings.learningRateCosine
        ? Float((Math.cos(Double(steps) * 2 * .pi / Self.cosinePeriod) + 1) / 2) : 1)
    let scale: Float = settings.clipGradient && norm >= 1 ? Float(1 / norm) : 1
    let dropout = settings.learningRateDropout ? RateDropout(seed: seed, step: steps) : nil
    let rule: UpdateRule
    switch settings.optimizer {
    case .adabelief: rule = .adaBelief(rate: rate)
    case .rmsprop: rule = .rmsProp(rate: rate, decay: 0.9, epsilon: 1e-6)
    case .torchRMSprop: rule = .rmsProp(rate: rate, decay: 0.99, epsilon: 1e-8)
    case .adam:
      let t = Double(steps + 1)
      rule = .adam(
        rate: Float(Double(rate) / (1 - Math.pow(0.9, t))),
        correction: Float(1 / (1 - Math.pow(0.999, t)).squareRoot()))
    }
    try apply(rule, scale, dropout, factors)
    steps = min(steps + 1, Self.stepLimit)
    for parameter in parameters { parameter.hasGradient = false }
  }

  /// Steps of a whole cosine of `lr_dropout`.
  package static let cosinePeriod = 500.0

  private func apply(
    _ rule: UpdateRule, _ scale: Float, _ dropout: RateDropout?, _ given: ((Parameter) -> UnsafePointer<Float>?)?
  ) throws(LiaeError) {
    for parameter in parameters where parameter.isTrained && parameter.hasGradient {
      try parameter.makeMoments(rule.moments)
    }
    try engine.withBuffer(dropout == nil ? 0 : engine.workers * Self.block) { memory throws(LiaeError) in
      tasks.withUnsafeBufferPointer { tasks in
        engine.parallel(tasks.count) { index, worker in
          let task = tasks[index]
          let parameter = parameters[task.parameter]
          guard parameter.isTrained, parameter.hasGradient, let first = parameter.first else { return }
          var factors = given?(parameter).map { $0 + task.start }
          if factors == nil, let dropout {
            let chosen = memory + worker * Self.block
            dropout.choose(parameter: task.parameter, block: task.start / Self.block, count: task.count, into: chosen)
            factors = UnsafePointer(chosen)
          }
          engine.kernels.update(
            rule,
            UpdatedWeights(
              weights: parameter.value + task.start, gradient: parameter.gradient + task.start,
              first: first + task.start, second: parameter.second.map { $0 + task.start }, factors: factors),
            scale, task.count)
        }
      }
    }
  }
}
