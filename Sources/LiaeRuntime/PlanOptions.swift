// SPDX-License-Identifier: Apache-2.0
import LiaeDispatch
import LiaeSystem

package struct PlanOptions: Sendable {
  /// Convolution algorithms that the planner may choose from.
  package enum Convolution: Int32, Sendable, CaseIterable {
    /// The fastest for each layer; at least 100 dB against float64.
    case automatic = 0
    /// Direct sums only.
    case direct = 1
  }
  package var convolution = Convolution.automatic
  /// The method by which the planner chooses among algorithms.
  package enum Planning: String, Sendable, CaseIterable {
    /// The planner uses a model of costs: the same choice on every machine of an instruction set.
    case model
    /// The planner times each shape of layer on this machine while the model is opened. Choices, and with them the last
    /// bits of results, may differ from one opening to another.
    case measure
  }
  package var planning = Planning.model
  /// Policy for the memory of packed weights.
  package var memory = MemoryPolicy.speed
  /// Multiplications that the machine does in the time in which it reads one byte of memory: under the policy `speed` it
  /// decides which layers are stored as taps, because their transformed weights would be waited for. Results do not depend
  /// on it. nil: it is measured when a large model is packed.
  package var machineBalance: Double?
  /// Packed weights that a large cache may hold, of which the balance says nothing.
  package var cachedBytes = 128 << 20

  /// Sets the balance to what a user gave.
  ///
  /// - Parameter what: the option's name in the message.
  /// - Throws: `invalidArgument` outside of 0...10,000.
  package mutating func set(machineBalance: Double?, _ what: String) throws(LiaeError) {
    if let machineBalance, !(0...10_000).contains(machineBalance) {
      throw LiaeError(.invalidArgument, "\(what) is \(machineBalance); expected 0 to 10,000")
    }
    self.machineBalance = machineBalance
  }
  /// Threads that pack the weights and are timed; 0 is one for each processor.
  package var threads = 0
  /// True if weights may be infinite or no numbers; else they are refused, and so are such results of runs.
  package var allowsNonFinite = false
  /// nil: the processor's best, or what `LIAE_ISA` says.
  package var instructionSet: InstructionSet?
  package init() {}
}

extension PlanOptions.Convolution {
  package var name: String {
    switch self {
    case .automatic: return "automatic"
    case .direct: return "direct"
    }
  }
}

extension PlanOptions {
  /// The options that decide what packed weights hold, beside the instruction set: always the same names in the same
  /// order.
  package var packing: [(name: String, value: String)] {
    [("convolution", convolution.name), ("planning", planning.rawValue), ("memory", memory.name)]
  }

  /// Creates options from such names and values; nil where they are not known, or not all there.
  package init?(packing: [(name: String, value: String)]) {
    self.init()
    for (name, value) in packing {
      switch name {
      case "convolution":
        guard let found = Convolution.allCases.first(where: { $0.name == value }) else { return nil }
        convolution = found
      case "planning":
        guard let found = Planning(rawValue: value) else { return nil }
        planning = found
      case "memory":
        guard let found = MemoryPolicy(name: value) else { return nil }
        memory = found
      default: return nil
      }
    }
    guard packing.map(\.name) == self.packing.map(\.name) else { return nil }
  }
}
