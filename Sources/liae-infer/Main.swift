// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import LiaeCommandLine
import LiaeDispatch
import LiaeSystem

/// The root command: it only holds the others together.
struct LiaeInfer: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "liae-infer",
    abstract: "Runs LIAE, DF, AMP and XSeg models on faces, frames and videos.",
    discussion: """
      Examples:
        liae-infer run --model me.safetensors --input faces/ --output out/
        liae-infer merge --model model --frames data_dst \\
          --aligned data_dst/aligned --output data_dst/merged
        liae-infer video --model model --input dst.mp4 \\
          --landmarks dst.jsonl --output result.mp4
        liae-infer inspect workspace/model
        liae-infer convert workspace/model me.safetensors

      \(statusTable)
      """,
    version: versionText,
    subcommands: [
      RunCommand.self, MergeCommand.self, VideoCommand.self, ExtractCommand.self, XSegCommand.self, InspectCommand.self,
      ConvertCommand.self, PackCommand.self, VerifyCommand.self, BenchCommand.self, DemoCommand.self,
    ])

  /// The exit statuses of the program, a line each.
  static var statusTable: String { ExitStatus.table(of: ExitStatus.allCases.filter { $0 != .diverged }) }

  /// Release, interface and instruction set, a line each.
  private static var versionText: String {
    """
    liae-infer \(Version.string)
    ABI \(Version.soname) (libliae.so.\(Version.soname))
    ISA \(instructionSetInUse())
    """
  }
}

@main enum Main {
  static func main() { runProgram(LiaeInfer.self) }
}
