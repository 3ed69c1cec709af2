// SPDX-License-Identifier: Apache-2.0
import LiaeConvert
import LiaeFormats
import LiaeGraph
import LiaeKernelsReference
import LiaeSystem
import LiaeTestSupport
import Testing

/// Networks written in PyTorch in many ways, and exported by either of its exporters, over the operator sets, with and
/// without onnxsim and onnxruntime's optimiser (make_onnx_fixtures.py).
@Suite struct ExportedGraphTests {
  static let arrays = Result {
    let folder = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(2).joined(separator: "/")
    return try NPZ.read("\(folder)/Fixtures/exports.npz")
  }
  static let names: [String] = {
    let all = (try? arrays.get()) ?? [:]
    return all.keys.filter { $0.hasSuffix(".onnx") }.map { String($0.dropLast(5)) }.sorted()
  }()

  static func array(_ name: String) throws -> NPYArray { try #require(try arrays.get()[name], "\(name)") }
  static func file(_ name: String) throws -> Bytes { try bytes(array("\(name).onnx").values.map { UInt8($0) }) }

  @Test func theFixturesAreThere() throws {
    _ = try Self.arrays.get()
    #expect(Self.names.count >= 24)
  }

  @Test(arguments: names)
  func theFileHoldsTheWeights(_ name: String) throws {
    let model = try ModelReader.open(memory: try Self.file(name), name: name)
    let about = try Self.array("\(name).about").texts
    #expect(model.architecture.name == about[0])
    #expect(model.architecture.flavour.rawValue == about[1])
    #expect(try model.hash() == about[2])
    #expect(model.info.guesses.isEmpty, "\(model.info.guesses)")
    #expect(model.info.lacksDestinationPicture == (name == "df"))
    #expect(model.info.origin == .dfm && model.info.faceType == nil)
  }

  /// The graph of the network, with the weights of the file, computes what onnxruntime computes of the file.
  @Test(arguments: names)
  func theFileComputesTheSame(_ name: String) throws {
    let model = try ModelReader.open(memory: try Self.file(name), name: name)
    let network = try ReferenceNetwork(model: model, backend: .plainLoops)
    let number = Int(try Self.array("\(name).network").values[0])
    let image = try Self.array("\(number).face").values.map { $0 / 255 }
    var run = "swap"
    var morph: Float = 1
    if let value = try Self.arrays.get()["\(number).morph"]?.values.first { (run, morph) = ("morph", value) }
    let tolerance = name.hasPrefix("half") ? GoldenTolerance.half : GoldenTolerance.direct
    for (output, expected) in [
      ("\(run).rgb", "rgb"), ("\(run).mask", "mask"), ("destination.mask", "destination"),
      ("destination.rgb", "destination_rgb"),
    ] {
      guard let array = try Self.arrays.get()["\(number).\(expected)"] else {
        #expect(expected == "destination_rgb", "\(expected) is missing")
        continue
      }
      let planes = try network.evaluate([output], image: image, morph: morph)[0]
      // From channel, row, column.
      let count = planes.count / (expected.hasSuffix("rgb") ? 3 : 1)
      let values = (0..<planes.count).map { planes[$0 % (planes.count / count) * count + $0 / (planes.count / count)] }
      let comparison = Comparison(values, array.values)
      #expect(comparison.maximum <= tolerance, "\(name) \(output): \(comparison)")
    }
  }

  /// What the graph computes says nothing of which decoder is the swap's; names do, and where they do not, that is said.
  @Test func dfWithoutNamesIsAGuess() throws {
    let folder = try TemporaryFolder()
    let named = try ModelReader.open(memory: try Self.file("df"), name: "df")
    func open(_ outputs: [String]) throws -> Model {
      var model = try ONNXModel.parse(try Self.file("df"), name: "df")
      // The writer has no attributes that are tensors.
      for node in model.graph.nodes {
        if case .tensor(let tensor)? = node.attributes["value"] { model.graph.initializers[node.outputs[0]] = tensor }
      }
      model.graph.nodes.removeAll { $0.operation == "Constant" }
      var names: [String: String] = [:]
      for (place, name) in model.graph.initializers.names.enumerated() { names[name] = "w\(place)" }
      for (place, output) in model.graph.outputs.enumerated() {
        names[output.name] = outputs[place]
        model.graph.outputs[place].name = outputs[place]
      }
      for place in model.graph.nodes.indices {
        model.graph.nodes[place].inputs = model.graph.nodes[place].inputs.map { names[$0] ?? $0 }
        model.graph.nodes[place].outputs = model.graph.nodes[place].outputs.map { names[$0] ?? $0 }
      }
      var initializers = model.graph.initializers
      for name in model.graph.initializers.names {
        initializers[name] = nil
        initializers[try #require(names[name])] = model.graph.initializers[name]
      }
      model.graph.initializers = initializers
      try model.write(to: folder("a.onnx"), replacing: true)
      return try ModelReader.open(path: folder("a.onnx"))
    }
    // rgb, mask, destination: the mask that follows the picture.
    let guessed = try open(["a", "b", "c"])
    #expect(guessed.info.guesses.count == 1 && guessed.info.guesses[0].contains("output b"))
    expectSame(named, guessed)
    let swapped = try open(["a", "out_face_mask", "out_celeb_face_mask"])
    #expect(swapped.info.guesses.isEmpty)
    let mask = "upscalem0.conv1.weight"
    #expect(swapped.tensors["decoder_src.\(mask)"]?[0] == named.tensors["decoder_dst.\(mask)"]?[0])
    #expect(swapped.tensors["decoder_dst.\(mask)"]?[0] == named.tensors["decoder_src.\(mask)"]?[0])
  }
}
