// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// Decides what becomes of a state that cannot be saved in the folder of its model.
package struct SaveFallback {
  /// Folder that takes the state instead; nil: none.
  package var folder: String?
  /// Waits before the last save is tried again, and returns a folder that the user has named in that time.
  package var wait: (_ seconds: Int) -> String?
  /// True if the user has named `folder` since the last try.
  private(set) var hasNewFolder = false
  /// Path of the state that this session has written to another folder.
  package internal(set) var saved: String?

  /// Seconds before each new try, the last of which comes again and again.
  private static let pauses = [1, 2, 5, 10]
  /// Tries between two reports of what fails.
  private static let reportEvery = 12

  package init(folder: String? = nil, wait: @escaping (_ seconds: Int) -> String?) {
    (self.folder, self.wait) = (folder, wait)
  }

  static func pause(after tries: Int) -> Int { pauses[min(tries, pauses.count - 1)] }
  static func isReported(_ tries: Int) -> Bool { tries % reportEvery == 0 }

  /// Takes a folder that the user has named while a save was waited for; nil: none was.
  mutating func take(_ named: String?) {
    hasNewFolder = named != nil
    if let named { folder = named }
  }

  /// The path that the state has in another folder.
  ///
  /// - Throws: `invalidArgument` for the model's own folder; `fileExists` for a state of another training.
  package func path(in other: String, of folder: ModelFolder) throws(LiaeError) -> String {
    let place = try ModelFolder(other, name: folder.name)
    if other == folder.path || FileIdentity(other).map({ FileIdentity(folder.path) == $0 }) ?? false {
      throw LiaeError(.invalidArgument, "\(other): is the model's own folder; expected another")
    }
    guard place.state == saved || File.kind(place.state) == nil else {
      throw LiaeError(.fileExists, "\(place.state): exists already, and stays; name another folder")
    }
    return place.state
  }
}
