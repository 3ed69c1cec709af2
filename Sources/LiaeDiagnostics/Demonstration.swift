// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeFrame
import LiaeImageIO
import LiaeRuntime
import LiaeSequence
import LiaeSynth
import LiaeSystem
import LiaeTensor

/// Rendered faces and frames through a model, laid out on contact sheets; the frames beside their true swap.
package struct Demonstration {
  private let folder: String
  private let faces: Int
  private let replacing: Bool

  /// A copy of the model, for whoever makes one.
  package var modelPath: String { "\(folder)/model.safetensors" }
  package var facesFolder: String { "\(folder)/faces" }
  package var resultsFolder: String { "\(folder)/results" }
  package var sheetPath: String { "\(folder)/sheet.png" }
  package var framesFolder: String { "\(folder)/frames" }
  package var truthFolder: String { "\(folder)/truth" }
  package var landmarksPath: String { "\(folder)/landmarks.jsonl" }
  package var mergedFolder: String { "\(folder)/merged" }
  package var masksFolder: String { "\(folder)/merged_mask" }
  package var framesSheetPath: String { "\(folder)/frames.png" }
  package var modesSheetPath: String { "\(folder)/modes.png" }
  package var occlusionSheetPath: String { "\(folder)/occluded.png" }

  /// Sides of the frames in pixels, and their number.
  private static let (side, frames) = (480, 8)

  /// - Parameter faces: how many are rendered, 1 or more.
  /// - Throws: unless `replacing`, `fileExists` where a file is there that would be written.
  package init(folder: String, faces: Int, replacing: Bool) throws(LiaeError) {
    (self.folder, self.faces, self.replacing) = (folder, max(1, faces), replacing)
    guard !replacing else { return }
    let files = facePaths + [modelPath, sheetPath, landmarksPath, framesSheetPath, modesSheetPath, occlusionSheetPath]
    if let existing = files.first(where: { File.kind($0) != nil }) {
      throw LiaeError(.fileExists, "\(existing): exists already; --force replaces it")
    }
  }

  private var facePaths: [String] { (1...faces).map { "\(facesFolder)/face-\($0).png" } }

  /// Makes all folders.
  package func makeFolders() throws(LiaeError) {
    for folder in [folder, facesFolder, resultsFolder, framesFolder, truthFolder, mergedFolder, masksFolder] {
      try File.makeFolder(folder)
    }
  }

  /// Renders faces, runs them, and writes the first sheet: a row for each face, the input and what the model returns.
  ///
  /// - Returns: how many faces failed; then there is no sheet.
  package func makeFaces(_ plan: Plan, threads: Int, observer: SequenceObserver) throws(LiaeError) -> Int {
    let runner = try FaceRunner(plan, threads: threads, mode: .swap)
    let (type, rendered) = (try faceType(plan), try RenderedFaces())
    for (index, path) in facePaths.enumerated() {
      // A rendering is no work of a model: no provenance.
      try rendered.face(index + 1, type: type, side: runner.side)
        .writePNG(to: path, provenance: nil, replacing: replacing)
    }
    let inputs = try FaceInputs(paths: facePaths)
    let outputs = try FaceOutputs(
      inputs: inputs.files, folder: resultsFolder, format: .png, destinationMask: true, replacing: replacing)
    var inference = FaceInference(runner: runner, outputs: outputs, provenance: .rawFace, observer: observer)
    let failures = try inference.run(inputs.files) + inputs.errors.count
    guard failures == 0 else { return failures }
    var sheet = ContactSheet(columns: 4, side: max(runner.side, 128))
    for (row, file) in inputs.files.enumerated() {
      try sheet.add(
        file: file.path, outputs.kinds.map { outputs.path(file.stem, $0) },
        captions: row == 0 ? ["face", "swap", "mask", "dst mask"] : [])
    }
    try sheet.picture().writePNG(to: sheetPath, provenance: .rawFace, replacing: replacing)
    return 0
  }

  /// Renders frames, merges them, and writes the other sheets: a row for each frame with what was merged, the true swap
  /// and the mask; and every mode of compositing.
  ///
  /// - Returns: how many frames failed; then there are no sheets.
  package func makeFrames(_ plan: Plan, threads: Int, observer: SequenceObserver) throws(LiaeError) -> Int {
    let files = RenderedSequence.Files(
      framesFolder: framesFolder, truthFolder: truthFolder, landmarks: landmarksPath)
    try RenderedSequence.write(files, frames: Self.frames, side: Self.side, replacing: replacing)
    let frames = try FrameFolder(framesFolder)
    let output = MergeOutput(folder: mergedFolder, maskFolder: masksFolder, provenance: .composite)
    if replacing { try output.clear(frames.frames.map(\.stem)) }
    var settings = MergeSettings()
    (settings.options.blur, settings.options.erode) = (40, 10)
    // The true swap beside it has the source person's own colours.
    settings.options.colorTransfer = .none
    settings.faceType = try faceType(plan)
    let timeline = FaceTimeline(
      try FaceIndex(.landmarks(landmarksPath), place: frames.place).faces, settings: settings, rate: 25,
      count: frames.frames.count)
    let pool = try FrameWorkerPool(
      plan, settings: settings, threads: threads, parallelism: .auto, frames: frames.frames.count)
    let merge = FolderMerge(frames: frames, timeline: timeline, pool: pool, output: output)
    let report = try merge.run(resumes: false, observer: observer)
    guard report.failures == 0 else { return report.failures }
    var sheet = ContactSheet(columns: 4, side: Self.side / 2)
    for (row, frame) in frames.frames.enumerated() {
      let results = [output.frame(frame.stem), "\(truthFolder)/\(frame.name)", output.mask(frame.stem)]
      try sheet.add(
        file: frame.path, results, captions: row == 0 ? ["frame", "merged", "true swap", "mask"] : [])
    }
    try sheet.picture().writePNG(to: framesSheetPath, provenance: .composite, replacing: replacing)
    // No model takes part in these: the face is rendered.
    try CompositeSheet().sheet().writePNG(to: modesSheetPath, provenance: nil, replacing: replacing)
    return 0
  }

  /// Writes the sheet of swaps behind objects before the face, with and without an XSeg model.
  package func makeOcclusions(_ plan: Plan, xseg: Plan, threads: Int) throws(LiaeError) {
    try OcclusionSheet(swap: plan, segment: xseg, type: try faceType(plan), threads: threads).picture()
      .writePNG(to: occlusionSheetPath, provenance: .composite, replacing: replacing)
  }

  /// The model's face type; the whole face for a checkpoint that does not say it.
  private func faceType(_ plan: Plan) throws(LiaeError) -> FaceType {
    guard let name = plan.info.faceType else { return .whole }
    guard let type = FaceType(rawValue: name) else {
      throw LiaeError(.unsupported, "the model's face type is \(name), which is not known")
    }
    return type
  }
}

extension ContactSheet {
  /// Adds a row of picture files.
  fileprivate mutating func add(file: String, _ others: [String], captions: [String]) throws(LiaeError) {
    var row: [Picture] = []
    for path in [file] + others { row.append(try Picture.read(path: path)) }
    try add(row, captions: captions)
  }
}
