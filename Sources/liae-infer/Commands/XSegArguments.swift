// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import LiaeCommandLine
import LiaeConvert
import LiaeFormats
import LiaeGraph
import LiaeRuntime
import LiaeSequence
import LiaeSystem

/// The XSeg model beside the one that swaps.
struct XSegArguments: ParsableArguments {
  @Option(
    help: .init(
      "XSeg model, which tells what of a face is covered: XSeg_256.npy or the folder that holds it, .onnx or .safetensors. "
        + "For --mask-mode xseg-prd, xseg-dst and their products.", valueName: "path"))
  var xseg: String?

  func validate() throws { try requirePath(xseg ?? "p", "--xseg") }

  /// The model made ready to run; nil: none is given.
  ///
  /// - Throws: `unsupported` for a model that swaps.
  func plan(_ compute: ComputeArguments) throws -> Plan? {
    guard let xseg else { return nil }
    return try Self.plan(xseg, compute)
  }

  static func plan(_ path: String, _ compute: ComputeArguments) throws -> Plan {
    let path = ModelReader.segmentationFile(path)
    let model = try CheckpointArguments.open(CheckpointFile(path: path), OpenOptions(), mentioningGuesses: true)
    return try asModel { () throws(LiaeError) in
      let plan = try compute.plan(model)
      do throws(LiaeError) { try plan.requireSegmenting() } catch { throw error.within(path) }
      return plan
    }
  }
}
