// SPDX-License-Identifier: Apache-2.0
import LiaeConvert
import LiaeFormats
import LiaeGraph
import LiaeSystem
import LiaeTensor
import LiaeTestSupport
import Testing

/// Architectures read off shapes alone, where no two sizes are equal.
@Suite struct ShapeInferenceTests {
  static let architectures: [Architecture] = {
    var all: [Architecture] = []
    for (resolution, options) in [(80, "u"), (128, "ud"), (96, "ut"), (160, "udt")] {
      for family in [Architecture.Family.liae, .df] {
        all.append(
          Architecture(
            family: family, options: options, resolution: resolution, eDims: 3, aeDims: 7, dDims: 2, dMaskDims: 5))
      }
    }
    for resolution in [32, 224] {
      all.append(
        Architecture(
          family: .amp, resolution: resolution, eDims: 3, aeDims: 7, dDims: 2, dMaskDims: 5, interDims: 11))
    }
    return all
  }()

  func tensors(_ architecture: Architecture, in folder: TemporaryFolder) throws -> TensorDictionary {
    try ModelWriter.write(
      try Model.random(architecture, seed: 5), to: folder("a.pt"), as: .torch, replacing: false)
    let archive = try TorchArchive.parse(try Bytes.read(path: folder("a.pt")), name: "a")
    var flat = TensorDictionary()
    for module in try #require(archive.pairs) {
      guard let name = module.key.stringValue, name != "liae", let entries = module.value.pairs else { continue }
      for (key, value) in entries { flat["\(name).\(try #require(key.stringValue))"] = value.tensorValue }
    }
    return flat
  }

  func open(_ tensors: TensorDictionary, in folder: TemporaryFolder) throws -> Model {
    try SafetensorsFile.write(tensors, metadata: [:], to: folder("b.safetensors"), replacing: true)
    return try ModelReader.open(path: folder("b.safetensors"))
  }

  @Test(arguments: architectures)
  func everySizeIsFound(_ architecture: Architecture) throws {
    let folder = try TemporaryFolder()
    let flat = try tensors(architecture, in: folder)
    #expect(try open(flat, in: folder).architecture == architecture)
    // So is it in DeepFaceLab's layouts.
    let model = try Model.random(architecture, seed: 5)
    try ModelWriter.write(model, to: folder("set"), as: .deepFaceLab(modelName: "m"), replacing: false)
    try File.remove("\(folder("set"))/m_\(architecture.family == .amp ? "AMP" : "SAEHD")_data.dat")
    expectSame(model, try ModelReader.open(path: folder("set")))
  }

  /// The tensor that a size is read off first may be the one that is missing.
  @Test func missingTensorsAreNamedAndNotTakenForAnotherNetwork() throws {
    for architecture in Self.architectures {
      let folder = try TemporaryFolder()
      var flat = try tensors(architecture, in: folder)
      let gone = flat.names.filter { $0.hasSuffix("conv1.weight") && $0.hasPrefix("encoder.down1") }
      for name in gone { flat[name] = nil }
      expectError(.missingTensor, gone[0], architecture.name) { _ = try open(flat, in: folder) }
    }
  }

  @Test func shapesThatNoNetworkHasAreNamed() throws {
    let architecture = try #require(Self.architectures.last)
    let folder = try TemporaryFolder()
    let flat = try tensors(architecture, in: folder)
    for (name, shape, message) in [
      ("encoder.down1.conv1.weight", [0, 3, 5, 5], "e_dims"),
      ("encoder.down1.conv1.weight", [2, 3, 5, 5], "resolution"),
      ("encoder.down1.conv1.weight", [5000, 3, 5, 5], "e_dims"),
      ("decoder.upscale0.conv1.weight", [33, 11, 3, 3], "d_dims"),
      ("encoder.dense1.weight", [7, 1177], "resolution"), ("encoder.dense1.weight", [7], "dense1.weight"),
      ("decoder.upscale0.conv1.weight", [64, 0, 3, 3], "inter_dims"),
    ] {
      var changed = flat
      changed[name] = try floats([Float](repeating: 0, count: shape.reduce(1, *)), shape)
      do {
        _ = try open(changed, in: folder)
        Issue.record("\(name) \(shape) was believed")
      } catch let error as LiaeError {
        #expect([.shapeMismatch, .unknownArchitecture, .missingTensor].contains(error.status), "\(error.message)")
        #expect(error.message.contains(message), "\(error.message)")
        #expect(error.message.hasPrefix(folder("b.safetensors")), "\(error.message)")
      }
    }
  }

  @Test func tensorsOfTwoNetworksAreRefused() throws {
    let folder = try TemporaryFolder()
    var both = try tensors(Self.architectures[7], in: folder)
    let other = try TemporaryFolder()
    let more = try tensors(Self.architectures[6], in: other)
    for name in more.names { both[name] = more[name] }
    expectError(.unknownArchitecture, "liae and df") { _ = try open(both, in: folder) }
  }
}
