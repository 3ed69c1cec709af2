// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import Testing

/// The canonical names and shapes against DeepFaceLab's own, written down from its weight files: a line for each
/// weight, convolutions (kh, kw, in, out), dense layers (in, out), in e, a, d, m = the dims, z = the decoder's and o = the
/// inter's channels, F = the flat code, G = the latent pixels times o.
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
    let (t, d, isLIAE) = (a.residualDeep, a.doubleResolution, a.family == .liae)
    let (s, g) = (a.resolution / (t ? 32 : 16), a.resolution / (d ? 32 : 16))
    let o = isLIAE ? 2 * a.aeDims : a.aeDims
    let values: [Character: Int] = [
      "e": a.eDims, "a": a.aeDims, "d": a.dDims, "m": a.dMaskDims, "o": o, "z": isLIAE ? 4 * a.aeDims : a.aeDims,
      "F": 8 * a.eDims * s * s, "G": g * g * o,
    ]
    let decoder =
      (t ? Self.decoderT : Self.decoder) + "\n"
      + (d ? Self.heads + "\nupscalem\(t ? 4 : 3)/conv1 3,3,2m,4m" : "out_convm 1,1,2m,1")
    let files =
      [("encoder", t ? Self.encoderT : Self.encoder)]
      + (isLIAE ? ["inter_AB", "inter_B"] : ["inter"]).map { ($0, Self.inter + (t ? "" : "\n" + Self.interUpscale)) }
      + (isLIAE ? ["decoder"] : ["decoder_src", "decoder_dst"]).map { ($0, decoder) }
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

  private static let options = [
    "", "u", "d", "t", "c", "ud", "ut", "uc", "dt", "dc", "tc", "udt", "udc", "utc", "dtc", "udtc",
  ]

  @Test(arguments: options, [Architecture.Family.liae, .df])
  func namesAndShapesAreDeepFaceLabs(options: String, family: Architecture.Family) throws {
    for (resolution, dims) in [
      (64, [4, 8, 4, 4]), (160, [6, 10, 22, 14]), (256, [64, 256, 64, 22]), (96, [7, 33, 5, 3]),
    ] {
      let architecture = Architecture(
        family: family, options: options, resolution: resolution, eDims: dims[0], aeDims: dims[1], dDims: dims[2],
        dMaskDims: dims[3])
      try architecture.validate()
      let specs = architecture.tensors
      let expected = expected(architecture)
      #expect(specs.count == expected.count)
      #expect(Set(specs.map(\.name)).count == specs.count)
      for spec in specs {
        #expect(expected[spec.name] == spec.shape, "\(architecture.name) \(spec.name)")
        #expect(!spec.isUnused)
      }
    }
  }

  /// DeepFaceLab's tensors: encoder 8, with t 18; each inter 6, with t 4; decoder 28, with d or t 36, with both 44.
  @Test(arguments: [("", 8 + 12 + 28), ("d", 8 + 12 + 36), ("t", 18 + 8 + 36), ("dt", 18 + 8 + 44)])
  func tensorCounts(options: String, count: Int) {
    let architecture = Architecture(options: options, resolution: 64, eDims: 4, aeDims: 8, dDims: 4, dMaskDims: 4)
    #expect(architecture.tensors.count == count)
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
  ) {
    let architecture = Architecture(
      flavour: flavour, options: options, resolution: resolution, eDims: dims[0], aeDims: dims[1], dDims: dims[2],
      dMaskDims: dims[3])
    let specs = architecture.tensors
    #expect(specs.count == tensors)
    #expect(specs.reduce(0) { $0 + $1.shape.reduce(1, *) } == parameters)
    let unused = specs.filter(\.isUnused).map(\.name)
    let hasUnused = flavour == .torch && options.contains("d") && options.contains("t")
    #expect(unused == (hasUnused ? ["weight", "bias"].map { "decoder.upscalem_unused.conv1.\($0)" } : []))
    #expect(
      architecture.parameterCount == specs.filter { !$0.isUnused }.reduce(0) { $0 + $1.shape.reduce(1, *) })
  }
}
