// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// Recognises what a power cut or a crash makes of a file that was being written: its length is there, its content is
/// not.
package enum LostContent {
  /// Zeros at the end of a file that are taken for lost content: formats that are read here end in none, and disks lose
  /// sectors of at least so many bytes.
  private static let sector = 512

  /// Returns what became of the file, for messages; nil where nothing speaks of a loss.
  package static func remark(_ bytes: Bytes) -> String? {
    defer { withExtendedLifetime(bytes) {} }
    if bytes.count == 0 { return "is empty, as a crash or a power cut leaves a file that was being written" }
    let zeros = bytes.raw.reversed().prefix { $0 == 0 }.count
    if zeros == bytes.count {
      return "holds \(bytes.count) zeros and nothing else, as a power cut leaves a file that was being written"
    }
    guard zeros >= sector else { return nil }
    return "ends in \(zeros) zeros, as a power cut leaves a file that was being written"
  }

  /// Runs `read` on the file, and explains its error where content was lost.
  ///
  /// - Parameters:
  ///   - bytes: the file; looked at only where `read` throws.
  ///   - wayOut: what the user can do, a clause; follows the reason of any damage.
  /// - Throws: what `read` throws; where content was lost, with that as the reason.
  package static func explain<Result>(
    _ bytes: @autoclosure () throws(LiaeError) -> Bytes, name: String, wayOut: String,
    _ read: () throws(LiaeError) -> Result
  ) throws(LiaeError) -> Result {
    do throws(LiaeError) { return try read() } catch {
      guard error.status == .corruptFile || error.status == .unknownFormat else { throw error }
      if let remark = try remark(bytes()) { throw LiaeError(error.status, "\(name): \(remark); \(wayOut)") }
      // Cut off, or overwritten.
      throw error.status == .corruptFile ? LiaeError(.corruptFile, "\(error.message); \(wayOut)") : error
    }
  }
}
