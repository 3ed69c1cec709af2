// SPDX-License-Identifier: Apache-2.0
import LiaeDispatch

/// What two cores do in a second: the constants of the model of costs, of two server cores (docs/performance.md).
/// `liae-infer bench --planner` holds them against another machine.
package struct Rates: Sendable {
  let multiplications, weightBytes, transformBytes: Double
  /// Bytes a second of U that is made in the run, written and read again.
  let madeBytes: Double

  /// - Parameters:
  ///   - balance: of the machine, where it is known: weights come from memory at that rate.
  ///   - peak: multiplications a second of the machine, where they are known: everything is scaled to it.
  package init(_ set: InstructionSet, balance: Double? = nil, peak: Double? = nil) {
    let (multiplications, weightBytes, transformBytes, madeBytes): (Double, Double, Double, Double)
    switch set {
    case .avx512: (multiplications, weightBytes, transformBytes, madeBytes) = (115e9, 35e9, 120e9, 70e9)
    case .avx2: (multiplications, weightBytes, transformBytes, madeBytes) = (100e9, 35e9, 100e9, 60e9)
    // Estimates for two cores with two 128-bit pipes at 2.6 GHz (83 GFLOP/s at most), not measured on any machine.
    case .neon: (multiplications, weightBytes, transformBytes, madeBytes) = (35e9, 20e9, 50e9, 25e9)
    case .baseline: (multiplications, weightBytes, transformBytes, madeBytes) = (32e9, 35e9, 60e9, 30e9)
    }
    let scale = peak.map { $0 / multiplications } ?? 1
    (self.multiplications, self.transformBytes) = (scale * multiplications, scale * transformBytes)
    self.madeBytes = scale * madeBytes
    self.weightBytes = scale * (balance.map { multiplications / max($0, 1e-3) } ?? weightBytes)
  }

  /// Seconds of `images` images: multiplications at the machine's rate, or the weights from memory, whichever takes
  /// longer, and the transforms.
  ///
  /// - Parameter makesWeights: weights stand as taps, of which U is made in the run.
  package func seconds(_ work: Work, makesWeights: Bool, images: Int = 1) -> Double {
    max(
      Double(images) * work.multiplications / multiplications,
      (makesWeights ? work.tapBytes : work.weightBytes) / weightBytes)
      + Double(images) * work.transformBytes / transformBytes + (makesWeights ? work.weightBytes / madeBytes : 0)
  }
}
