// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// Files that share the wait for the disk, as the frames of a merge do: each is written whole, and takes its name when as
/// many are together as are worth a wait, in the order in which they came. A thread of the batch waits meanwhile. Any number
/// of threads may write into one.
package final class WriteBatch: Sendable {
  private struct Pending: Sendable {
    var files: [UnnamedFile] = []
    /// Brings the files before these to disk.
    var settling: WorkerThread?

    mutating func waitForThread() {
      settling?.join()
      settling = nil
    }
  }
  private let pending = Mutex(Pending())
  private let errors = ErrorList()
  private let limit: Int

  /// - Parameter limit: files that wait for each other. Each has a descriptor, and twice as many may be open.
  package init(limit: Int = 32) { self.limit = max(1, limit) }

  deinit {
    pending.withLock { pending in
      pending.waitForThread()
      for file in pending.files { file.discard() }
    }
  }

  /// Takes a file over. What goes wrong from here on is said by `finishing`.
  func add(_ file: UnnamedFile) {
    file.beginToSettle()
    pending.withLock { pending in
      pending.files.append(file)
      guard pending.files.count >= limit else { return }
      let full = pending.files
      pending.files = []
      // A disk that is slower than the work holds the work up here.
      pending.waitForThread()
      do throws(LiaeError) {
        pending.settling = try WorkerThread { [errors] in Self.settle(full, errors) }
      } catch { Self.settle(full, errors) }
    }
  }

  private func finish() throws(LiaeError) {
    pending.withLock { pending in
      pending.waitForThread()
      Self.settle(pending.files, errors)
      pending.files = []
    }
    let failed = errors.take()
    guard let first = failed.first else { return }
    throw failed.count == 1
      ? first : LiaeError(first.status, "\(first.message); and \(failed.count - 1) more files failed")
  }

  /// Gives all files that wait their names behind `body`, also where it throws.
  ///
  /// - Throws: what `body` throws; else `inputOutput`, `fileNotFound`: the first error, and how many files failed.
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

  private static func settle(_ files: [UnnamedFile], _ errors: ErrorList) {
    var folders: [String: WriteTarget] = [:]
    for file in files {
      do throws(LiaeError) {
        try file.settle(syncsFolder: false)
        folders[file.target.folder] = file.target
      } catch { errors.add(error) }
    }
    for target in folders.values {
      do throws(LiaeError) { try target.syncFolder() } catch { errors.add(error) }
    }
  }
}

/// Errors of several threads.
private final class ErrorList: Sendable {
  private let list = Mutex<[LiaeError]>([])

  func add(_ error: LiaeError) { list.withLock { $0.append(error) } }

  /// All so far, which are not told again.
  func take() -> [LiaeError] {
    list.withLock { list in
      defer { list = [] }
      return list
    }
  }
}
