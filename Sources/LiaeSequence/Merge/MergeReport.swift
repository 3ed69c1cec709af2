// SPDX-License-Identifier: Apache-2.0

/// Outcome of a merge for the frames of a sequence.
package struct MergeReport: Sendable, Equatable {
  /// Frames with faces.
  package var swapped = 0
  /// Frames without faces, which stay as they are.
  package var unchanged = 0
  /// Frames that failed; a notice was given of each.
  package var failures = 0
  /// The flicker; nil where no face was seen in three frames in a row, or no frame was swapped.
  package var flicker: FlickerReport?

  init() {}
}

/// Mean sizes of a - 2b + c over three frames in a row: what moves evenly has none.
package struct FlickerReport: Sendable, Equatable {
  /// The flicker of the landmarks as they were found and as they were used, pixels.
  package var landmarks: (found: Double, used: Double)
  /// The flicker of the frames where the faces are and of the swapped faces, 8-bit levels; nil where they were not
  /// compared.
  package var pixels: (original: Double, swapped: Double)?

  init?(_ timeline: FaceTimeline, _ measurement: FlickerMeasurement) {
    guard let found = timeline.flicker.before.mean, let used = timeline.flicker.after.mean else { return nil }
    landmarks = (found, used)
    if let original = measurement.original.mean, let swapped = measurement.result.mean {
      pixels = (original, swapped)
    }
  }

  package static func == (a: FlickerReport, b: FlickerReport) -> Bool {
    a.landmarks == b.landmarks && a.pixels?.original == b.pixels?.original && a.pixels?.swapped == b.pixels?.swapped
  }
}
