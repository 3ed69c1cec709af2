// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeSystem

/// The faces of each frame of a video.
package struct VideoFaces {
  /// The faces by their frame's place among the decoded frames, from 0.
  package let faces: [Int: [DetectedFace]]
  /// The number of files that could not be read; `notices` names them.
  package let failures: Int
  /// Notices of what was left out or does not fit, and of how frames were counted where that makes a difference.
  package let notices: [SequenceNotice]
  /// The mismatch where hardly a face belongs to a frame.
  package let mismatch: FaceMismatch?

  /// - Throws: where the folder or the file of the faces as a whole cannot be read, or the video; `cancelled`.
  package init(
    _ source: FaceSource, of info: VideoInfo, _ times: FrameTimes, counting: FrameCounting, observer: SequenceObserver
  ) throws(LiaeError) {
    var numbering = FrameNumbering(count: times.count)
    let (largest, plain) = (LargestNumbers(), numbering)
    var index = try FaceIndex(
      source,
      place: { frame in
        largest.add(frame)
        return plain.place(frame)
      })
    var counted: SequenceNotice?
    let isPlain = times.isConstant && abs(times.start * times.rate.value) < 0.5 && times.rate == info.rate
    if !isPlain, counting != .decoded {
      try numbering.readExtracted(info, observer)
      let pictures = numbering.extracted?.count ?? 0
      numbering.choose(counting, largest)
      let chosen = numbering
      index = try FaceIndex(source, place: chosen.place)
      if numbering.extracted != Array(0..<times.count) {
        let used = largest.name >= 0 ? numbering.names : numbering.indices
        counted = .counted(path: info.path, frames: times.count, pictures: pictures, by: used)
      }
    }
    faces = index.faces.filter { $0.key < times.count }
    failures = index.failures
    mismatch = index.mismatch(frame: "00001 or index 0 of \(times.count)")
    notices = index.notices + [counted, mismatch.map { .mismatch($0) }].compactMap(\.self)
  }

  /// The largest numbers of frames that faces name, from 0; -1: none.
  fileprivate final class LargestNumbers {
    private(set) var name = -1
    private(set) var index = -1

    func add(_ frame: LandmarksFile.FrameName) {
      switch frame {
      case .name(let text): name = max(name, FrameNumbering.number(text) ?? -1)
      case .index(let number): index = max(index, number)
      }
    }
  }
}

extension FrameNumbering {
  /// Settles how names and indices are counted, `extracted` being read.
  fileprivate mutating func choose(_ counting: FrameCounting, _ largest: VideoFaces.LargestNumbers) {
    let pictures = extracted?.count ?? count
    guard counting == .auto else {
      (names, indices) = (counting, counting)
      return
    }
    names = largest.name >= pictures && largest.name < count ? .decoded : .extracted
    indices = largest.index >= count && largest.index < pictures ? .extracted : .decoded
  }
}
