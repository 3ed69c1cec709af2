// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

/// Options of the network of a new model. For one that is there they may be left out, and else must agree.
struct NetworkArguments: SettingOptions {
  @Option(
    name: [.long, .customLong("archi")],
    help: .init("liae or df with letters of u, d, t, c; or amp. (default: liae-ud)", valueName: "name"))
  var arch: String?

  @Option(help: .init("dfl, or torch: the heads of the PyTorch port. (default: dfl)", valueName: "name"))
  var flavour: String?

  @Option(
    help: .init(
      "Side of the pictures, pixels: a multiple of 16, with d or t and in amp of 32. 32 to 1024. (default: 128)",
      valueName: "n"))
  var resolution: Int?

  @Option(help: .init("Width of the encoder. (default: 64)", valueName: "n"))
  var eDims: Int?

  @Option(help: .init("Width of the code. (default: 256)", valueName: "n"))
  var aeDims: Int?

  @Option(help: .init("Width of the decoder. (default: 64)", valueName: "n"))
  var dDims: Int?

  @Option(help: .init("Width of the mask's decoder. (default: a third of d-dims, even)", valueName: "n"))
  var dMaskDims: Int?

  @Option(help: .init("amp only: channels of the latent modules. (default: 1024)", valueName: "n"))
  var interDims: Int?

  @Option(help: .init("How much of a head is seen: h, mf, f, wf, head. (default: f)", valueName: "name"))
  var faceType: String?
}
