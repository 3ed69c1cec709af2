// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeGraph
import LiaeImageIO
import LiaeRuntime
import LiaeSequence
import LiaeSystem
import LiaeTensor
import LiaeTestSupport
import Testing

@Suite struct FaceInferenceTests {
  private func writeArray(_ values: [Float], _ shape: [Int], to path: String) throws {
    try NumpyArray.write(TensorView.of(values, as: .float32, shape: shape), to: path, replacing: true)
  }

  private func array(_ path: String) throws -> (shape: [Int], values: [Float]) {
    let tensor = try NumpyArray.parse(Bytes.read(path: path), name: path)
    return (tensor.shape, (0..<tensor.count).map { tensor[$0] })
  }

  /// Runs files with a golden network.
  private func run(
    _ paths: [String], into folder: String, network: String = "liae-udt", format: FaceOutputs.Format = .npy,
    mode: RunMode = .swap, replacing: Bool = false, _ log: Log = Log()
  ) throws -> Int {
    let inputs = try FaceInputs(paths: paths)
    let outputs = try FaceOutputs(
      inputs: inputs.files, folder: folder, format: format, destinationMask: true, replacing: replacing)
    let runner = try FaceRunner(Plan.golden(network), threads: 1, mode: mode)
    var inference = FaceInference(runner: runner, outputs: outputs, provenance: .rawFace, observer: log.observer)
    return try inference.run(inputs.files) + inputs.errors.count
  }

  /// A batch through a network gives what TensorFlow and PyTorch computed. VALID heads lack two pixels on each side.
  @Test(arguments: ["liae-udt", "df-ud", "torch-ud"]) func aBatchGivesTheGoldenOutputs(network: String) throws {
    let folder = try TemporaryFolder()
    let golden = try GoldenNetwork.repository(network).arrays()
    let input = try #require(golden["input"])
    try writeArray(input.values, input.shape, to: folder("batch.npy"))
    let log = Log()
    #expect(try run([folder("batch.npy")], into: folder("out"), network: network, log) == 0)
    for (file, key) in [("rgb", "swap_rgb"), ("mask", "swap_mask"), ("dst_mask", "dst_mask")] {
      let (found, expected) = (try array(folder("out/batch.\(file).npy")), try #require(golden[key]))
      let comparison = Comparison(found.values, expected.values)
      #expect(found.shape == expected.shape && comparison.psnr >= 100, "\(file): \(comparison)")
    }
    #expect(log.progress.map(\.finished) == [0, 1, 2] && log.progress.allSatisfy { $0.total == 2 })
  }

  /// A single array has no batch axis, and each image of a batch has a file of its own as PNG.
  @Test func shapesAndNames() throws {
    let folder = try TemporaryFolder()
    let input = try #require(GoldenNetwork.repository("liae-udt").arrays()["input"])
    try writeArray(input.item(1), [64, 64, 3], to: folder("one.npy"))
    try writeArray(input.values, input.shape, to: folder("two.npy"))
    #expect(try run([folder("one.npy"), folder("two.npy")], into: folder("npy")) == 0)
    #expect(try run([folder("one.npy"), folder("two.npy")], into: folder("png"), format: .png) == 0)
    let (one, two) = (try array(folder("npy/one.rgb.npy")), try array(folder("npy/two.rgb.npy")))
    #expect(one.shape == [64, 64, 3] && two.shape == [2, 64, 64, 3])
    #expect(isBitEqual(one.values, Array(two.values.suffix(64 * 64 * 3))))
    let kinds = ["dst_mask", "mask", "rgb"]
    #expect(
      try File.list(folder("png")) == kinds.map { "one.\($0).png" }
        + [0, 1].flatMap { index in kinds.map { "two.000\(index).\($0).png" } })
    // BGR of the model, RGB of the file; halves are rounded up.
    let picture = try pixels(folder("png/one.rgb.png"))
    let expected = (0..<64 * 64).flatMap { pixel in
      [2, 1, 0].map { UInt8(min(max(one.values[3 * pixel + $0], 0), 1) * 255 + 0.5) }
    }
    #expect(picture == expected)
  }

  @Test func picturesOfAnotherSizeAreResizedAndMentionedOnce() throws {
    let folder = try TemporaryFolder()
    for (name, width, height) in [("a", 64, 64), ("b", 80, 60), ("c", 80, 60), ("d", 32, 32)] {
      try writeGray(90, width: width, height: height, to: folder("\(name).png"))
    }
    let log = Log()
    #expect(try run(["a", "b", "c", "d"].map { folder("\($0).png") }, into: folder("out"), format: .png, log) == 0)
    #expect(
      log.notices == [
        .resized(first: folder("b.png"), width: 80, height: 60, side: 64),
        .resized(first: folder("d.png"), width: 32, height: 32, side: 64),
      ])
    #expect(log.messages[0].contains("changes its proportions") && !log.messages[1].contains("proportions"))
    // The same gray at every size, but for the rounding of the filter.
    let (whole, resized) = (try pixels(folder("out/a.rgb.png")), try pixels(folder("out/b.rgb.png")))
    #expect(whole.count == resized.count && zip(whole, resized).allSatisfy { abs(Int($0) - Int($1)) <= 1 })
  }

  // MARK: - What is wrong

  @Test func oneThatFailsDoesNotStopTheOthers() throws {
    let folder = try TemporaryFolder()
    var values = [Float](repeating: 0.5, count: 2 * 64 * 64 * 3)
    values[(64 * 64 + 5 * 64 + 7) * 3 + 2] = .nan
    try writeArray(values, [2, 64, 64, 3], to: folder("a.npy"))
    try writeArray([Float](repeating: 0.5, count: 32 * 64 * 3), [32, 64, 3], to: folder("b.npy"))
    try File.writeAtomically(folder("c.png"), replacing: false, text: "noise")
    try writeGray(1, width: 64, height: 64, to: folder("d.png"))
    let log = Log()
    let inputs = try FaceInputs(paths: [folder.path])
    #expect(inputs.count == 4 && inputs.files.map(\.stem) == ["a", "b", "d"])
    #expect(inputs.errors.map(\.status) == [.unknownFormat])
    #expect(try run([folder.path], into: folder("out"), log) == 3)
    #expect(log.messages.count == 2)
    #expect(log.messages[0].contains("a.npy: image 1 has nan at row 5, column 7, channel 2"), "\(log.messages)")
    #expect(log.messages[1].contains("b.npy: holds pictures of shape [32, 64, 3]; the model takes [64, 64, 3]"))
    #expect(try File.list(folder("out")) == ["d.dst_mask.npy", "d.mask.npy", "d.rgb.npy"])
  }

  @Test func arraysThatAreNoFaces() throws {
    let folder = try TemporaryFolder()
    func error(_ values: [Float], _ shape: [Int]) throws -> LiaeError? {
      try writeArray(values, shape, to: folder("x.npy"))
      return try FaceInputs(paths: [folder("x.npy")]).errors.first
    }
    #expect(try error([], [0, 64, 64, 3]) == nil)
    #expect(try error([], [5, 0, 64, 3])?.status == .shapeMismatch)
    #expect(try error([1, 2], [1, 1, 2])?.status == .shapeMismatch)
    #expect(try error([1, 2, 3], [3])?.status == .shapeMismatch)
    // Every image would get files of its own.
    let many = [Float](repeating: 0, count: 3 * 1_000_001)
    #expect(try error(many, [1_000_001, 1, 1, 3])?.status == .limitExceeded)
  }

  @Test func outputsAreSettledBeforeAnythingIsComputed() throws {
    let folder = try TemporaryFolder()
    try File.makeFolder(folder("sub"))
    for name in ["a.png", "a.rgb.png", "sub/a.png"] { try writeGray(1, width: 64, height: 64, to: folder(name)) }
    func error(_ paths: [String], _ output: String, replacing: Bool = false) -> LiaeError? {
      failure { _ = try run(paths.map { folder($0) }, into: folder(output), format: .png, replacing: replacing) }
    }
    #expect(error(["a.png", "sub/a.png"], "out")?.message.contains("would both be written as a.*") == true)
    #expect(error(["a.png", "a.rgb.png"], ".")?.message.contains("would replace the input") == true)
    #expect(error(["a.png"], ".")?.status == .fileExists)
    #expect(error(["a.png"], "a.png")?.status == .inputOutput)
    #expect(File.kind(folder("out")) == nil)
    #expect(error(["a.png"], "out") == nil && error(["a.png"], "out")?.status == .fileExists)
    #expect(error(["a.png"], "out", replacing: true) == nil)
    #expect(error(["out"], "x") == nil)
    #expect(error(["sub/none"], "y")?.message.contains("no such file") != true)
    try File.makeFolder(folder("empty"))
    #expect(error(["empty"], "y")?.status == .fileNotFound)
  }

  @Test func cancelledBetweenFaces() throws {
    let folder = try TemporaryFolder()
    for name in ["a", "b", "c"] { try writeGray(1, width: 64, height: 64, to: folder("\(name).png")) }
    let log = Log(cancelledAfter: 2)
    let error = failure { _ = try run(["a", "b", "c"].map { folder("\($0).png") }, into: folder("out"), log) }
    #expect(error?.status == .cancelled && log.notices.isEmpty)
    #expect(try File.list(folder("out")).filter { $0.hasSuffix(".rgb.npy") } == ["a.rgb.npy", "b.rgb.npy"])
  }

  @Test func modesThatAModelHasNot() throws {
    func status(_ network: String, _ mode: RunMode) throws -> Status? {
      let plan = try Plan.golden(network)
      return failure { _ = try FaceRunner(plan, threads: 1, mode: mode) }?.status
    }
    #expect(try status("liae-udt", .morph(0.5)) == nil && status("amp-64", .morph(0.5)) == nil)
    #expect(try status("df-ud", .morph(0.5)) == .unsupported)
    let exported = try Plan(model: GoldenNetwork.repository("df-ud").model("golden.dfm"))
    #expect(failure { _ = try FaceRunner(exported, threads: 1, mode: .reconstructDestination) }?.status == .unsupported)
  }
}
