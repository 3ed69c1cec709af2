// SPDX-License-Identifier: Apache-2.0
import LiaeDispatch
import LiaeKernels
import LiaeSystem
import LiaeTestSupport
import Testing

@Suite struct KernelCaseTests {
  @Test(arguments: InstructionSet.supported) func everyCaseHolds(set: InstructionSet) throws {
    var covered: Set<String> = []
    try KernelCases(set) { result in
      covered.formUnion(result.kernels)
      let comparison = Comparison(result.actual, result.expected)
      #expect(comparison.maximum <= result.tolerance, "\(set) \(result.name): \(comparison)")
    }.run()
    let slots = Mirror(reflecting: try set.kernels()).children.compactMap(\.label).filter {
      $0 != "isa" && $0 != "width"
    }
    #expect(slots.count > 10)
    #expect(Set(slots).subtracting(covered).isEmpty, "kernels without a case")
  }

  /// Writes what `make test-arm64` holds another processor to, where LIAE_STORED_VALUES names a file: results of the plain
  /// loops, and the golden networks with the outputs that other programs gave them.
  @Test(.enabled(if: environmentVariable("LIAE_STORED_VALUES") != nil)) func valuesForOtherProcessors() throws {
    var values = StoredValues()
    try KernelCases(.baseline) { result in
      #expect(values["kernel/\(result.name)"] == nil, "two cases are called \(result.name)")
      values.set("kernel/\(result.name)", result.expected)
    }.run()
    for golden in GoldenNetwork.all {
      let network = StoredNetwork(golden.name), arrays = try golden.arrays()
      try network.store(try golden.model(), in: &values)
      for name in ["input", "swap_rgb", "swap_mask", "dst_rgb", "dst_mask"] {
        let array = try #require(arrays[name])
        network.set(name, (0..<array.shape[0]).map { array.item($0) }, in: &values)
      }
    }
    let path = try #require(environmentVariable("LIAE_STORED_VALUES"))
    try File.writeAtomically(path, replacing: true) { (writer) throws(LiaeError) in try writer.write(values.bytes) }
  }
}
