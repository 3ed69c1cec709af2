// SPDX-License-Identifier: Apache-2.0
import LiaeSequence
import LiaeText

extension MergeReport {
  /// Returns how many frames were swapped, and below it how they flicker, where three in a row had a face.
  ///
  /// - Parameters:
  ///   - unchanged: what was done to frames without faces.
  ///   - isSmoothed: whether the landmarks were smoothed.
  func text(unchanged action: String, isSmoothed: Bool) -> String {
    let frames = "frames   \(swapped) swapped, \(unchanged) without faces \(action)"
    guard let flicker else { return frames }
    var parts = ["landmarks \(flicker.landmarks.found.fixed(2)) px"]
    if isSmoothed { parts[0] += " before, \(flicker.landmarks.used.fixed(2)) px after smoothing" }
    if let pixels = flicker.pixels {
      parts.append("faces \(pixels.swapped.fixed(2)) levels, in the frames themselves \(pixels.original.fixed(2))")
    }
    return "\(frames)\nflicker  " + parts.joined(separator: "; ")
  }
}
