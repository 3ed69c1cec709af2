// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Glibc
import LiaeDispatch
import LiaeSystem

/// The root command: it only holds the others together.
struct LiaeInfer: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "liae-infer",
    abstract: "Runs LIAE and DF face-swap models on faces, frames and videos.",
    discussion: """
      Examples:
        liae-infer run --model me.safetensors --input faces/ --output out/
        liae-infer merge --model model --frames data_dst \\
          --aligned data_dst/aligned --output data_dst/merged
        liae-infer video --model model --input dst.mp4 \\
          --landmarks dst.jsonl --output result.mp4
        liae-infer inspect workspace/model
        liae-infer convert workspace/model me.safetensors

      \(ExitStatus.table)
      """,
    version: versionText,
    subcommands: [
      RunCommand.self, MergeCommand.self, VideoCommand.self, ExtractCommand.self, InspectCommand.self,
      ConvertCommand.self, PackCommand.self, VerifyCommand.self, BenchCommand.self, DemoCommand.self,
    ])

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
  static func main() {
    do {
      var command = try LiaeInfer.parseAsRoot()
      try command.run()
    } catch let failure as Failure {
      Console.complain(failure.message)
      exit(failure.status.rawValue)
    } catch let error as LiaeError {
      Console.complain(error.message)
      exit(ExitStatus(error.status).rawValue)
    } catch {
      // Help and version are errors to the parser, of status 0; it knows how to print them.
      guard LiaeInfer.exitCode(for: error) != .success else { LiaeInfer.exit(withError: error) }
      Console.write(LiaeInfer.fullMessage(for: error) + "\n", to: STDERR_FILENO)
      exit(ExitStatus.usage.rawValue)
    }
  }
}
