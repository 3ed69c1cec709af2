// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeFrame
import LiaeImageIO
import LiaeModel
import LiaeRuntime
import LiaeSystem
import LiaeTensor

/// Drawn frames with known landmarks through `merge`, with a model.
struct FrameDemo {
  let folder: String
  let replacing: Bool

  private static let (width, height) = (640, 360)
  /// The seeds of each frame's faces, from left to right.
  private static let frames: [[UInt64]] = [[3], [12, 5], [], [9]]

  var framesFolder: String { "\(folder)/frames" }
  var landmarksPath: String { "\(folder)/landmarks.jsonl" }
  var mergedFolder: String { "\(folder)/merged" }
  var masksFolder: String { "\(folder)/merged_mask" }
  var sheetPath: String { "\(folder)/frames.png" }
  var modesPath: String { "\(folder)/modes.png" }

  /// What is written beside the folders.
  var files: [String] { [landmarksPath, sheetPath, modesPath] }

  func run(_ model: Plan, compute: ComputeArguments) throws {
    try File.makeFolder(framesFolder)
    try drawFrames()
    let frames = try FrameFolder(framesFolder)
    let survey = try FaceSurvey(.landmarks(landmarksPath), place: frames.place)
    let settings = try MergeSettings(
      file: nil,
      given: [
        // The hull of the landmarks, because a network that was not trained has no mask to show.
        ("mask-mode", .string("dst")), ("blur", .integer(60)), ("erode", .integer(20)),
        // For a checkpoint that does not say it.
        ("face-type", .string(model.info.faceType ?? FaceType.whole.rawValue)),
      ])
    let output = MergeOutput(
      folder: mergedFolder, maskFolder: masksFolder, format: .png, quality: 95, provenance: .composite)
    for folder in [mergedFolder, masksFolder] { try File.makeFolder(folder) }
    if replacing { output.clear(frames) }
    let crew = try SwapCrew(
      model, settings: settings, compute: compute, parallelism: .auto, frames: frames.frames.count)
    let timeline = FaceTimeline(survey.faces, settings: settings, rate: 25, count: frames.frames.count)
    let job = MergeJob(
      frames: frames, timeline: timeline, crew: crew, output: output, export: nil, masks: nil, failures: 0)
    try job.run(goesOn: false, announces: false)

    var sheet = ContactSheet(columns: 3, width: Self.width / 2, height: Self.height / 2)
    for frame in frames.frames {
      try sheet.add([frame.path, output.frame(frame.stem), output.mask(frame.stem)].map { try Picture.read(path: $0) })
    }
    try sheet.picture().writePNG(to: sheetPath, provenance: .composite, replacing: replacing)
    // No model takes part in these: the face is drawn.
    try CompositeSheet().sheet().writePNG(to: modesPath, provenance: nil, replacing: replacing)
  }

  /// `frames/00001.png` and so on, and the landmarks of their faces.
  private func drawFrames() throws {
    var lines = ["# Faces of the demo's frames: docs/landmarks.md"]
    let unit: Float = 118
    for (index, seeds) in Self.frames.enumerated() {
      let name = "\(String(100_001 + index).dropFirst()).png"
      let frame = try Picture(width: Self.width, height: Self.height, format: .rgbFloat)
      // Each face has its part of the frame; an empty frame is the ground behind a face that has left.
      let count = max(seeds.count, 1)
      for part in 0..<count {
        let (left, right) = (part * Self.width / count, (part + 1) * Self.width / count)
        let face = SyntheticFace(seed: seeds.isEmpty ? 3 : seeds[part])
        let middle = Point(seeds.isEmpty ? -900 : Float(left + right) / 2, Float(Self.height) / 2 + 14)
        let drawn = try face.picture(width: Self.width, height: Self.height, middle: middle, unit: unit)
        for y in 0..<Self.height {
          let offset = (y * Self.width + left) * 12
          frame.mutableView.base.advanced(by: offset)
            .copyMemory(from: drawn.view.base + offset, byteCount: (right - left) * 12)
        }
        withExtendedLifetime((frame, drawn)) {}
        if !seeds.isEmpty {
          lines.append(LandmarksFile.line(frame: .name(name), points: face.landmarks(middle: middle, unit: unit)))
        }
      }
      try frame.writePNG(to: "\(framesFolder)/\(name)", provenance: nil, replacing: replacing)
    }
    try File.writeAtomically(landmarksPath, replacing: replacing, text: lines.joined(separator: "\n") + "\n")
  }
}
