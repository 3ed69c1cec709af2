// SPDX-License-Identifier: Apache-2.0
import LiaeDispatch
import LiaeGraph
import LiaeRuntime
import LiaeSystem

/// The conditions that packed weights have to meet.
package struct PackRequest {
  package var options: PlanOptions
  /// The checkpoint that they stand for; nil where they stand for themselves.
  package var checkpoint: (architecture: Architecture, info: ModelInfo, fingerprint: String)?

  /// Creates a request for packed weights without their checkpoint. Options that are left as they are by default are
  /// those of the file.
  package init(_ options: PlanOptions) { self.options = options }

  /// Creates a request for packed weights of this model, made with these very options.
  package init(_ options: PlanOptions, of model: Model) throws(LiaeError) {
    self.options = options
    checkpoint = (model.architecture, model.info, try model.fingerprint())
  }

  /// Returns why packed weights with this header do not fit, or nil where they do.
  func mismatch(_ header: PackHeader) throws(LiaeError) -> String? {
    let set: InstructionSet
    if let chosen = options.instructionSet { set = chosen } else { set = try InstructionSet.preferred() }
    guard header.instructionSet == set else {
      let isLower = InstructionSet.built.contains(header.instructionSet) && header.instructionSet < set
      let advice = isLower ? "; LIAE_ISA=\(header.instructionSet.rawValue) runs them" : ""
      return "packed for \(header.instructionSet.rawValue), and \(set.rawValue) is in use\(advice)"
    }
    let width = try set.kernels().width
    guard header.width == width else { return "packed for vectors of \(header.width), and \(width) are in use" }
    for (asked, (held, standard)) in zip(options.packing, zip(header.options.packing, PlanOptions().packing))
    where asked.value != held.value && (checkpoint != nil || asked.value != standard.value) {
      return "packed with \(held.name) \(held.value), and \(asked.value) is asked for"
    }
    guard let checkpoint else { return nil }
    guard header.architecture == checkpoint.architecture, header.fingerprint == checkpoint.fingerprint else {
      return "packed from another checkpoint"
    }
    guard header.info == checkpoint.info else { return "the checkpoint says something else of itself" }
    return nil
  }
}
