// SPDX-License-Identifier: Apache-2.0
import LiaeDispatch
import LiaeGraph
import LiaeRuntime
import LiaeSystem

extension Plan {
  convenience init(
    _ model: Model, _ convolution: PlanOptions.Convolution = .automatic, on set: InstructionSet? = nil
  ) throws(LiaeError) {
    var options = PlanOptions()
    options.convolution = convolution
    options.instructionSet = set
    try self.init(model: model, options: options)
  }

  convenience init(_ model: Model, _ configuration: Configuration) throws(LiaeError) {
    var options = PlanOptions()
    options.convolution = configuration.convolution
    options.memory = configuration.memory
    options.instructionSet = configuration.set
    try self.init(model: model, options: options)
  }
}
