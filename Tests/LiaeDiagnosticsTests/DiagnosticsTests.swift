// SPDX-License-Identifier: Apache-2.0
import LiaeConvert
import LiaeDiagnostics
import LiaeGraph
import LiaeImageIO
import LiaeRuntime
import LiaeSequence
import LiaeSystem
import LiaeTensor
import LiaeTestSupport
import LiaeText
import Testing

@Suite struct DiagnosticsTests {
  private func golden(_ name: String = "liae-udt") -> GoldenNetwork {
    GoldenNetwork.repository(name)
  }

  /// The model with one value of a tensor changed.
  private func changed(_ model: Model, _ name: String, _ index: Int, to value: Float) throws -> Model {
    var tensors = model.tensors
    let tensor = try model.tensor(name)
    var values = (0..<tensor.count).map { tensor[$0] }
    values[index] = value
    tensors[name] = try TensorView.of(values, as: .float32, shape: tensor.shape)
    return try Model(architecture: model.architecture, info: model.info, tensors: tensors)
  }

  // MARK: - What a model is

  @Test func inspection() throws {
    let network = golden()
    let model = try network.model()
    let inspection = try Inspection(path: network.folder, model: model)
    let json = inspection.json
    // The README of the golden data; DeepFaceLab's data.dat has iteration and face type.
    #expect(json["architecture"]?.text == "liae-udt" && json["resolution"]?.whole == 64 && json["e_dims"]?.whole == 4)
    #expect(try json["color_order"]?.text == "bgr" && json["hash"]?.text == model.hash())
    let sum = try File.list(network.folder).filter { $0.hasPrefix("golden_SAEHD_") }
      .reduce(0) { try $0 + File(reading: network.path($1)).length() }
    #expect(json["file_bytes"]?.whole == sum)
    #expect(try inspection.text.contains("resolution    64") && inspection.text.contains(model.hash()))
  }

  /// A DeepFaceLab model is the files of one name; any other checkpoint is its file.
  @Test func sizeOnDisk() throws {
    let folder = try TemporaryFolder()
    for (name, size) in [
      ("a_SAEHD_encoder.npy", 10), ("a_SAEHD_data.dat", 5), ("b_SAEHD_encoder.npy", 100), ("x.safetensors", 7),
    ] {
      try File.writeAtomically(folder(name), replacing: false, text: String(repeating: "x", count: size))
    }
    #expect(try CheckpointSize.bytes(folder("a_SAEHD_encoder.npy")) == 15)
    #expect(try CheckpointSize.bytes(folder("b_SAEHD_encoder.npy")) == 100)
    #expect(try CheckpointSize.bytes(folder("x.safetensors")) == 7)
    #expect(try CheckpointSize.bytes(folder.path) == 115)
  }

  // MARK: - Whether it is right

  @Test func weightsThatAreNotFinite() throws {
    let name = "decoder.upscale0.conv1.weight"
    let model = try golden().model()
    let shape = try model.tensor(name).shape
    #expect(try shape.count == 4 && WeightReport(model).isFinite)
    // Output 1, input 2, row 0, column 1.
    let index = ((1 * shape[1] + 2) * shape[2] + 0) * shape[3] + 1
    let bias = try #require(model.graph.tensors.first { $0.name.hasSuffix("bias") && !$0.isUnused }).name
    let report = try WeightReport(
      changed(changed(model, name, index, to: .nan), bias, 0, to: 1e-40))
    #expect(!report.isFinite && report.complaints == ["\(name): [1, 2, 0, 1] = nan"])
    #expect(report.denormals == 1 && report.text.contains("not finite  in 1 tensors"))
  }

  /// A difference of 0.01 is 40 dB.
  @Test func comparisonOfNumbers() {
    let far = Verification.Comparison("x", [0.5, 0.51, 0.49], [0.51, 0.5, 0.5])
    #expect(abs(far.decibels - 40) < 1e-4 && abs(far.worst - 0.01) < 1e-7 && !far.passes)
    let same = Verification.Comparison("x", [0.5, 1], [0.5, 1])
    #expect(same.decibels == .infinity && same.worst == 0 && same.passes)
    // 100 dB on the whole, and one value too far off.
    let (oneOff, zeros) = ([2e-4] + [Float](repeating: 0, count: 9999), [Float](repeating: 0, count: 10_000))
    let one = Verification.Comparison("x", oneOff, zeros)
    #expect(one.decibels > 110 && !one.passes)
    #expect(Verification.Comparison("x", oneOff, zeros, worstAllowed: Verification.worstAllowedOfXSeg).passes)
    #expect(!Verification.Comparison("x", [.nan, 1], [0, 1]).passes)
    #expect(!Verification.Comparison("x", [0], [0, 0]).passes)
  }

  @Test(arguments: ["liae-udt", "df-ud", "torch-ud", "amp-64"]) func verification(name: String) throws {
    let model = try golden(name).model()
    let right = try Verification(model, Plan(model: model), threads: 1)
    let morph = name == "df-ud" ? [] : ["morph 0.5 rgb", "morph 0.5 mask"]
    #expect(
      right.passes
        && right.comparisons.map(\.name) == ["swap rgb", "swap mask", "swap dst mask", "dst rgb", "dst mask"] + morph)
    // The plan of a model with one other weight.
    let tensor = try #require(model.graph.tensors.last { $0.name.hasSuffix("bias") && !$0.isUnused })
    let other = try changed(model, tensor.name, 0, to: 0.9)
    #expect(try !Verification(model, Plan(model: other), threads: 1).passes)
  }

  // MARK: - How fast it is

  @Test func benchmarkOfAModel() throws {
    let plan = try Plan(model: golden().model())
    let benchmark = try Benchmark(
      plan, threads: 1, rounds: 3, warmup: 1, destinationMask: true, isCancelled: { false })
    let json = benchmark.json
    let parts = try #require(json["parts"]?.elements), layers = try #require(json["layers"]?.elements)
    func sum(_ list: [JSON], _ key: String) -> Double { list.reduce(0) { $0 + ($1[key]?.real ?? .nan) } }
    #expect(layers.count > 10 && sum(parts, "multiplications") == sum(layers, "multiplications"))
    #expect(sum(parts, "weight_bytes") == sum(layers, "weight_bytes"))
    #expect(json["multiplications"]?.real == sum(parts, "multiplications") && json["rounds"]?.whole == 3)
    #expect(benchmark.text(layers: true).contains(try #require(layers.first?["name"]?.text)))
    #expect(benchmark.total.minimum > 0 && benchmark.total.median >= benchmark.total.minimum)
  }

  @Test func cancelled() throws {
    let plan = try Plan(model: golden().model())
    func status(_ body: () throws -> Void) -> Status? {
      do {
        try body()
        return nil
      } catch { return (error as? LiaeError)?.status }
    }
    var asked = 0
    let second = {
      asked += 1
      return asked > 1
    }
    #expect(
      status { _ = try Benchmark(plan, threads: 1, rounds: 9, warmup: 0, destinationMask: false, isCancelled: second) }
        == .cancelled)
    #expect(asked == 2)
    #expect(status { _ = try PlannerReport(plan, threads: 1, rounds: 1, isCancelled: { true }) } == .cancelled)
    #expect(
      status { _ = try FrameBenchmark(resolution: 64, threads: 1, rounds: 1, warmup: 0, isCancelled: { true }) }
        == .cancelled)
  }

  // MARK: - What it looks like

  @Test func demonstration() throws {
    let folder = try TemporaryFolder()
    let plan = try Plan(model: golden().model())
    let demo = try Demonstration(folder: folder.path, faces: 2, replacing: false)
    try demo.makeFolders()
    var notices: [SequenceNotice] = []
    let observer = SequenceObserver(notice: { notices.append($0) })
    #expect(try demo.makeFaces(plan, threads: 2, observer: observer) == 0)
    #expect(try demo.makeFrames(plan, threads: 2, observer: observer) == 0)
    #expect(notices.isEmpty)
    #expect(
      try File.list(demo.facesFolder) == ["face-1.png", "face-2.png"] && File.list(demo.resultsFolder).count == 6)
    for name in [demo.framesFolder, demo.truthFolder, demo.mergedFolder, demo.masksFolder] {
      #expect(try File.list(name) == (1...8).map { "0000\($0).png" }, "\(name)")
    }
    // Below a line of captions four columns of 128 pixels and two rows; four of 240, whose letters are larger, and eight.
    let (faces, frames) = (try Picture.read(path: demo.sheetPath), try Picture.read(path: demo.framesSheetPath))
    #expect((faces.width, faces.height) == (4 * 134 + 6, 2 * 134 + 6 + 12))
    #expect((frames.width, frames.height) == (4 * 246 + 6, 8 * 246 + 6 + 21))
    try modesDiffer(Picture.read(path: demo.modesSheetPath))
    do {
      _ = try Demonstration(folder: folder.path, faces: 1, replacing: false)
      Issue.record("files that are there were not noticed")
    } catch { #expect(error.status == .fileExists) }
  }
  /// Eleven columns of 128 pixels; four rows below their captions, whose cells differ where a mode makes a difference.
  private func modesDiffer(_ sheet: Picture) throws {
    let down = 12 + 134
    #expect((sheet.width, sheet.height) == (11 * 134 + 6, 4 * down + 6))
    func cell(_ row: Int, _ column: Int) -> [UInt8] {
      (0..<128).flatMap { y in
        let start = 3 * ((6 + 12 + row * down + y) * sheet.width + 6 + column * 134)
        return Array(sheet.storage.raw[start..<start + 3 * 128])
      }
    }
    // The frame and the face stand behind the blends; `original` is the frame.
    #expect(cell(3, 0) == cell(3, 9) && cell(3, 1) != cell(3, 9))
    // Masks of all modes differ from each other, and a colour transfer changes the face.
    #expect(Set((0..<11).map { cell(1, $0) }).count == 11)
    #expect(Set((0..<9).map { cell(2, $0) }).count == 9)
  }
}
