// SPDX-License-Identifier: Apache-2.0
import LiaeGraph

extension Architecture {
  /// All sixteen combinations of option letters.
  package static let allOptions = [
    "", "u", "d", "t", "c", "ud", "ut", "uc", "dt", "dc", "tc", "udt", "udc", "utc", "dtc", "udtc",
  ]

  /// Every family that swaps in every flavour with all options that it can have, of few channels and 32 pixels.
  package static let everyKind: [Architecture] = {
    func small(_ family: Family, _ flavour: Flavour, _ options: String) -> Architecture {
      Architecture(
        family: family, flavour: flavour, options: options, resolution: 32, eDims: 2, aeDims: 3, dDims: 2, dMaskDims: 1,
        interDims: family == .amp ? 6 : 0)
    }
    let dfl = [Family.liae, .df].flatMap { family in allOptions.map { small(family, .dfl, $0) } }
    let torch = allOptions.filter { !$0.contains("c") }.map { small(.liae, .torch, $0) }
    return dfl + torch + [small(.amp, .dfl, "")]
  }()
}
