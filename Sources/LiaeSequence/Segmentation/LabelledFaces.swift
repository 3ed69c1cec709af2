// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeImageIO
import LiaeSystem

/// The faces of a folder on which somebody drew polygons, to train a model by.
package struct LabelledFaces {
  private let folder: String
  private let observer: SequenceObserver

  package init(in folder: String, observer: SequenceObserver) { (self.folder, self.observer) = (folder, observer) }

  /// Copies them into another folder, and on request takes away the originals after all of them are copied.
  ///
  /// - Returns: how many were copied, and how many files could not be read.
  /// - Throws: `fileExists` where a copy would replace a file, unless `replacing`; `fileNotFound`, `inputOutput`,
  ///   `cancelled`, after which nothing is taken away.
  package func fetch(into target: String, moving: Bool, replacing: Bool) throws(LiaeError) -> (
    copied: Int, failures: Int
  ) {
    let files = try File.list(folder).filter { PictureNames.isPicture($0) }
    guard !files.isEmpty else { throw LiaeError(.fileNotFound, "\(folder): the folder holds no .jpg or .png file") }
    var (copied, failures) = ([String](), 0)
    for (index, name) in files.enumerated() {
      try observer.checkCancelled()
      let path = "\(folder)/\(name)"
      do throws(LiaeError) {
        let file = try Bytes.read(path: path)
        if try !(FaceImage.readMetadata(file, name: path)?.polygons ?? []).isEmpty {
          if copied.isEmpty { try File.makeFolder(target) }
          try File.writeAtomically("\(target)/\(name)", replacing: replacing, in: nil, file)
          copied.append(path)
        }
      } catch {
        if error.status == .fileExists || error.status == .cancelled { throw error }
        observer.notice(.failed(error.naming(path)))
        failures += 1
      }
      observer.progress(SequenceProgress(finished: index + 1, total: files.count))
    }
    if moving { for path in copied { try File.remove(path) } }
    return (copied.count, failures)
  }
}
