// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// Files that share the wait for the disk, as the frames of a merge do: each is written whole, and takes its name when as
/// many are together as are worth a wait, in the order in which they came. Any number of threads may write into one.
package final class WriteBatch: Sendable {
  private let pending = Mutex<[UnnamedFile]>([])
  private let limit: Int

  /// - Parameter limit: files that wait at most. Each has a descriptor.
  package init(limit: Int = 32) { self.limit = max(1, limit) }

  deinit { for file in pending.withLock({ $0 }) { file.discard() } }

  /// Takes a file over.
  func add(_ file: UnnamedFile) throws(LiaeError) {
    file.beginToSettle()
    let full = pending.withLock { pending in
      pending.append(file)
      guard pending.count >= limit else { return [UnnamedFile]() }
      defer { pending = [] }
      return pending
    }
    if let error = settle(full) { throw error }
  }

  /// Gives all files that wait their names.
  ///
  /// - Throws: `inputOutput`, `fileNotFound`: the first error, and how many files failed.
  func finish() throws(LiaeError) {
    let rest = pending.withLock { pending in
      defer { pending = [] }
      return pending
    }
    if let error = settle(rest) { throw error }
  }

  /// Finishes the batch behind `body`, also where it throws, which then counts.
  package func finishing<Result>(_ body: () throws(LiaeError) -> Result) throws(LiaeError) -> Result {
    let result: Result
    do throws(LiaeError) { result = try body() } catch {
      do throws(LiaeError) { try finish() } catch let second {
        throw LiaeError(error.status, "\(error.message); and \(second.message)")
      }
      throw error
    }
    try finish()
    return result
  }

  private func settle(_ files: [UnnamedFile]) -> LiaeError? {
    var errors: [LiaeError] = []
    var folders: [String: WriteTarget] = [:]
    for file in files {
      do throws(LiaeError) {
        try file.settle(syncsFolder: false)
        folders[file.target.folder] = file.target
      } catch { errors.append(error) }
    }
    for target in folders.values {
      do throws(LiaeError) { try target.syncFolder() } catch { errors.append(error) }
    }
    guard let first = errors.first else { return nil }
    return errors.count == 1
      ? first : LiaeError(first.status, "\(first.message); and \(errors.count - 1) more files failed")
  }
}
