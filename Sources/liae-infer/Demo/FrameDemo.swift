// SPDX-License-Identifier: Apache-2.0
import LiaeCommandLine
import LiaeFormats
import LiaeFrame
import LiaeImageIO
import LiaeGraph
import LiaeRuntime
import LiaeSynth
import LiaeSystem
import LiaeTensor

/// Rendered frames with known landmarks through `merge`, with a model, beside the true swap.
struct FrameDemo {
  let folder: String
  let replacing: Bool

  private static let side = 480
  private static let count = 8

  var framesFolder: String { "\(folder)/frames" }
  var truthFolder: String { "\(folder)/truth" }
  var landmarksPath: String { "\(folder)/landmarks.jsonl" }
  var mergedFolder: String { "\(folder)/merged" }
  var masksFolder: String { "\(folder)/merged_mask" }
  var sheetPath: String { "\(folder)/frames.png" }
  var modesPath: String { "\(folder)/modes.png" }

  /// What is written beside the folders.
  var files: [String] { [landmarksPath, sheetPath, modesPath] }

  func run(_ model: Plan, compute: ComputeArguments) throws {
    for folder in [framesFolder, truthFolder, mergedFolder, masksFolder] { try File.makeFolder(folder) }
    try renderFrames()
    let frames = try FrameFolder(framesFolder)
    let survey = try FaceSurvey(.landmarks(landmarksPath), place: frames.place)
    let settings = try MergeSettings(
      file: nil,
      given: [
        ("mask-mode", .string("learned-prd*learned-dst")), ("blur", .integer(40)), ("erode", .integer(10)),
        // The true swap beside it has the source person's own colours.
        ("color-transfer", .string("none")),
        // For a checkpoint that does not say it.
        ("face-type", .string(model.info.faceType ?? FaceType.whole.rawValue)),
      ])
    let output = MergeOutput(
      folder: mergedFolder, maskFolder: masksFolder, format: .png, quality: 95, provenance: .composite)
    if replacing { output.clear(frames) }
    let crew = try SwapCrew(
      model, settings: settings, compute: compute, parallelism: .auto, frames: frames.frames.count)
    let timeline = FaceTimeline(survey.faces, settings: settings, rate: 25, count: frames.frames.count)
    let job = MergeJob(
      frames: frames, timeline: timeline, crew: crew, output: output, export: nil, masks: nil, failures: 0)
    try job.run(goesOn: false, announces: false)

    var sheet = ContactSheet(columns: 4, side: Self.side / 2)
    for frame in frames.frames {
      let paths = [frame.path, output.frame(frame.stem), "\(truthFolder)/\(frame.name)", output.mask(frame.stem)]
      try sheet.add(paths.map { try Picture.read(path: $0) })
    }
    try sheet.picture().writePNG(to: sheetPath, provenance: .composite, replacing: replacing)
    // No model takes part in these: the face is rendered.
    try CompositeSheet().sheet().writePNG(to: modesPath, provenance: nil, replacing: replacing)
  }

  /// `frames/00001.png` and so on, the same with the source person in `truth/`, and the landmarks of the faces.
  private func renderFrames() throws {
    let faces = try RenderedFaces(width: Self.side, height: Self.side)
    let source = try Head(.a)
    var lines = ["# Faces of the demo's frames: docs/landmarks.md"]
    for index in 0..<Self.count {
      let name = "\(String(100_001 + index).dropFirst()).png"
      let frame = try faces.frame(index)
      // A rendering is no work of a model: no provenance.
      try frame.picture.writePNG(to: "\(framesFolder)/\(name)", provenance: nil, replacing: replacing)
      try faces.frame(index, of: source).picture
        .writePNG(to: "\(truthFolder)/\(name)", provenance: nil, replacing: replacing)
      lines.append(LandmarksFile.line(frame: .name(name), points: frame.landmarks))
    }
    try File.writeAtomically(landmarksPath, replacing: replacing, text: lines.joined(separator: "\n") + "\n")
  }
}
