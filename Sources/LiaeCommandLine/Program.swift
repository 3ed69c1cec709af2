// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import LiaeSystem

/// Parses the command line, runs the command, and ends the process with the status that its error means.
/// `--generate-manual` alone prints the manual page.
package func runProgram<Root: ParsableCommand>(_ root: Root.Type) {
  Console.program = root.configuration.commandName ?? Console.program
  do {
    if CommandLine.arguments.dropFirst() == ["--generate-manual"] {
      StandardStream.output.write(try ManualPage(of: root).text)
      return
    }
    var command = try root.parseAsRoot()
    try command.run()
    endProcess(0)
  } catch let failure as Failure {
    Console.complain(failure.message)
    endProcess(failure.status.rawValue)
  } catch let error as LiaeError {
    Console.complain(error.message)
    endProcess(ExitStatus(error.status).rawValue)
  } catch {
    // Help and version are errors to the parser, of status 0; it knows how to print them.
    guard root.exitCode(for: error) != .success else { root.exit(withError: error) }
    StandardStream.error.write(root.fullMessage(for: error) + "\n")
    endProcess(ExitStatus.usage.rawValue)
  }
}
