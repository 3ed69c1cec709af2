// SPDX-License-Identifier: Apache-2.0
import LiaeConvert
import LiaeFormats
import LiaeGraph
import LiaeSystem
import LiaeTensor
import LiaeTestSupport
import Testing

/// Tests what opens as one network beside its own checkpoint, and what opening says.
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

  /// Each tensor of a safetensors file has memory of its own, which goes with it; in memory of the caller's nothing is
  /// copied.
  @Test func tensorsOfSafetensorsGoOneByOne() throws {
    let folder = try TemporaryFolder()
    try ModelWriter.write(
      try golden("liae-udt").model(), to: folder("a.safetensors"), as: .safetensors(.float32), replacing: false)
    func storages(_ model: Model) -> [ObjectIdentifier: Int] {
      var counts: [ObjectIdentifier: Int] = [:]
      for name in model.tensors.names {
        if let tensor = model.tensors[name] { counts[ObjectIdentifier(tensor.storage)] = tensor.storage.count }
      }
      return counts
    }
    let read = try ModelReader.open(path: folder("a.safetensors"))
    #expect(storages(read).count == read.tensors.count)
    let memory = try Bytes.read(path: folder("a.safetensors"))
    #expect(storages(try ModelReader.open(memory: memory)) == [ObjectIdentifier(memory): memory.count])
    expectSame(try ModelReader.open(memory: memory), read)
  }
}
