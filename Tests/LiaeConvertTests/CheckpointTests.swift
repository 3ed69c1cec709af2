// SPDX-License-Identifier: Apache-2.0
import LiaeConvert
import LiaeFormats
import LiaeGraph
import LiaeSystem
import LiaeTensor
import LiaeTestSupport
import Testing

/// What opens as one network beside its own checkpoint, and what opening says.
@Suite struct CheckpointTests {
  @Test func aFlatStateDictIsTheTrainingCheckpoint() throws {
    let network = try golden("torch-udt")
    let options = OpenOptions(architecture: "liae-udt")
    let flat = try ModelReader.open(path: network.path("state_dict.pt"), options: options)
    expectSame(try network.model(), flat)
    #expect(flat.info.iteration == nil)
    #expect(flat.tensors["decoder.upscalem_unused.conv1.weight"] != nil)
  }

  @Test func trainingCheckpointsSayWhatIsNotUsed() throws {
    let notes = try golden("torch-udt").model().info.notes
    #expect(notes.contains { $0.contains("optimiser") })
  }

  /// Every file of a set opens the set.
  @Test(arguments: ["data.dat", "encoder.npy", "inter_AB.npy", "inter_B.npy", "decoder.npy"])
  func anyFileOpensTheSet(_ file: String) throws {
    let network = try golden("liae-udt")
    expectSame(try network.model(), try network.model("golden_SAEHD_\(file)"))
  }

  /// The map of a safetensors file stays the memory of its tensors: nothing is copied.
  @Test func safetensorsStayInTheirMap() throws {
    let folder = try TemporaryFolder()
    try ModelWriter.write(
      try golden("liae-udt").model(), to: folder("a.safetensors"), as: .safetensors(.float32), replacing: false)
    let mapped = try ModelReader.open(path: folder("a.safetensors"))
    let storages = Set(mapped.tensors.names.compactMap { mapped.tensors[$0].map { ObjectIdentifier($0.storage) } })
    #expect(storages.count == 1)
    let storage = try #require(mapped.tensors[mapped.tensors.names[0]]?.storage)
    #expect(storage.count == (try File(reading: folder("a.safetensors")).length()))
  }
}
