// SPDX-License-Identifier: Apache-2.0
import LiaeDispatch
import LiaeModel
import LiaeSystem
import LiaeTensor

package struct PlanOptions: Sendable {
  /// Which convolution algorithms the planner may choose from.
  package enum Convolution: Int32, Sendable, CaseIterable {
    /// The fastest for each layer; at least 100 dB against float64.
    case automatic = 0
    /// Direct sums only.
    case direct = 1
  }
  package var convolution = Convolution.automatic
  /// Threads that pack the weights; 0 is one for each processor.
  package var threads = 0
  package init() {}
}

/// A model made ready to run: algorithm and packed weights for each layer. Immutable, shared by all contexts.
package final class Plan: Sendable {
  package let architecture: Architecture
  package let info: ModelInfo
  /// The instruction set in use: `avx512`, `avx2` or `baseline`.
  package let isa: String
  /// Bytes of packed weights.
  package let packedBytes: Int

  /// Packs the weights. The model is not needed after.
  package init(model: Model, options: PlanOptions = PlanOptions()) throws(LiaeError) {
    throw LiaeError(.unsupported, "not yet")
  }
}
