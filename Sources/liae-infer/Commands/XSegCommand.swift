// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import LiaeCommandLine
import LiaeFrame
import LiaeRuntime
import LiaeSequence
import LiaeSystem

struct XSegCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "xseg",
    abstract: "Masks of aligned faces by an XSeg model, as DeepFaceLab keeps them in the faces' files.",
    subcommands: [Apply.self, Remove.self, Fetch.self])

  /// The faces that a command works on.
  struct Faces: ParsableArguments {
    @Option(
      name: .shortAndLong,
      help: .init("Aligned faces: a folder of JPEG files or with a faceset.pak, or a .pak file.", valueName: "path"))
    var faces: String

    func validate() throws { try requirePath(faces, "--faces") }
  }

  struct Apply: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Finds what of each face is uncovered and stores it in the face's file.",
      discussion: """
        Example:
          liae-infer xseg apply --model model --faces data_dst/aligned \
            --sheet masks.png

        Masks are those of DeepFaceLab's `xseg apply`: 0 or 255, in place of an earlier one; polygons stay. Each file is \
        replaced whole or not at all. A folder that was stopped goes on where it stopped when the same command is given \
        again; a faceset is written at the end.

        \(LiaeInfer.statusTable)
        """)

    @Option(
      name: .shortAndLong,
      help: .init("XSeg model: XSeg_256.npy or the folder that holds it, .onnx or .safetensors.", valueName: "path"))
    var model: String

    @OptionGroup var input: Faces

    @Option(
      help: .init(
        "What the XSeg model was trained on: \(FaceType.allCases.map(\.rawValue).joined(separator: ", ")), DeepFaceLab's "
          + "letters, or same: as each face is. (default: what the model says, else same)", valueName: "name"))
    var faceType: String?

    @Option(
      help: .init(
        "Also write a PNG of up to \(MaskSheet.most) faces, with what masks leave out tinted red.", valueName: "file"))
    var sheet: String?

    @Flag(help: "Replace the sheet where it exists already.")
    var force = false

    @OptionGroup var compute: ComputeArguments

    func validate() throws {
      for (path, option) in [(model, "--model"), (sheet ?? "s", "--sheet")] { try requirePath(path, option) }
      if let faceType, faceType != "same", FaceType(faceType) == nil {
        throw ValidationError("--face-type \(faceType): no such face type")
      }
    }

    func run() throws {
      if let sheet, !force, File.kind(sheet) != nil {
        throw Failure(.files, "\(sheet): exists already; --force replaces it")
      }
      let plan = try XSegArguments.plan(model, compute)
      var options = ContextOptions()
      options.threads = compute.threads
      let segmentation = try FaceSegmentation(
        try Context(plan: plan, options: options), type: faceType.flatMap { FaceType($0) },
        followsFaces: faceType == "same")
      let kind = faceType ?? plan.info.faceType ?? "same"
      let (report, made) = try onConsole("faces") { observer in
        var job = MaskJob(
          .apply(segmentation, model: "\(plan.architecture.name) \(plan.fingerprint) \(kind)"),
          faces: withoutSlash(input.faces), sheet: sheet == nil ? nil : MaskSheet(), observer: observer)
        return try job.run()
      }
      if let sheet, let picture = try made?.picture() {
        try picture.writePNG(to: sheet, provenance: nil, replacing: force)
      }
      let earlier = report.earlier > 0 ? ", \(report.earlier) before" : ""
      Console.say("masks    \(report.written) written\(earlier)")
      try requireNoFailures(report.failures, "face", "faces")
    }
  }

  struct Remove: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Takes the masks out of the faces' files.",
      discussion: "Polygons stay, as all else does.\n\n\(LiaeInfer.statusTable)")

    @OptionGroup var input: Faces

    func run() throws {
      let (report, _) = try onConsole("faces") { observer in
        var job = MaskJob(.remove, faces: withoutSlash(input.faces), observer: observer)
        return try job.run()
      }
      Console.say("masks    \(report.written) removed, \(report.unchanged) faces had none")
      try requireNoFailures(report.failures, "face", "faces")
    }
  }

  struct Fetch: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Copies the faces of a folder on which polygons were drawn, to train a model by.",
      discussion: LiaeInfer.statusTable)

    @Option(name: .shortAndLong, help: .init("Folder of aligned faces, JPEG files.", valueName: "folder"))
    var faces: String

    @Option(name: .shortAndLong, help: .init("Folder for the copies. (default: FACES_xseg)", valueName: "folder"))
    var output: String?

    @Flag(help: "Take away the originals once all are copied, as DeepFaceLab does.")
    var move = false

    @Flag(help: "Replace files that exist already.")
    var force = false

    func validate() throws {
      for (path, option) in [(faces, "--faces"), (output ?? "o", "--output")] { try requirePath(path, option) }
    }

    func run() throws {
      let folder = withoutSlash(faces), target = output.map(withoutSlash) ?? "\(folder)_xseg"
      guard FileIdentity(folder) == nil || FileIdentity(folder) != FileIdentity(target) else {
        throw Failure(.usage, "--output is the folder of the faces")
      }
      let (copied, failures) = try onConsole("faces") {
        try LabelledFaces(in: folder, observer: $0).fetch(into: target, moving: move, replacing: force)
      }
      Console.say("faces    \(copied) \(move ? "moved" : "copied") to \(target)")
      try requireNoFailures(failures, "face", "faces")
    }
  }
}
