// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// Processes that train one model together, each on faces of its own. All have the same weights: they add up their
/// gradients and make the same updates.
package protocol TrainingPeers: AnyObject {
  /// The number of this process, 0..<count; 0 leads.
  var rank: Int { get }
  var count: Int { get }
  /// Replaces `values` in every process by the sum over processes, the same bits in each. All have to call it.
  ///
  /// - Throws: where the processes cannot reach each other.
  func sum(_ values: UnsafeMutablePointer<Float>, _ count: Int) throws(LiaeError)
}

extension TrainingPeers {
  package func sum(_ values: inout [Float]) throws(LiaeError) {
    // A closure of the standard library throws any error.
    var failure: LiaeError?
    values.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      do throws(LiaeError) { try sum(base, buffer.count) } catch { failure = error }
    }
    if let failure { throw failure }
  }

  /// - Parameter asMean: for criteria whose gradient is that of a mean over the batch.
  func addGradients(of parameters: [Parameter], asMean: Bool, _ engine: Engine) throws(LiaeError) {
    for parameter in parameters where parameter.hasGradient {
      try sum(parameter.gradient, parameter.count)
      if asMean {
        engine.kernels.addScaled(parameter.gradient, 1 / Float(count) - 1, parameter.gradient, parameter.count)
      }
    }
  }
}
