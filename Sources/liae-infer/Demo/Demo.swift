// SPDX-License-Identifier: Apache-2.0
import LiaeCommandLine
import LiaeConvert
import LiaeFrame
import LiaeImageIO
import LiaePack
import LiaeRuntime
import LiaeSystem
import LiaeTensor

/// A trial of everything on faces of nobody: convert, render, run, lay out.
struct Demo {
  let folder: String
  let faces: Int
  let replacing: Bool

  var modelPath: String { "\(folder)/model.safetensors" }
  var facesFolder: String { "\(folder)/faces" }
  var resultsFolder: String { "\(folder)/results" }
  var sheetPath: String { "\(folder)/sheet.png" }

  /// - Throws: where a file is there that the demo would write, unless `replacing`.
  init(folder: String, faces: Int, replacing: Bool) throws {
    (self.folder, self.faces, self.replacing) = (folder, faces, replacing)
    guard !replacing else { return }
    let files = (1...faces).map { facePath($0) } + [modelPath, sheetPath] + frames.files
    if let existing = files.first(where: { File.kind($0) != nil }) {
      throw Failure(.files, "\(existing): exists already; --force replaces it")
    }
  }

  var frames: FrameDemo { FrameDemo(folder: folder, replacing: replacing) }

  private func facePath(_ number: Int) -> String { "\(facesFolder)/face-\(number).png" }

  func run(checkpoint path: String, arguments: CheckpointArguments, compute: ComputeArguments) throws {
    let model = try plan(checkpoint: path, arguments: arguments, compute: compute)
    let runner = try FaceRunner(model, compute: compute, mode: .swap)

    let type = FaceType(rawValue: model.info.faceType ?? "") ?? .whole
    let rendered = try RenderedFaces()
    for number in 1...faces {
      // A rendering is no work of a model: no provenance.
      try rendered.face(number, type: type, side: runner.side)
        .writePNG(to: facePath(number), provenance: nil, replacing: replacing)
    }
    let survey = try InputSurvey(paths: (1...faces).map { facePath($0) })
    let plan = try OutputPlan(
      inputs: survey.files, folder: resultsFolder, format: .png, destinationMask: true, replacing: replacing)
    var job = FaceJob(runner: runner, outputs: plan, provenance: .rawFace)
    try job.run(survey)

    var sheet = ContactSheet(columns: 4, side: max(runner.side, 128))
    for file in survey.files {
      try sheet.add(
        [Picture.read(path: file.path)] + plan.kinds.map { try Picture.read(path: plan.path(file.stem, $0)) })
    }
    try sheet.picture().writePNG(to: sheetPath, provenance: .rawFace, replacing: replacing)
    try frames.run(model, compute: compute)
  }

  private func plan(checkpoint path: String, arguments: CheckpointArguments, compute: ComputeArguments) throws -> Plan {
    let isPacked = try ModelOpening.isPacked(path)
    let source = isPacked ? nil : try arguments.open(path)
    for folder in [folder, facesFolder, resultsFolder] { try File.makeFolder(folder) }
    guard let source else {
      Console.complain("\(path): packed weights are run as they are: \(modelPath) cannot be made of them")
      return try arguments.plan(path, compute, nil)
    }
    try ModelWriter.write(source, to: modelPath, as: .safetensors(.float32), replacing: replacing)
    // What runs is the converted file, so that the sheet shows that both steps work.
    return try compute.plan(ModelReader.open(path: modelPath))
  }
}
