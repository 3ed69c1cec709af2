// SPDX-License-Identifier: Apache-2.0
import LiaeTrainingSession
import Testing

/// Divergence, on sequences of losses made by hand.
@Suite struct LossGuardTests {
  /// A guard that has seen `count` iterations of a loss of 1 on each side.
  private func warm(_ count: Int = LossGuard.warmUp, factor: Float = 10) -> LossGuard {
    var lossGuard = LossGuard(factor: factor)
    for _ in 0..<count {
      #expect(lossGuard.judge(source: 1, destination: 1, isFinite: true) == .normal)
    }
    return lossGuard
  }

  @Test(arguments: [
    (Float.nan, Float(1), true), (1, .nan, true), (.infinity, 1, true), (1, -.infinity, true), (1, 1, false),
  ])
  func whatIsNotFiniteDivergesAtOnce(source: Float, destination: Float, isFinite: Bool) {
    // From the first iteration on, and whatever the factor.
    for factor: Float in [0, 10] {
      var lossGuard = LossGuard(factor: factor)
      let verdict = lossGuard.judge(source: source, destination: destination, isFinite: isFinite)
      #expect(verdict == .diverged("a loss or weight is no number (src \(source), dst \(destination))"))
    }
  }

  @Test func threeSpikesInARowDiverge() {
    var lossGuard = warm()
    #expect(lossGuard.judge(source: 15, destination: 6, isFinite: true) == .spike)
    #expect(lossGuard.judge(source: 15, destination: 6, isFinite: true) == .spike)
    #expect(
      lossGuard.judge(source: 15, destination: 6, isFinite: true)
        == .diverged(
          "the losses together are 21.000, 3 times in a row more than 10.0 times the usual 2.000"))
  }

  @Test func aNormalLossBetweenForgivesSpikes() {
    var lossGuard = warm()
    for _ in 0..<10 {
      #expect(lossGuard.judge(source: 30, destination: 0, isFinite: true) == .spike)
      #expect(lossGuard.judge(source: 30, destination: 0, isFinite: true) == .spike)
      #expect(lossGuard.judge(source: 1, destination: 1, isFinite: true) == .normal)
    }
  }

  @Test func theFactorIsALimitThatMayBeReached() {
    var lossGuard = warm(factor: 2)
    #expect(lossGuard.judge(source: 4, destination: 0, isFinite: true) == .normal)
    var other = warm(factor: 2)
    #expect(other.judge(source: Float(4).nextUp, destination: 0, isFinite: true) == .spike)
  }

  @Test func beforeThereIsAMeanNothingIsASpike() {
    var lossGuard = warm(LossGuard.warmUp - 1)
    #expect(lossGuard.judge(source: 1000, destination: 0, isFinite: true) == .normal)
    // That one counts: the mean is now (49 * 2 + 1000) / 50.
    #expect(lossGuard.judge(source: 219, destination: 0, isFinite: true) == .normal)
  }

  @Test func spikesDoNotMoveTheMean() {
    var lossGuard = warm()
    for _ in 0..<2 { #expect(lossGuard.judge(source: 1e6, destination: 0, isFinite: true) == .spike) }
    #expect(lossGuard.judge(source: 1, destination: 1, isFinite: true) == .normal)
    #expect(lossGuard.judge(source: 21, destination: 0, isFinite: true) == .spike)
  }

  /// The mean follows a loss that falls: over 200 iterations, each a 200th.
  @Test func theMeanFollows() {
    var lossGuard = warm(200)
    for _ in 0..<600 { _ = lossGuard.judge(source: 0.1, destination: 0, isFinite: true) }
    // 0.1 + 1.9 * (1 - 1/200)^600 = 0.194
    #expect(lossGuard.judge(source: 1.95, destination: 0, isFinite: true) == .spike)
    #expect(lossGuard.judge(source: 1.92, destination: 0, isFinite: true) == .normal)
  }

  @Test func aRestartForgetsTheMean() {
    var lossGuard = warm()
    _ = lossGuard.judge(source: 100, destination: 0, isFinite: true)
    lossGuard.restart()
    for _ in 0..<LossGuard.warmUp {
      #expect(lossGuard.judge(source: 100, destination: 0, isFinite: true) == .normal)
    }
    #expect(lossGuard.judge(source: 1001, destination: 0, isFinite: true) == .spike)
  }

  @Test func withoutAFactorOnlyNumbersCount() {
    var lossGuard = warm(100, factor: 0)
    for _ in 0..<10 { #expect(lossGuard.judge(source: 1e30, destination: 1e30, isFinite: true) == .normal) }
  }
}
