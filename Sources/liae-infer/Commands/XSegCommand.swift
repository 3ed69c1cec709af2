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
    subcommands: [Apply.self, Remove.self, Fetch.self, Evaluate.self])

  /// The faces that a command works on.
  struct Faces: ParsableArguments {
    @Option(
      name: .shortAndLong,
      help: .init("Aligned faces: a folder of JPEG files or with a faceset.pak, or a .pak file.", valueName: "path"))
    var faces: String

    func validate() throws { try requirePath(faces, "--faces") }
  }

  /// The model that finds masks, and what is drawn of them.
  struct Network: ParsableArguments {
    @Option(
      name: .shortAndLong,
      help: .init("XSeg model: XSeg_256.npy or the folder that holds it, .onnx or .safetensors.", valueName: "path"))
    var model: String

    @OptionGroup var input: Faces

    @Option(
      help: .init(
        "Face type of the XSeg model: \(FaceType.allCases.map(\.rawValue).joined(separator: ", ")), DeepFaceLab's letters, "
          + "or same: that of each face. (default: that of the model's file, else same)", valueName: "name"))
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

    /// The model made ready, and a name of it and what it is told.
    func ready() throws -> (FaceSegmentation, String) {
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
      return (segmentation, "\(plan.architecture.name) \(plan.fingerprint) \(kind)")
    }

    /// Goes through the faces, and writes the sheet.
    func run(_ action: MaskJob.Action) throws -> (MaskJob.Report, MaskComparison) {
      let (report, made, comparison) = try onConsole("faces") { observer in
        var job = MaskJob(
          action, faces: withoutSlash(input.faces), sheet: sheet == nil ? nil : MaskSheet(), observer: observer)
        let (report, sheet) = try job.run()
        return (report, sheet, job.comparison)
      }
      if let sheet, let picture = try made?.picture() {
        try picture.writePNG(to: sheet, provenance: nil, replacing: force)
      }
      return (report, comparison)
    }
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

    @OptionGroup var network: Network

    func run() throws {
      let (segmentation, name) = try network.ready()
      let (report, _) = try network.run(.apply(segmentation, model: name))
      let earlier = report.earlier > 0 ? ", \(report.earlier) before" : ""
      Console.say("masks    \(report.written) written\(earlier)")
      try requireNoFailures(report.failures, "face", "faces")
    }
  }

  struct Remove: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Removes the masks from the faces' files.",
      discussion: "Polygons and all other metadata stay.\n\n\(LiaeInfer.statusTable)")

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
      abstract: "Copies the faces of a folder on which polygons were drawn, to train a model with them.",
      discussion: LiaeInfer.statusTable)

    @Option(name: .shortAndLong, help: .init("Folder of aligned faces.", valueName: "folder"))
    var faces: String

    @Option(name: .shortAndLong, help: .init("Folder for the copies. (default: FACES_xseg)", valueName: "folder"))
    var output: String?

    @Flag(help: "Remove the originals when all are copied, as DeepFaceLab does.")
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

  struct Evaluate: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Compares the masks that a model finds with those stored in the faces.",
      discussion: """
        Example:
          liae-train synth --identity b --count 200 --held-out --occluders 0.5 \\
            --output rendered
          liae-infer xseg evaluate --model model --faces rendered/aligned

        "overlap" is the intersection of both masks over their union, over the pixels of all faces; "covered" the share of \
        pixels within the landmarks' hull that the faces' masks leave out, which the model leaves out too. Nothing is \
        written but the sheet.

        \(LiaeInfer.statusTable)
        """)

    @OptionGroup var network: Network

    func run() throws {
      let (segmentation, _) = try network.ready()
      let (report, comparison) = try network.run(.compare(segmentation))
      guard comparison.faces > 0 || report.failures > 0 else {
        throw Failure(.files, "\(network.input.faces): no face has a mask to compare with")
      }
      func text(_ value: Double) -> String { value.fixed(4) }
      Console.say("faces    \(comparison.faces) with a mask, \(report.unchanged - comparison.faces) without")
      if let overlap = comparison.overlap, let worst = comparison.worst {
        Console.say("overlap  \(text(overlap)), worst \(text(worst.overlap)): \(worst.name)")
      }
      if let found = comparison.coveredFound {
        Console.say("covered  \(text(found)) found of \(comparison.coveredPixels) pixels")
      }
      try requireNoFailures(report.failures, "face", "faces")
    }
  }
}
