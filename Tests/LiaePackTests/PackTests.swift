// SPDX-License-Identifier: Apache-2.0
import LiaeDispatch
import LiaeFormats
import LiaeModel
import LiaePack
import LiaeRuntime
import LiaeSystem
import LiaeTestSupport
import Testing

/// Packed weights that are written, mapped and run.
@Suite struct PackTests {
  @Test(arguments: architectures, InstructionSet.supported)
  func resultsAreThoseOfFreshWeights(architecture: Architecture, set: InstructionSet) throws {
    let folder = try TemporaryFolder()
    let path = folder("model.liaepack")
    for convolution in PlanOptions.Convolution.allCases {
      let options = PlanOptions(convolution, on: set)
      let fresh = try Plan(model: Model.random(architecture, seed: 2), options: options)
      try PackFile.write(fresh, to: path, replacing: true)
      let file = try PackFile(path: path)
      try file.verify()
      let mapped = try file.plan(PackRequest(options))
      #expect(mapped.packedBytes == fresh.packedBytes && mapped.choices == fresh.choices)
      #expect(mapped.info == fresh.info && mapped.architecture == architecture)
      #expect(mapped.fingerprint == fresh.fingerprint && mapped.options.convolution == convolution)
      #expect(isBitEqual(try outputs(mapped), try outputs(fresh)))
      // Packed weights that were mapped can be written again, and are the same file.
      try PackFile.write(mapped, to: folder("again.liaepack"), replacing: true)
      #expect(try fileBytes(folder("again.liaepack")) == fileBytes(path))
      #expect(status { () throws(LiaeError) in try PackFile.write(mapped, to: path, replacing: false) } == .fileExists)
    }
  }
}
