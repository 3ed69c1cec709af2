// SPDX-License-Identifier: Apache-2.0
import LiaeConvert
import LiaeFormats
import LiaeGraph
import LiaeSystem
import LiaeTensor
import LiaeTestSupport
import Testing

/// Models go out to a format and back: the same bits.
@Suite struct RoundTripTests {
  /// Shapes that no golden file has: odd dims, other sides, every set of letters.
  static let architectures: [Architecture] = {
    var all: [Architecture] = []
    for flavour in [Architecture.Flavour.dfl, .torch] {
      for family in flavour == .dfl ? [Architecture.Family.liae, .df] : [.liae] {
        for bits in 0..<(flavour == .dfl ? 16 : 8) {
          var letters = ""
          for (place, letter) in ["u", "d", "t", "c"].enumerated() where (bits >> place) & 1 == 1 { letters += letter }
          all.append(
            Architecture(
              family: family, flavour: flavour, options: letters, resolution: bits % 2 == 0 ? 64 : 96, eDims: 2,
              aeDims: 3, dDims: 2, dMaskDims: 1))
        }
      }
    }
    for resolution in [64, 96] {
      all.append(
        Architecture(
          family: .amp, resolution: resolution, eDims: 2, aeDims: 3, dDims: 2, dMaskDims: 1, interDims: 5))
    }
    return all
  }()

  @Test(arguments: architectures)
  func everyFormatGivesTheBitsBack(_ architecture: Architecture) throws {
    let model = try Model.random(architecture, seed: 3)
    let folder = try TemporaryFolder()
    try ModelWriter.write(model, to: folder("m.safetensors"), as: .safetensors(.float32), replacing: false)
    let frozen = try ModelReader.open(path: folder("m.safetensors"))
    expectSame(model, frozen)
    #expect(frozen.info == model.info)

    try ModelWriter.write(model, to: folder("m.pt"), as: .torch, replacing: false)
    let torch = try ModelReader.open(path: folder("m.pt"))
    expectSame(model, torch)

    if architecture.flavour == .dfl || !architecture.doubleResolution {
      try ModelWriter.write(model, to: folder("set"), as: .deepFaceLab(modelName: "m"), replacing: false)
      let set = try ModelReader.open(path: folder("set"))
      // Without d the two flavours are one network, and DeepFaceLab's files say so.
      expectSame(model, set, flavour: architecture.flavour == .dfl)
    }
    if !architecture.validHeads {
      try ModelWriter.write(model, to: folder("m.dfm"), as: .dfm(.float32), replacing: false)
      let graph = try ModelReader.open(path: folder("m.dfm"))
      let left = model.graph.tensors.map(\.name).filter {
        $0.hasPrefix("decoder_dst.") && !$0.contains("upscalem") && !$0.contains("convm")
      }
      expectSame(
        model, graph, flavour: architecture.flavour == .dfl || architecture.doubleResolution, except: Set(left))
    }
  }

  @Test func halfPrecisionIsWhatWasStored() throws {
    let folder = try TemporaryFolder()
    let model = try golden("liae-ud").model()
    for dtype in [DType.float16, .bfloat16] {
      try ModelWriter.write(model, to: folder("a.safetensors"), as: .safetensors(dtype), replacing: true)
      let half = try ModelReader.open(path: folder("a.safetensors"))
      #expect(half.tensors.names.allSatisfy { half.tensors[$0]?.dtype == dtype })
      try ModelWriter.write(half, to: folder("b.safetensors"), as: .safetensors(.float32), replacing: true)
      try ModelWriter.write(
        try ModelReader.open(path: folder("b.safetensors")), to: folder("c.safetensors"), as: .safetensors(dtype),
        replacing: true)
      expectSame(half, try ModelReader.open(path: folder("c.safetensors")))
    }
  }

  @Test func aNumberTooLargeForHalfPrecisionIsSaid() throws {
    let architecture = Architecture(resolution: 64, eDims: 1, aeDims: 1, dDims: 1, dMaskDims: 1)
    let model = try Model.random(architecture)
    var tensors = model.tensors
    tensors["decoder.out_conv.bias"] = try floats([0, 7e4, 0], [3])
    let large = try Model(architecture: architecture, info: model.info, tensors: tensors)
    let folder = try TemporaryFolder()
    expectError(.unsupported, "decoder.out_conv.bias", "70000") {
      try ModelWriter.write(large, to: folder("a.safetensors"), as: .safetensors(.float16), replacing: false)
    }
    #expect(File.kind(folder("a.safetensors")) == nil)
    try ModelWriter.write(large, to: folder("a.safetensors"), as: .safetensors(.bfloat16), replacing: false)
  }

  /// A df export lacks a branch; what is written from it lacks it too, and says so when it is read again.
  @Test func theBranchThatAnExportLeavesOutStaysOut() throws {
    let folder = try TemporaryFolder()
    let export = try golden("df-ud").model("golden.dfm")
    try ModelWriter.write(export, to: folder("a.safetensors"), as: .safetensors(.float32), replacing: false)
    try ModelWriter.write(export, to: folder("a"), as: .deepFaceLab(modelName: "a"), replacing: false)
    try ModelWriter.write(export, to: folder("a.dfm"), as: .dfm(.float32), replacing: false)
    for path in ["a.safetensors", "a", "a.dfm"] {
      let again = try ModelReader.open(path: folder(path))
      #expect(again.info.lacksDestinationPicture)
      expectSame(export, again)
    }
  }

  @Test func colourOrderSurvivesWhereTheFormatCanSayIt() throws {
    let folder = try TemporaryFolder()
    let network = try golden("torch-u")
    let options = OpenOptions(architecture: "liae-u", colorOrder: .rgb)
    let model = try ModelReader.open(path: network.path("ckpts_7.pt"), options: options)
    #expect(model.info.guesses.isEmpty)
    try ModelWriter.write(model, to: folder("a.pt"), as: .torch, replacing: false)
    #expect(try ModelReader.open(path: folder("a.pt")).info.colorOrder == .rgb)
    // DeepFaceLab reads blue first: the first layer and the head are turned, and turning them again gives them back.
    try ModelWriter.write(model, to: folder("a.dfm"), as: .dfm(.float32), replacing: false)
    let graph = try ModelReader.open(path: folder("a.dfm"))
    #expect(graph.info.colorOrder == .bgr)
    let name = "encoder.down1.downs.0.conv1.weight"
    let (red, blue) = (try model.tensor(name), try graph.tensor(name))
    #expect((0..<25).allSatisfy { red[$0] == blue[50 + $0] && red[25 + $0] == blue[25 + $0] })
    let (redBias, blueBias) = (try model.tensor("decoder.out_conv.bias"), try graph.tensor("decoder.out_conv.bias"))
    #expect((0..<3).allSatisfy { redBias[$0] == blueBias[2 - $0] })
    #expect(try model.tensor("decoder.out_convm.weight")[0] == graph.tensor("decoder.out_convm.weight")[0])
  }

  @Test func nothingIsReplacedUnlessAsked() throws {
    let folder = try TemporaryFolder()
    let model = try Model.random(Architecture(resolution: 64, eDims: 1, aeDims: 1, dDims: 1, dMaskDims: 1))
    for (path, format) in [
      ("a.safetensors", ModelWriter.Format.safetensors(.float32)), ("a.dfm", .dfm(.float32)), ("a.pt", .torch),
      ("a", .deepFaceLab(modelName: "a")),
    ] {
      try ModelWriter.write(model, to: folder(path), as: format, replacing: false)
      expectError(.fileExists, folder(path)) {
        try ModelWriter.write(model, to: folder(path), as: format, replacing: false)
      }
      try ModelWriter.write(model, to: folder(path), as: format, replacing: true)
    }
  }

  @Test(arguments: ["", "a/b", "a_b"])
  func namesThatDeepFaceLabWouldNotFindAreRefused(_ name: String) throws {
    let folder = try TemporaryFolder()
    let model = try Model.random(Architecture(resolution: 64, eDims: 1, aeDims: 1, dDims: 1, dMaskDims: 1))
    expectError(.invalidArgument) {
      try ModelWriter.write(model, to: folder("a"), as: .deepFaceLab(modelName: name), replacing: false)
    }
  }

  @Test func networksThatAFormatCannotExpressAreRefused() throws {
    let folder = try TemporaryFolder()
    let valid = try golden("torch-ud").model()
    expectError(.unsupported, "4 pixels") {
      try ModelWriter.write(valid, to: folder("a.dfm"), as: .dfm(.float32), replacing: false)
    }
    for name in ["torch-ud", "torch-udt"] {
      expectError(.unsupported, "first head") {
        try ModelWriter.write(
          try golden(name).model(), to: folder("a"), as: .deepFaceLab(modelName: "a"), replacing: false)
      }
    }
  }
}
