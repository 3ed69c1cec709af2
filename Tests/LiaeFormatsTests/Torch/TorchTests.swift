import LiaeFormats
// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeTensor
import Testing

@Suite struct TorchTests {
  @Test func everyTypeAndLayout() throws {
    let bytes = try golden("formats/tensors.pt")
    let value = try TorchArchive.parse(bytes, name: "tensors.pt")
    func check(_ key: String, _ dtype: DType, _ shape: [Int], _ indices: [Int]) throws {
      let view = try #require(value[key]?.tensorValue, "\(key)")
      #expect(view.dtype == dtype && view.shape == shape, "\(key)")
      #expect(floats(view) == indices.map { fixtureValue($0, dtype) }, "\(key)")
    }
    try check("row_major", .float32, [2, 3, 4], Array(0..<24))
    try check("transposed", .float32, [6, 4], (0..<6).flatMap { column in (0..<4).map { 6 * $0 + column } })
    try check("slice", .float32, [2, 3], [8, 9, 10, 14, 15, 16])
    try check("row", .float32, [6], Array(12..<18))
    try check("step", .float32, [4, 3], (0..<4).flatMap { row in [0, 2, 4].map { 6 * row + $0 } })
    try check("scalar", .float32, [], [0])
    try check("empty", .float32, [0, 3], [])
    let types: [DType] = [.float64, .float16, .bfloat16, .int64, .int32, .int16, .int8, .uint8, .bool]
    for dtype in types { try check("torch.\(dtype.rawValue)", dtype, [2, 3], Array(0..<6)) }
    try check("channels_last", .float32, [1, 2, 3, 4], Array(0..<24))
    try check("parameter", .float32, [3], Array(0..<3))
    #expect(value["row_major"]?.tensorValue?.storage === bytes)
    #expect(value["row"]?.tensorValue?.storage === bytes)
  }

  @Test func trainingCheckpoint() throws {
    let value = try TorchArchive.parse(golden("formats/checkpoint.pt"), name: "checkpoint.pt")
    #expect(value["global_step"]?.intValue == 7)
    #expect(value["loss"]?.doubleValue == 0.25)
    #expect(floats(try #require(value["array"]?.tensorValue)) == fixtureValues(6))
    #expect(value["size"]?.elements?.map(\.intValue) == [1, 2])
    #expect(value["default"]?["k"]?.elements?.first?.intValue == 1)
    for key in ["device", "dtype", "seed", "names", "complex"] {
      if case .opaque? = value[key] {} else { Issue.record("\(key) is \(String(describing: value[key]))") }
    }
    let model = try #require(value["model"]?.pairs)
    #expect(model.map(\.key.stringValue) == ["0.weight", "0.bias", "1.weight", "1.bias"])
    #expect(floats(try #require(model[0].value.tensorValue)) == fixtureValues(6))
    let groups = try #require(value["optimizer"]?["param_groups"]?.elements)
    #expect(groups.first?["lr"]?.doubleValue == 5e-5)
    #expect(value["optimizer"]?["state"]?.pairs?.first?.value["exp_avg"]?.tensorValue?.shape == [2, 3])
  }

  @Test func genuineCheckpointOfThePort() throws {
    let value = try TorchArchive.parse(golden("networks/torch-udt/ckpts_7.pt"), name: "ckpts_7.pt")
    #expect(["encoder", "inter_AB", "inter_B", "decoder"].map { value[$0]?.pairs?.count } == [18, 4, 4, 46])
    let weight = try #require(value["decoder"]?["main_path.0.conv.weight"]?.tensorValue)
    #expect(weight.shape == [128, 32, 3, 3])
    #expect(weight[0] == 0.17780958116054535)
    #expect(abs(floats(weight).reduce(0.0) { $0 + Double($1) } - 19.74772866252944) < 1e-9)
    #expect(value["best_src_loss"]?.doubleValue == 0.5)
    let flat = try TorchArchive.parse(golden("networks/torch-udt/state_dict.pt"), name: "state_dict.pt")
    #expect(flat.pairs?.count == 72)
    #expect(flat["decoder.mask_output.bias"]?.tensorValue?[0] == -0.22883225977420807)
  }

  @Test func writingAndReadingGivesTheSameBits() throws {
    let original = try TorchArchive.parse(golden("formats/tensors.pt"), name: "tensors.pt")
    let value = PickleValue.dictionary([
      (.string("state"), original), (.string("step"), .int(1 << 40)), (.string("loss"), .float(0.25)),
      (
        .string("list"),
        .list([.none, .bool(true), .int(-3), .string("é"), .tuple([.int(1), .int(2), .int(3), .int(4)])])
      ),
      (.string("bytes"), .bytes(try TensorView(dtype: .uint8, shape: [3], storage: Bytes.of([0, 0x7f, 0xff])))),
    ])
    try withFolder { folder in
      try TorchArchive.write(value, to: "\(folder)/out.pt", replacing: false)
      let bytes = try Bytes.read(path: "\(folder)/out.pt")
      let copy = try TorchArchive.parse(bytes, name: "out.pt")
      for (key, value) in try #require(original.pairs) {
        let name = try #require(key.stringValue)
        let (before, after) = (try #require(value.tensorValue), try #require(copy["state"]?[name]?.tensorValue))
        #expect(
          before.dtype == after.dtype && before.shape == after.shape && before.raw.elementsEqual(after.raw), "\(name)")
      }
      #expect(copy["step"]?.intValue == 1 << 40)
      #expect(copy["loss"]?.doubleValue == 0.25)
      #expect(copy["list"]?.elements?[2].intValue == -3)
      #expect(copy["list"]?.elements?[4].elements?.map(\.intValue) == [1, 2, 3, 4])
      guard case .bytes(let plain)? = copy["bytes"] else {
        Issue.record("no bytes")
        return
      }
      #expect(Array(plain.raw) == [0, 0x7f, 0xff])
      for entry in try ZipArchive(bytes, name: "out.pt").entries {
        #expect(entry.dataOffset % 64 == 0, "\(entry.name)")
      }
    }
  }

  @Test func wideZipFields() throws {
    try withFolder { folder in
      var zip = ZipWriter(wideFrom: 1)
      try zip.add("a/one", [1, 2, 3])
      try zip.add("a/two", [])
      try zip.add("a/three", [UInt8](repeating: 7, count: 5000))
      try zip.write(to: "\(folder)/wide.zip", replacing: false)
      let archive = try ZipArchive(Bytes.read(path: "\(folder)/wide.zip"), name: "wide")
      #expect(archive.entries.map(\.name) == ["a/one", "a/two", "a/three"])
      #expect(archive.entries.map(\.size) == [3, 0, 5000])
      #expect(try Array(archive.contents(of: try #require(archive["a/one"])).raw) == [1, 2, 3])
      _ = try archive.contents(of: try #require(archive["a/three"]))
    }
  }

  @Test func checksumOfTheStandard() {
    // The check value of CRC-32/ISO-HDLC, and a length that leaves a tail.
    #expect(Array("123456789".utf8).withUnsafeBytes { CRC32.of($0) } == 0xcbf4_3926)
    #expect([UInt8]().withUnsafeBytes { CRC32.of($0) } == 0)
    #expect([UInt8](repeating: 0, count: 32).withUnsafeBytes { CRC32.of($0) } == 0x190a_55ad)
  }
}

@Suite struct TorchLies {
  @Test func oldFormat() throws {
    expectRefusal(.unsupported, "save it again") {
      _ = try TorchArchive.parse(golden("formats/legacy.pt"), name: "lie")
    }
  }
  @Test func expandedTensor() throws {
    expectRefusal(.unsupported, ".contiguous()") {
      _ = try TorchArchive.parse(golden("formats/expanded.pt"), name: "lie")
    }
  }

  /// An archive with this pickle after PROTO 2, and one storage of 8 bytes.
  private func archive(_ pickle: String, byteOrder: String = "little") throws -> Bytes {
    let entries: [RawEntry] = [
      RawEntry("a/data.pkl", [0x80, 2] + Array(pickle.utf8)), RawEntry("a/byteorder", Array(byteOrder.utf8)),
      RawEntry("a/data/0", [UInt8](repeating: 0, count: 8)),
    ]
    return try Bytes.of(RawZip(entries).bytes)
  }

  /// A tensor of a float32 storage with the given count; sizes are opcodes.
  private func tensor(count: String, offset: String, shape: String, strides: String) -> String {
    "ctorch._utils\n_rebuild_tensor_v2\n((X\u{7}\0\0\0storagectorch\nFloatStorage\n"
      + "X\u{1}\0\0\0\u{30}X\u{3}\0\0\0cpu\(count)tQ"
      + "\(offset)(\(shape)t(\(strides)tNNtR."
  }

  private func refused(
    _ status: Status, _ words: String, _ pickle: String, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let bytes = try archive(pickle)
    expectRefusal(status, words, sourceLocation: sourceLocation) { _ = try TorchArchive.parse(bytes, name: "lie") }
  }

  @Test func theTensorOfTheseTestsIsRead() throws {
    let value = try TorchArchive.parse(
      archive(tensor(count: "K\u{2}", offset: "K\0", shape: "K\u{2}", strides: "K\u{1}")), name: "fine")
    #expect(value.tensorValue?.shape == [2])
  }
  @Test func tensorReachesOutOfItsStorage() throws {
    try refused(
      .corruptFile, "reaches element 2", tensor(count: "K\u{2}", offset: "K\u{1}", shape: "K\u{2}", strides: "K\u{1}"))
    try refused(.corruptFile, "reaches element 2", tensor(count: "K\u{2}", offset: "K\u{2}", shape: "", strides: ""))
    try refused(
      .corruptFile, "reaches element 5", tensor(count: "K\u{2}", offset: "K\0", shape: "K\u{2}", strides: "K\u{5}"))
  }
  @Test func stridesOverflow() throws {
    let huge = "J\u{7f}\u{7f}\u{7f}\u{7f}"
    try refused(
      .limitExceeded, "elements",
      tensor(count: "K\u{2}", offset: "K\0", shape: huge + huge + huge, strides: huge + huge + huge))
    try refused(.corruptFile, "", tensor(count: "K\u{2}", offset: huge, shape: huge, strides: huge))
  }
  @Test func stridesMissing() throws {
    try refused(
      .corruptFile, "one stride for each axis", tensor(count: "K\u{2}", offset: "K\0", shape: "K\u{2}", strides: ""))
  }
  @Test func stridesRepeatElements() throws {
    try refused(.unsupported, "repeats", tensor(count: "K\u{2}", offset: "K\0", shape: "M\u{7f}\u{7f}", strides: "K\0"))
  }
  @Test func storageLongerThanItsEntry() throws {
    try refused(.corruptFile, "should hold 3 elements", tensor(count: "K\u{3}", offset: "K\0", shape: "", strides: ""))
  }
  @Test func storageShorterThanItsEntry() throws {
    try refused(.corruptFile, "should hold 1 elements", tensor(count: "K\u{1}", offset: "K\0", shape: "", strides: ""))
  }
  @Test func storageIsMissing() throws {
    let pickle = tensor(count: "K\u{2}", offset: "K\0", shape: "", strides: "").replacing(
      "X\u{1}\0\0\0\u{30}", with: "X\u{1}\0\0\u{0}9")
    try refused(.corruptFile, "data/9 is missing", pickle)
  }
  @Test func storageIsABareId() throws { try refused(.corruptFile, "persistent id", ")Q.") }
  @Test func negativeStrides() throws {
    var bytes = Array(tensor(count: "K\u{2}", offset: "K\0", shape: "K\u{2}", strides: "J\u{1}\u{1}\u{1}\u{1}").utf8)
    let at = try #require(bytes.indices.last { bytes[$0] == UInt8(ascii: "J") })
    bytes.replaceSubrange(at + 1..<at + 5, with: [0xff, 0xff, 0xff, 0xff])
    let zip = RawZip([
      RawEntry("a/data.pkl", [0x80, 2] + bytes), RawEntry("a/data/0", [UInt8](repeating: 0, count: 8)),
    ])
    let lie = try Bytes.of(zip.bytes)
    expectRefusal(.corruptFile, "negative") { _ = try TorchArchive.parse(lie, name: "lie") }
  }
  @Test func bigEndian() throws {
    let bytes = try archive("N.", byteOrder: "big")
    expectRefusal(.unsupported, "big-endian") { _ = try TorchArchive.parse(bytes, name: "lie") }
  }
  @Test func noPickle() throws {
    let bytes = try Bytes.of(RawZip([RawEntry("a/b", [])]).bytes)
    expectRefusal(.corruptFile, "without data.pkl") { _ = try TorchArchive.parse(bytes, name: "lie") }
  }
}
