// SPDX-License-Identifier: Apache-2.0

/// The part of a head that a crop shows, by DeepFaceLab's names. Source: FaceType of DeepFaceLab.
package enum FaceType: String, Sendable, CaseIterable {
  case half = "half_face"
  case midFull = "midfull_face"
  case full = "full_face"
  case fullNoAlign = "full_face_no_align"
  case whole = "whole_face"
  case head
  case headNoAlign = "head_no_align"

  /// The padding of the crop around the template, in units of the template's diagonal.
  package var padding: Double {
    switch self {
    case .half: return 0
    case .midFull: return 0.0675
    case .full, .fullNoAlign: return 0.2109375
    case .whole: return 0.40
    case .head, .headNoAlign: return 0.70
    }
  }

  /// True if the crop turns with the face.
  package var isAligned: Bool { self != .fullNoAlign && self != .headNoAlign }
}
