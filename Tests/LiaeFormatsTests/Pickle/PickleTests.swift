import LiaeFormats
// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeTensor
import Testing

private func expectFixtureWeights(_ tensors: TensorDictionary) throws {
  #expect(
    tensors.names == [
      "iters:0", "windows:0", "half/weight:0", "conv/weight:0", "fortran:0", "conv/bias:0", "double:0", "bytes:0",
      "empty:0",
    ])
  let expected: [(String, DType, [Int])] = [
    ("half/weight:0", .float16, [3, 2]), ("conv/weight:0", .float32, [3, 3, 2, 4]), ("fortran:0", .float32, [2, 3]),
    ("conv/bias:0", .float32, [4]), ("double:0", .float64, [2, 2]), ("bytes:0", .uint8, [300]),
    ("empty:0", .float32, [0]),
  ]
  for (name, dtype, shape) in expected {
    let view = try #require(tensors[name])
    #expect(view.dtype == dtype && view.shape == shape)
    #expect(floats(view) == fixtureValues(view.count, dtype), "\(name)")
  }
  let iterations = try #require(tensors["iters:0"])
  #expect(iterations.dtype == .int64 && iterations.shape == [])
  #expect(PickleValue.tensor(iterations).intValue == (1 << 40) + 1)
  #expect(PickleValue.tensor(try #require(tensors["windows:0"])).intValue == Int(Int32.min) + 1)
}

private func expectFixtureData(_ data: PickleValue) throws {
  #expect(data["iter"]?.intValue == 123456)
  let options = try #require(data["options"])
  #expect(options["resolution"]?.intValue == 128)
  #expect(options["archi"]?.stringValue == "liae-udt")
  #expect(options["e_dims"]?.intValue == 64)
  #expect(options["power"]?.doubleValue == 0.1)
  #expect(options["pretrain"]?.boolValue == false)
  #expect(options["flag"]?.boolValue == true)
  #expect(options["text"]?.stringValue == "é中")
  #expect(options["negative"]?.intValue == -70000)
  #expect(options["wide"]?.intValue == 1 << 40)
  if case .opaque? = options["seed"] {} else { Issue.record("2^64 - 1 is \(String(describing: options["seed"]))") }
  let history = try #require(data["loss_history"]?.elements)
  #expect(history.count == 2500)
  #expect(history[2499].elements?.map(\.doubleValue) == [2499.0 / 8, -2499.0 / 4])
  let preview = try #require(data["sample_for_preview"]?.elements?.first?.elements)
  #expect(preview.map(\.tensorValue?.shape) == [[1, 2, 2, 3], [1, 2, 2, 1]])
  #expect(floats(try #require(preview[0].tensorValue)) == fixtureValues(12))
  let mixed = try #require(data["mixed"]?.elements)
  #expect(mixed.count == 7)
  #expect(mixed[1].elements?.map(\.intValue) == [2, 3])
  if case .bytes(let bytes) = mixed[5] { #expect(Array(bytes.raw) == [0, 255]) } else { Issue.record("no bytes") }
}

@Suite struct PickleTests {
  @Test(arguments: ["protocol2", "protocol3", "protocol4", "protocol5", "numpy1"])
  func weightsOfEveryProtocol(_ kind: String) throws {
    try expectFixtureWeights(DeepFaceLabFile.parseWeights(golden("formats/weights_\(kind).npy"), name: kind))
  }

  @Test(arguments: [2, 3, 4, 5])
  func dataOfEveryProtocol(_ version: Int) throws {
    try expectFixtureData(DeepFaceLabFile.parseData(golden("formats/data_protocol\(version).dat"), name: "data"))
  }

  @Test func arraysAreViewsOfTheFile() throws {
    let bytes = try golden("formats/weights_protocol4.npy")
    let tensors = try DeepFaceLabFile.parseWeights(bytes, name: "weights")
    #expect(tensors.names.filter { tensors[$0]?.storage !== bytes } == ["fortran:0"])
  }

  @Test func genuineFilesOfDeepFaceLab() throws {
    let encoder = try DeepFaceLabFile.parseWeights(golden("networks/df/golden_SAEHD_encoder.npy"), name: "encoder")
    #expect(encoder.count == 8)
    let weight = try #require(encoder["down1/downs_0/conv1/weight:0"])
    #expect(weight.shape == [5, 5, 3, 4])
    #expect(weight[0] == 0.24400637 && weight[299] == -0.08696491)
    let inter = try DeepFaceLabFile.parseWeights(golden("networks/liae-ud/golden_SAEHD_inter_AB.npy"), name: "inter")
    #expect(inter.count == 6)
    #expect(inter["dense1/weight:0"]?[4095] == -0.0061967038)
    let data = try DeepFaceLabFile.parseData(golden("networks/liae-ud/golden_SAEHD_data.dat"), name: "data")
    #expect(data["options"]?["archi"]?.stringValue == "liae-ud")
    #expect(data["iter"]?.intValue == 50)
    let old = try DeepFaceLabFile.parseData(golden("networks/df/golden_SAEHD_data.dat"), name: "data")
    #expect(old["options"]?["ae_dims"]?.intValue == 8)
  }

  @Test func sharedValues() throws {
    let value = try PickleReader.parse(golden("formats/shared.pkl"), name: "shared", allowing: .numpy)
    for key in ["a", "b"] { #expect(value[key]?.elements?.first?.doubleValue == 1.5) }
    #expect(value["c"]?.elements?.count == 2)
  }

  @Test func enumerationsOfAFaceset() throws {
    let value = try PickleReader.parse(golden("formats/faceset.pkl"), name: "faceset", allowing: .faceset)
    guard case .enumeration("samplelib.Sample.SampleType", 1)? = value.elements?.first?["sample_type"] else {
      Issue.record("\(value)")
      return
    }
    expectRefusal(.unsafeFile, "samplelib.Sample.SampleType") {
      _ = try PickleReader.parse(golden("formats/faceset.pkl"), name: "lie", allowing: .numpy)
    }
  }

  @Test(arguments: [2, 3, 4])
  func writingAndReadingGivesTheSameBits(_ version: Int) throws {
    let tensors = try DeepFaceLabFile.parseWeights(golden("formats/weights_protocol4.npy"), name: "weights")
    let pairs = tensors.names.compactMap { name in
      tensors[name].map { (key: PickleValue.string(name), value: PickleValue.tensor($0)) }
    }
    try withFolder { folder in
      let stream = try PickleWriter.serialize(.dictionary(pairs), protocol: version)
      try stream.write(to: "\(folder)/w", replacing: false)
      let bytes = try Bytes.read(path: "\(folder)/w")
      #expect(bytes.count == stream.byteCount)
      try expectFixtureWeights(DeepFaceLabFile.parseWeights(bytes, name: "copy"))
    }
  }

  @Test func weightFilesAndDataFilesAreWritten() throws {
    let tensors = try DeepFaceLabFile.parseWeights(golden("networks/df/golden_SAEHD_encoder.npy"), name: "encoder")
    try withFolder { folder in
      try DeepFaceLabFile.writeWeights(tensors, to: "\(folder)/w.npy", replacing: false)
      let copy = try DeepFaceLabFile.parseWeights(Bytes.read(path: "\(folder)/w.npy"), name: "copy")
      #expect(copy.names == tensors.names)
      for name in copy.names {
        #expect(try #require(copy[name]).raw.elementsEqual(try #require(tensors[name]).raw))
      }
      guard var pairs = try DeepFaceLabFile.parseData(golden("formats/data_protocol3.dat"), name: "data").pairs else {
        return
      }
      #expect(throws: LiaeError.self) {  // the object array and the wide integer have no form
        try DeepFaceLabFile.writeData(.dictionary(pairs), to: "\(folder)/d.dat", replacing: false)
      }
      #expect(File.kind("\(folder)/d.dat") == nil)
      pairs.removeAll { $0.key.stringValue == "objects" || $0.key.stringValue == "mixed" }
      pairs = pairs.map { pair in
        guard pair.key.stringValue == "options", let options = pair.value.pairs else { return pair }
        return (pair.key, .dictionary(options.filter { $0.key.stringValue != "seed" }))
      }
      try DeepFaceLabFile.writeData(.dictionary(pairs), to: "\(folder)/d.dat", replacing: false)
      let data = try DeepFaceLabFile.parseData(Bytes.read(path: "\(folder)/d.dat"), name: "copy")
      #expect(data["loss_history"]?.elements?.count == 2500)
      #expect(data["options"]?["wide"]?.intValue == 1 << 40)
      #expect(data["options"]?["power"]?.doubleValue == 0.1)
    }
  }
}
