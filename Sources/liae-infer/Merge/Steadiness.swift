// SPDX-License-Identifier: Apache-2.0
import LiaeCommandLine
import LiaeFrame
import LiaeImageIO
import LiaeTensor

/// How much the swapped faces of a sequence flicker, beside what the frames themselves do at the same place.
struct Steadiness {
  private struct Frame {
    var number: Int
    var original: Picture
    var result: Picture
    var mask: Picture
  }
  private var last: [Frame] = []
  private var original = Flicker()
  private var result = Flicker()

  /// The next frame with faces. Only frames that follow each other count.
  mutating func add(_ number: Int, original picture: Picture, _ swapped: SwappedFrame) {
    if last.last?.number != number - 1 { last = [] }
    last.append(Frame(number: number, original: picture, result: swapped.picture, mask: swapped.mask))
    guard last.count == 3 else { return }
    defer { last.removeFirst() }
    let (a, b, c) = (last[0], last[1], last[2])
    let masks = (a.mask.view, b.mask.view, c.mask.view)
    // Frames of another size or kind are another scene; nothing is counted then.
    do {
      var (before, after) = (original, result)
      try before.add((a.original.view, b.original.view, c.original.view), where: masks)
      try after.add((a.result.view, b.result.view, c.result.view), where: masks)
      (original, result) = (before, after)
    } catch {}
    withExtendedLifetime((a, b, c)) {}
  }

  /// What was done to the frames, and below it how they flicker, where three in a row had a face.
  func report(_ frames: String, _ timeline: FaceTimeline, _ settings: MergeSettings) -> String {
    guard let before = timeline.flicker.before.mean, let after = timeline.flicker.after.mean else { return frames }
    var parts = ["landmarks \(before.fixed(2)) px"]
    if settings.landmarkSmoothing != nil { parts[0] += " before, \(after.fixed(2)) px after smoothing" }
    if let original = original.mean, let result = result.mean {
      parts.append("faces \(result.fixed(2)) levels, in the frames themselves \(original.fixed(2))")
    }
    return "\(frames)\nflicker  " + parts.joined(separator: "; ")
  }
}
