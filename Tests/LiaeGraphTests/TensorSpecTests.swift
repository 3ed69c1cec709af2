// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeGraph
import LiaeSystem
import LiaeTestSupport
import Testing

/// The canonical names and shapes against DeepFaceLab's own, written down from its weight files: a line for each
/// weight, convolutions (kh, kw, in, out), dense layers (in, out), in e, a, d, m = the dims, z = the channels that the
/// decoder reads, o = those of a latent module, F = the flat code, G = the latent pixels times o.
@Suite struct TensorSpecTests {
  private static let encoder = """
    down1/downs_0/conv1 5,5,3,e
    down1/downs_1/conv1 5,5,e,2e
    down1/downs_2/conv1 5,5,2e,4e
    down1/downs_3/conv1 5,5,4e,8e
    """
  private static let encoderT = """
    down1/conv1 5,5,3,e
    res1/conv1 3,3,e,e
    res1/conv2 3,3,e,e
    down2/conv1 5,5,e,2e
    down3/conv1 5,5,2e,4e
    down4/conv1 5,5,4e,8e
    down5/conv1 5,5,8e,8e
    res5/conv1 3,3,8e,8e
    res5/conv2 3,3,8e,8e
    """
  private static let inter = """
    dense1 F,a
    dense2 a,G
    """
  private static let interUpscale = "upscale1/conv1 3,3,o,4o"
  private static let decoder = """
    upscale0/conv1 3,3,z,32d
    upscale1/conv1 3,3,8d,16d
    upscale2/conv1 3,3,4d,8d
    res0/conv1 3,3,8d,8d
    res0/conv2 3,3,8d,8d
    res1/conv1 3,3,4d,4d
    res1/conv2 3,3,4d,4d
    res2/conv1 3,3,2d,2d
    res2/conv2 3,3,2d,2d
    upscalem0/conv1 3,3,z,32m
    upscalem1/conv1 3,3,8m,16m
    upscalem2/conv1 3,3,4m,8m
    out_conv 1,1,2d,3
    """
  private static let decoderT = """
    upscale0/conv1 3,3,z,32d
    upscale1/conv1 3,3,8d,32d
    upscale2/conv1 3,3,8d,16d
    upscale3/conv1 3,3,4d,8d
    res0/conv1 3,3,8d,8d
    res0/conv2 3,3,8d,8d
    res1/conv1 3,3,8d,8d
    res1/conv2 3,3,8d,8d
    res2/conv1 3,3,4d,4d
    res2/conv2 3,3,4d,4d
    res3/conv1 3,3,2d,2d
    res3/conv2 3,3,2d,2d
    upscalem0/conv1 3,3,z,32m
    upscalem1/conv1 3,3,8m,32m
    upscalem2/conv1 3,3,8m,16m
    upscalem3/conv1 3,3,4m,8m
    out_conv 1,1,2d,3
    """
  private static let heads = """
    out_conv1 3,3,2d,3
    out_conv2 3,3,2d,3
    out_conv3 3,3,2d,3
    out_convm 1,1,m,1
    """

  /// Name to shape as DeepFaceLab would have it, biases with them, turned into the canonical form.
  private func expected(_ a: Architecture) -> [String: [Int]] {
    let (t, d, isLIAE, isAMP) = (a.residualDeep, a.doubleResolution, a.family == .liae, a.family == .amp)
    let (s, g) = (a.resolution / (t ? 32 : 16), a.resolution / (d ? 32 : 16))
    let o = isAMP ? a.interDims : isLIAE ? 2 * a.aeDims : a.aeDims
    let values: [Character: Int] = [
      "e": a.eDims, "a": a.aeDims, "d": a.dDims, "m": a.dMaskDims, "o": o, "z": isLIAE ? 2 * o : o,
      "F": 8 * a.eDims * s * s, "G": g * g * o,
    ]
    let decoder =
      (t ? Self.decoderT : Self.decoder) + "\n"
      + (d ? Self.heads + "\nupscalem\(t ? 4 : 3)/conv1 3,3,2m,4m" : "out_convm 1,1,2m,1")
    var files = [("encoder", t ? Self.encoderT : Self.encoder)]
    if isAMP {
      files[0].1 += "\ndense1 F,a"
      files += ["inter_src", "inter_dst"].map { ($0, "dense2 a,G") } + [("decoder", decoder)]
    } else {
      files += (isLIAE ? ["inter_AB", "inter_B"] : ["inter"]).map {
        ($0, Self.inter + (t ? "" : "\n" + Self.interUpscale))
      }
      files += (isLIAE ? ["decoder"] : ["decoder_src", "decoder_dst"]).map { ($0, decoder) }
    }
    var result: [String: [Int]] = [:]
    for (file, table) in files {
      for line in table.split(separator: "\n") {
        let parts = line.split(separator: " ")
        let shape = parts[1].split(separator: ",").map { term in
          let digits = term.prefix { $0.isNumber }
          return (Int(digits) ?? 1) * term.dropFirst(digits.count).reduce(1) { $0 * (values[$1] ?? 0) }
        }
        let path = parts[0].split(separator: "/").map {
          $0.hasPrefix("downs_") ? "downs.\($0.dropFirst(6))" : String($0)
        }
        let name = "\(file).\(path.joined(separator: "."))"
        result["\(name).weight"] =
          shape.count == 4 ? [shape[3], shape[2], shape[0], shape[1]] : [shape[1], shape[0]]
        result["\(name).bias"] = [shape[shape.count - 1]]
      }
    }
    return result
  }

  @Test(arguments: Architecture.everyKind.filter { $0.flavour == .dfl })
  func namesAndShapesAreDeepFaceLabs(kind: Architecture) throws {
    for (resolution, dims) in [
      (64, [4, 8, 4, 4, 16]), (160, [6, 10, 22, 14, 50]), (256, [64, 256, 64, 22, 1024]), (96, [7, 33, 5, 3, 9]),
    ] {
      var architecture = kind
      (architecture.resolution, architecture.eDims, architecture.aeDims) = (resolution, dims[0], dims[1])
      (architecture.dDims, architecture.dMaskDims) = (dims[2], dims[3])
      if kind.family == .amp { architecture.interDims = dims[4] }
      let specs = try Graph(architecture).tensors
      let expected = expected(architecture)
      #expect(specs.count == expected.count)
      #expect(Set(specs.map(\.name)).count == specs.count)
      for spec in specs {
        #expect(expected[spec.name] == spec.shape, "\(architecture.name) \(spec.name)")
        #expect(!spec.isUnused)
      }
    }
  }

  /// DeepFaceLab's tensors: encoder 8, with t 18; each inter 6, with t 4; decoder 28, with d or t 36, with both 44; AMP:
  /// encoder 20, each inter 2, decoder 44.
  @Test(arguments: [
    ("liae", 8 + 12 + 28), ("liae-d", 8 + 12 + 36), ("liae-t", 18 + 8 + 36), ("liae-dt", 18 + 8 + 44),
    ("df", 8 + 6 + 2 * 28), ("df-dt", 18 + 4 + 2 * 44), ("amp", 20 + 4 + 44),
  ])
  func tensorCounts(name: String, count: Int) throws {
    let (family, options) = try Architecture.parse(name)
    let architecture = Architecture(
      family: family, options: options, resolution: 64, eDims: 4, aeDims: 8, dDims: 4, dMaskDims: 4, interDims: 6)
    #expect(try Graph(architecture).tensors.count == count)
  }

  /// The order in which a run reads them: fresh weights and training depend on it.
  @Test func order() throws {
    let architecture = Architecture(options: "udt", resolution: 64, eDims: 4, aeDims: 8, dDims: 4, dMaskDims: 4)
    var layers = ["encoder.down1", "encoder.res1", "encoder.down2", "encoder.down3", "encoder.down4", "encoder.down5"]
    layers += ["encoder.res5"] + ["inter_AB", "inter_B"].flatMap { ["\($0).dense1", "\($0).dense2"] }
    for i in 0..<4 { layers += ["decoder.upscale\(i)", "decoder.res\(i)"] }
    layers += ["", "1", "2", "3"].map { "decoder.out_conv\($0)" }
    layers += (0..<5).map { "decoder.upscalem\($0)" } + ["decoder.out_convm"]
    let names = layers.flatMap { layer in
      layer.contains(".res")
        ? ["\(layer).conv1", "\(layer).conv2"]
        : layer.contains("down") || layer.contains("upscale") ? ["\(layer).conv1"] : [layer]
    }
    #expect(try Graph(architecture).tensors.map(\.name) == names.flatMap { ["\($0).weight", "\($0).bias"] })
  }

  /// Sums over `parameters()` of the network in PyTorch.
  @Test(arguments: [
    (Architecture.Flavour.dfl, "udt", 256, [64, 256, 64, 32], 107_763_117, 70),
    (.dfl, "ud", 128, [64, 256, 64, 22], 82_376_555, 56), (.dfl, "", 128, [64, 256, 64, 22], 94_963_328, 48),
    (.dfl, "t", 96, [6, 10, 6, 10], 953_856, 62), (.dfl, "d", 96, [7, 33, 6, 3], 1_003_486, 56),
    (.dfl, "dt", 160, [6, 10, 22, 10], 4_032_491, 70), (.torch, "udt", 256, [64, 256, 64, 32], 107_840_045, 72),
    (.torch, "ud", 128, [64, 256, 64, 22], 82_379_627, 56), (.torch, "", 128, [64, 256, 64, 22], 94_963_328, 48),
    (.torch, "t", 96, [6, 10, 6, 10], 953_856, 62), (.torch, "d", 96, [7, 33, 6, 3], 1_003_774, 56),
    (.torch, "dt", 160, [6, 10, 22, 10], 4_040_787, 72),
  ])
  func parameterCounts(
    flavour: Architecture.Flavour, options: String, resolution: Int, dims: [Int], parameters: Int, tensors: Int
  ) throws {
    let architecture = Architecture(
      flavour: flavour, options: options, resolution: resolution, eDims: dims[0], aeDims: dims[1], dDims: dims[2],
      dMaskDims: dims[3])
    let graph = try Graph(architecture)
    let specs = graph.tensors
    #expect(specs.count == tensors)
    #expect(specs.reduce(0) { $0 + $1.shape.reduce(1, *) } == parameters)
    let unused = specs.filter(\.isUnused).map(\.name)
    let hasUnused = flavour == .torch && options.contains("d") && options.contains("t")
    #expect(unused == (hasUnused ? ["weight", "bias"].map { "decoder.upscalem_unused.conv1.\($0)" } : []))
    #expect(graph.parameterCount == specs.filter { !$0.isUnused }.reduce(0) { $0 + $1.shape.reduce(1, *) })
  }

  /// Names and shapes in the files of DeepFaceLab's golden networks, `NAME_SAEHD_encoder.npy` and so on.
  @Test(
    .having(GoldenNetwork.deepFaceLab.count + GoldenNetwork.amp.count, "network of DeepFaceLab's"),
    arguments: GoldenNetwork.deepFaceLab + GoldenNetwork.amp)
  func files(golden: GoldenNetwork) throws {
    let graph = try Graph(golden.model().architecture), kind = try #require(golden.kind)
    let modules = Set(graph.tensors.map { String($0.name.prefix { $0 != "." }) })
    var found: [String: [Int]] = [:]
    for module in modules {
      let name = try #require(golden.files.first { $0.hasSuffix("_\(kind.rawValue)_\(module).npy") })
      let file = try DeepFaceLabFile.parseWeights(try Bytes.read(path: golden.path(name)), name: name)
      for key in file.names {
        let shape = try #require(file[key]).shape
        let parts = key.split(separator: ":")[0].split(separator: "/").map {
          $0.hasPrefix("downs_") ? "downs.\($0.dropFirst(6))" : String($0)
        }
        found["\(module).\(parts.joined(separator: "."))"] =
          shape.count == 4 ? [shape[3], shape[2], shape[0], shape[1]] : shape.reversed()
      }
    }
    #expect(found == Dictionary(uniqueKeysWithValues: graph.tensors.map { ($0.name, $0.shape) }))
  }
}
