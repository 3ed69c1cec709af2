// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeFrame
import LiaeImageIO
import LiaeSystem

/// Masks put into aligned faces, taken out of them, or compared: the JPEG files of a folder, or a faceset.
///
/// Each file is replaced whole or not at all; a faceset at the end. What else a file holds stays as it is.
package struct MaskJob {
  package enum Action {
    /// Stores the mask that a network finds.
    case apply(FaceSegmentation, model: String)
    case remove
    /// Tells how well the masks that the faces have and those that a network finds agree; writes nothing.
    case compare(FaceSegmentation)
  }

  package struct Report: Sendable, Equatable {
    /// Faces whose file was written.
    package var written = 0
    /// Faces that an earlier job of the same model has finished.
    package var earlier = 0
    /// Faces whose file stays: without a mask to be removed, or only looked at.
    package var unchanged = 0
    package var failures = 0

    package init(written: Int = 0, earlier: Int = 0, unchanged: Int = 0, failures: Int = 0) {
      (self.written, self.earlier, self.unchanged, self.failures) = (written, earlier, unchanged, failures)
    }
  }

  private let action: Action
  private let faces: String
  private let observer: SequenceObserver
  private var report = Report()
  private var sheet: MaskSheet?
  package private(set) var comparison = MaskComparison()

  /// - Parameters:
  ///   - faces: a folder of aligned faces, or a faceset.
  ///   - sheet: collects some of the faces with their masks.
  package init(_ action: Action, faces: String, sheet: MaskSheet? = nil, observer: SequenceObserver) {
    (self.action, self.faces, self.sheet, self.observer) = (action, faces, sheet, observer)
  }

  /// Goes through all faces. One that fails stays as it was, with a notice, and the others go on.
  ///
  /// - Returns: the report, and the sheet.
  /// - Throws: `cancelled`, after which the same job goes on where it stopped, a faceset from its beginning;
  ///   `fileNotFound`, `inputOutput`, `unknownFormat`.
  package mutating func run() throws(LiaeError) -> (Report, MaskSheet?) {
    if File.kind(faces) == .folder {
      let names = try File.list(faces)
      if names.contains("faceset.pak") {
        let loose = names.filter { PictureNames.isJPEG($0) }
        if !loose.isEmpty {
          observer.notice(.besideFaceset(path: "\(faces)/faceset.pak", counts: PictureNames.counts(loose)))
        }
        try runFaceset("\(faces)/faceset.pak")
      } else {
        try runFolder(names)
      }
    } else {
      try runFaceset(faces)
    }
    return (report, sheet)
  }

  private mutating func runFolder(_ names: [String]) throws(LiaeError) {
    let files = names.filter { PictureNames.isJPEG($0) }
    let others = names.filter { !PictureNames.isJPEG($0) && PictureNames.isPicture($0) }
    if let first = others.first {
      observer.notice(.unmaskable(first: "\(faces)/\(first)", count: others.count))
    }
    guard !files.isEmpty else {
      throw LiaeError(.fileNotFound, "\(faces): the folder holds no .jpg file and no faceset.pak")
    }
    var journal: MaskJournal?
    if case .apply(_, let model) = action { journal = try MaskJournal(in: faces, job: model) }
    observer.progress(SequenceProgress(finished: 0, total: files.count))
    for (index, name) in files.enumerated() {
      try observer.checkCancelled()
      let path = "\(faces)/\(name)"
      if journal?.finished.contains(name) ?? false {
        report.earlier += 1
      } else {
        do throws(LiaeError) {
          if let changed = try changed(try Bytes.read(path: path), path) {
            try File.writeAtomically(path, replacing: true, in: nil, changed.jpeg)
            report.written += 1
          } else {
            report.unchanged += 1
          }
          try journal?.add(name)
        } catch {
          try fail(error, path)
        }
      }
      observer.progress(SequenceProgress(finished: index + 1, total: files.count))
    }
    // Of a job with failures the names are kept: the next run tries those alone that failed.
    if report.failures == 0 { try journal?.end() }
  }

  private mutating func runFaceset(_ path: String) throws(LiaeError) {
    var set = try Faceset.read(path: path)
    observer.progress(SequenceProgress(finished: 0, total: set.faces.count))
    for index in set.faces.indices {
      try observer.checkCancelled()
      let face = set.faces[index]
      let name = "\(path): \(face.personName.map { "\($0)/" } ?? "")\(face.filename)"
      do throws(LiaeError) {
        if let changed = try changed(try face.jpeg.read(), name) {
          (set.faces[index].jpeg, set.faces[index].xsegMask) = (.memory(changed.jpeg), changed.mask)
          report.written += 1
        } else {
          report.unchanged += 1
        }
      } catch {
        try fail(error, name)
      }
      observer.progress(SequenceProgress(finished: index + 1, total: set.faces.count))
    }
    if report.written > 0 { try Faceset.write(set.faces, to: path, replacing: true) }
  }

  private mutating func fail(_ error: LiaeError, _ name: String) throws(LiaeError) {
    if error.status == .cancelled { throw error }
    observer.notice(.failed(error.naming(name)))
    report.failures += 1
  }

  /// The file with its new mask, or without one; nil: it stays as it is.
  private mutating func changed(_ file: Bytes, _ name: String) throws(LiaeError) -> (jpeg: Bytes, mask: Bytes?)? {
    guard let metadata = try FaceImage.readMetadata(file, name: name) else {
      throw LiaeError(.corruptFile, "\(name): no DeepFaceLab metadata, which a mask is a part of")
    }
    switch action {
    case .remove:
      guard metadata.xsegMask != nil else { return nil }
      return (try FaceImage.replacingMask(nil, in: file, name: name), nil)
    case .compare(let segmentation):
      guard metadata.xsegMask != nil else { return nil }
      let (picture, mask) = try found(segmentation, file, metadata, name)
      try comparison.add(mask, metadata, width: picture.width, height: picture.height, name: name)
      return nil
    case .apply(let segmentation, _):
      let (_, mask) = try found(segmentation, file, metadata, name)
      let stored = try Picture(mask, format: .gray8).encodedXSegMask()
      return (try FaceImage.replacingMask(stored, in: file, name: name), stored)
    }
  }

  /// Records what the network finds in a face, which the sheet may show.
  private mutating func found(
    _ segmentation: FaceSegmentation, _ file: Bytes, _ metadata: FaceMetadata, _ name: String
  ) throws(LiaeError) -> (Picture, MaskCanvas) {
    let picture = try Picture.decode(file, name: name)
    let mask: MaskCanvas
    do throws(LiaeError) { mask = try segmentation.mask(of: picture, metadata) } catch { throw error.naming(name) }
    try sheet?.add(picture, mask)
    return (picture, mask)
  }
}
