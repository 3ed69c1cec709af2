// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

extension Subprocess {
  /// Starts one of ffmpeg's programs, the first of `arguments`.
  ///
  /// - Throws: `fileNotFound` saying where it comes from; else as `init`.
  static func ffmpeg(_ arguments: [String], writing: Bool = false, reading: Bool = false) throws(LiaeError)
    -> Subprocess
  {
    do throws(LiaeError) { return try Subprocess(arguments, writing: writing, reading: reading) } catch {
      guard error.status == .fileNotFound else { throw error }
      throw LiaeError(
        .fileNotFound, "\(error.message); it comes with ffmpeg (Debian: apt-get install ffmpeg)")
    }
  }
}
