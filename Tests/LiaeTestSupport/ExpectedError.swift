// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import Testing

/// The error that `body` throws; fails where it throws none or one of another status, or where the message lacks
/// one of `parts`.
@discardableResult
package func expectError(
  _ status: Status, _ parts: String..., sourceLocation: SourceLocation = #_sourceLocation,
  _ body: () throws -> Void
) -> LiaeError? {
  do {
    try body()
    Issue.record("nothing was thrown; expected \(status)", sourceLocation: sourceLocation)
  } catch let error as LiaeError {
    #expect(error.status == status, "\(error.message)", sourceLocation: sourceLocation)
    for part in parts {
      #expect(error.message.contains(part), "\(error.message) lacks \(part)", sourceLocation: sourceLocation)
    }
    return error
  } catch {
    Issue.record("threw \(error)", sourceLocation: sourceLocation)
  }
  return nil
}
