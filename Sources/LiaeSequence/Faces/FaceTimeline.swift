// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeSystem

/// The faces of a sequence followed from frame to frame: which is the same face, how it moves, and its landmarks smoothed.
package struct FaceTimeline {
  /// The faces by their frame's place in the sequence.
  package private(set) var faces: [Int: [DetectedFace]]
  private var tracks: [Track] = []
  /// The flicker of the landmarks as they were found and as they are used, pixels.
  package private(set) var flicker = (before: Flicker(), after: Flicker())

  /// A face through frames that follow each other.
  private struct Track {
    var first: Int
    /// The face's index among those of each frame.
    var indices: [Int] = []
  }

  /// Follows the faces, and smooths landmarks and finds motions where the settings ask for it.
  ///
  /// - Parameters:
  ///   - rate: frames per second.
  ///   - count: frames of the sequence; nil where that is not known.
  package init(_ faces: [Int: [DetectedFace]], settings: MergeSettings, rate: Double, count: Int?) {
    self.faces = faces
    findTracks()
    for track in tracks { Self.addFlicker(of: points(of: track), to: &flicker.before) }
    flicker.after = flicker.before
    if let smoothing = settings.landmarkSmoothing { smooth(smoothing, rate: rate) }
    if settings.options.motionBlur > 0 { findMotion(count: count) }
  }

  /// The largest number of faces in one frame.
  private var most: Int { faces.values.map(\.count).max() ?? 0 }

  // MARK: Tracks

  /// Joins faces of neighbouring frames: the nearest centres first, at most a face's width apart.
  private mutating func findTracks() {
    var open: [(track: Int, face: DetectedFace)] = []
    var last = -2
    for frame in faces.keys.sorted() {
      let found = faces[frame] ?? []
      if frame != last &+ 1 { open = [] }
      var pairs: [(distance: Double, old: Int, new: Int)] = []
      for (o, old) in open.enumerated() {
        for (n, new) in found.enumerated() where old.face.points.count == new.points.count {
          let (a, b) = (FaceExtent(old.face.points), FaceExtent(new.points))
          let step = ((a.center - b.center) * (a.center - b.center)).sum().squareRoot()
          if step < a.width, a.width < 2 * b.width, b.width < 2 * a.width { pairs.append((step, o, n)) }
        }
      }
      var owner: [Int: Int] = [:]
      var used: Set<Int> = []
      for pair in pairs.sorted(by: { $0.distance < $1.distance })
      where owner[pair.new] == nil && used.insert(pair.old).inserted {
        owner[pair.new] = open[pair.old].track
      }
      open = []
      for (n, face) in found.enumerated() {
        let track = owner[n] ?? tracks.count
        if owner[n] == nil { tracks.append(Track(first: frame)) }
        tracks[track].indices.append(n)
        faces[frame]?[n].track = track
        open.append((track, face))
      }
      last = frame
    }
  }

  private func points(of track: Track) -> [[Point]] {
    track.indices.enumerated().compactMap { step, index in faces[track.first + step]?[index].points }
  }

  private static func addFlicker(of path: [[Point]], to flicker: inout Flicker) {
    for i in path.indices.dropLast(2) { flicker.add((path[i], path[i + 1], path[i + 2])) }
  }

  // MARK: Landmarks

  private mutating func smooth(_ smoothing: LandmarkSmoothing, rate: Double) {
    flicker.after = Flicker()
    for track in tracks {
      let path = points(of: track)
      let widths = path.map { FaceExtent($0).width }.filter { $0.isFinite && $0 > 0 }
      let width = widths.isEmpty ? 1 : widths.reduce(0, +) / Double(widths.count)
      let smooth = OneEuroFilter.smoothed(
        path.map { $0.flatMap { [$0.x, $0.y] } }, cutoff: smoothing.cutoff, slope: smoothing.slope, interval: 1 / rate,
        unit: width)
      for (step, values) in smooth.enumerated() {
        let points = stride(from: 0, to: values.count - 1, by: 2).map { Point(values[$0], values[$0 + 1]) }
        faces[track.first + step]?[track.indices[step]].points = points
      }
      Self.addFlicker(of: points(of: track), to: &flicker.after)
    }
  }

  // MARK: Motion

  /// Computes how each face moves from the frame before to the frame after, in whole pixels as DeepFaceLab has it: only
  /// where all three frames have a face and no frame of the sequence has two.
  private mutating func findMotion(count: Int?) {
    guard most == 1 else { return }
    var centers: [Int: Point] = [:]
    for (frame, found) in faces {
      // Landmarks without a transform are reported when their frame's turn comes.
      guard let face = found.first, let landmarks = try? Landmarks(face.points),
        let transform = try? faceTransform(landmarks, size: 256, type: .full)
      else { continue }
      let center = transform.inverse(Point(127, 127))
      centers[frame] = Point(center.x.rounded(.toNearestOrEven), center.y.rounded(.toNearestOrEven))
    }
    let last = (count ?? (faces.keys.max() ?? 0) &+ 1) &- 1
    for frame in centers.keys {
      guard let before = centers[max(frame - 1, 0)], let after = centers[min(frame &+ 1, last)] else { continue }
      faces[frame]?[0].motion = Motion(from: before, to: after)
    }
  }
}
