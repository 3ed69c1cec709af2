// SPDX-License-Identifier: Apache-2.0
import LiaeImageIO
import LiaeSystem

/// The outcome of a frame of a video.
struct FrameOutcome {
  var frame: SwappedFrame
  /// Written in place of the frame, where the faces are written alone.
  var faceAlone: Picture?
  var isUnchanged = false
  /// The error because of which the frame stayed as it was.
  var error: LiaeError?
}

extension VideoMerge {
  /// Swaps the faces of a frame. One that fails is returned as it was, with the error.
  ///
  /// - Throws: `cancelled`.
  func process(_ number: Int, _ frame: Picture, _ worker: Int) throws(LiaeError) -> FrameOutcome {
    // Memory that ran out for another frame may be there for this one.
    MemoryShortage.clear()
    do throws(LiaeError) {
      let detected = timeline.faces[number] ?? []
      if detected.isEmpty {
        return FrameOutcome(frame: try unchanged(frame), faceAlone: try transparent(frame), isUnchanged: true)
      }
      let swapped = try pool.swap(
        frame, detected, number: number, worker: worker, mask: nil, isFloat: output.isFaceAlone)
      return FrameOutcome(frame: swapped, faceAlone: output.isFaceAlone ? try swapped.faceAlone(over: frame) : nil)
    } catch {
      if error.status == .cancelled { throw error }
      // What the frame took is given up: others do not fail with it.
      MemoryShortage.clear()
      // Where there is no memory for a black mask either, the frame's own luma is wrong, and said to be.
      let same = (try? unchanged(frame)) ?? SwappedFrame(picture: frame, mask: frame, faces: [])
      return FrameOutcome(
        frame: same, faceAlone: try? transparent(frame), error: error.within("\(info.path), frame \(number + 1)"))
    }
  }

  /// Returns what stands for a frame without faces where faces are written alone.
  private func transparent(_ frame: Picture) throws(LiaeError) -> Picture? {
    output.isFaceAlone ? try Picture(width: frame.width, height: frame.height, format: .rgba8) : nil
  }

  private func unchanged(_ frame: Picture) throws(LiaeError) -> SwappedFrame {
    SwappedFrame(
      picture: frame, mask: try Picture(width: frame.width, height: frame.height, format: .gray8), faces: [])
  }
}
