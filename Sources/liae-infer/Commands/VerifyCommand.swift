// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import LiaeCommandLine
import LiaeDiagnostics

struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Checks a checkpoint's weights, and this machine's results against an independent computation.",
    discussion: """
      Names every tensor that holds NaN or infinity, with the place of the first ones, and the share of denormal weights. \
      Then runs a rendered face through the model's plan and through plain matrix products of OpenBLAS, and compares \
      them: rgb and masks have to agree to \(Int(Verification.requiredDecibels)) dB PSNR and no value may be off by more \
      than \(Verification.worstAllowedText), \(Verification.worstAllowedOfXSegText) in a mask of XSeg.

      With --packed the plan is the one that the packed weights make. They do not stand in for the checkpoint here: there \
      would be nothing to compare them with.

      Ends with status \(ExitStatus.verification.rawValue) when one of these fails.
      """)

  @Argument(help: .init("Checkpoint: a file, or a DeepFaceLab model folder.", valueName: "path"))
  var model: String

  @OptionGroup var architecture: ArchitectureArguments
  @OptionGroup var packed: PackedArguments
  @OptionGroup var compute: ComputeArguments

  func run() throws { try interruptible(verify) }

  private func verify() throws {
    let model = try architecture.open(model)
    let weights = try WeightReport(model)
    Console.say(weights.text)
    guard weights.isFinite else { throw Failure(.verification, "\(self.model): weights that are no finite numbers") }
    let verification = try Verification(model, compute.plan(model, packed), threads: compute.threads)
    Console.say(verification.text)
    guard verification.passes else {
      throw Failure(.verification, "\(self.model): the results differ from the cross-check")
    }
  }
}
