// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeSystem
import Testing

@Suite struct ArchitectureTests {
  @Test(arguments: [
    ("liae", Architecture.Family.liae, ""), ("df", .df, ""), ("liae-udt", .liae, "udt"), ("liae-tdu", .liae, "udt"),
    ("df-ud", .df, "ud"), ("liae-c", .liae, "c"), ("df-cudt", .df, "udtc"),
    ("amp", .amp, ""),
  ])
  func namesAreUnderstood(name: String, family: Architecture.Family, options: String) throws {
    let (found, letters) = try Architecture.parse(name)
    let architecture = Architecture(
      family: found, options: letters, resolution: 64, eDims: 4, aeDims: 8, dDims: 4, dMaskDims: 4)
    #expect(architecture.family == family)
    #expect(architecture.options == options)
  }

  @Test(arguments: [
    "", "-", "liae-", "amp-", "amp-u", "amp-udt", "AMP", "LIAE", "liae-x", "liae-uu", "liae-u-d", "liaeu", " liae",
    "liae-ud ", "df--u",
  ])
  func otherNamesAreRefused(name: String) {
    do throws(LiaeError) {
      _ = try Architecture.parse(name)
      Issue.record("\(name) was understood")
    } catch {
      #expect(error.status == .unknownArchitecture)
      #expect(error.message.contains("\"\(name)\""))
    }
  }

  @Test func aNameComesBack() throws {
    for family in ["liae", "df"] {
      for options in ["", "u", "d", "t", "c", "ud", "ut", "dt", "udt", "udtc"] {
        let name = options.isEmpty ? family : "\(family)-\(options)"
        let parsed = try Architecture.parse(name)
        let architecture = Architecture(
          family: parsed.family, options: parsed.options, resolution: 64, eDims: 4, aeDims: 8, dDims: 4, dMaskDims: 4)
        #expect(architecture.name == name)
      }
    }
  }

  private func isValid(
    _ options: String, family: Architecture.Family = .liae, resolution: Int, dims: [Int] = [4, 8, 4, 4]
  ) -> Bool {
    let architecture = Architecture(
      family: family, options: options, resolution: resolution, eDims: dims[0], aeDims: dims[1], dDims: dims[2],
      dMaskDims: dims[3], interDims: dims.count > 4 ? dims[4] : 0)
    do throws(LiaeError) {
      try architecture.validate()
      return true
    } catch {
      #expect(error.status == .unknownArchitecture)
      return false
    }
  }

  @Test func resolutionsGoInSteps() {
    #expect(isValid("", resolution: 64) && isValid("u", resolution: 80) && isValid("", resolution: 640))
    #expect(isValid("d", resolution: 96) && isValid("t", resolution: 96) && isValid("udt", resolution: 640))
    for resolution in [80, 112, 144] {
      #expect(!isValid("d", resolution: resolution) && !isValid("t", resolution: resolution))
    }
    for resolution in [0, -64, 16, 65, 72, 1040, Int.max, Int.min] { #expect(!isValid("", resolution: resolution)) }
  }

  @Test func everyDimHasARange() {
    for position in 0..<4 {
      for value in [0, -1, Int.min, 4097, Int.max] {
        var dims = [4, 8, 4, 4]
        dims[position] = value
        #expect(!isValid("", resolution: 64, dims: dims))
      }
    }
    #expect(isValid("", resolution: 64, dims: [1, 1, 1, 1]))
    #expect(isValid("udt", resolution: 1024, dims: [4096, 4096, 4096, 4096]))
  }

  @Test func ampHasASizeMoreAndNoOptions() throws {
    #expect(isValid("", family: .amp, resolution: 224, dims: [64, 256, 64, 22, 1024]))
    #expect(!isValid("", family: .amp, resolution: 240, dims: [64, 256, 64, 22, 1024]))
    for value in [0, -1, 4097, Int.max] {
      #expect(!isValid("", family: .amp, resolution: 64, dims: [4, 8, 4, 4, value]))
    }
    var architecture = Architecture(
      family: .amp, options: "c", resolution: 64, eDims: 4, aeDims: 8, dDims: 4, dMaskDims: 4, interDims: 6)
    #expect(architecture.name == "amp" && architecture.pixelNorm && architecture.doubleResolution)
    #expect(architecture.residualDeep && !architecture.cosine && architecture.dims.last?.name == "inter_dims")
    try architecture.validate()
    architecture.doubleResolution = false
    #expect(throws: LiaeError.self) { try architecture.validate() }
  }

  @Test func theTorchFlavourHasNoCosineAndNoOtherFamily() {
    for (family, options) in [(Architecture.Family.df, "ud"), (.liae, "c"), (.amp, "")] {
      let architecture = Architecture(
        family: family, flavour: .torch, options: options, resolution: 64, eDims: 4, aeDims: 8, dDims: 4, dMaskDims: 4,
        interDims: 6)
      #expect(throws: LiaeError.self) { try architecture.validate() }
    }
  }
}
