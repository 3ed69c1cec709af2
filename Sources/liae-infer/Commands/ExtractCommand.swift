// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import LiaeCommandLine
import LiaeFrame
import LiaeSequence
import LiaeSystem

extension FaceType: ExpressibleByArgument {
  public init?(argument: String) { self.init(argument) }
}

struct ExtractCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "extract",
    abstract: "Cuts aligned faces out of frames, as DeepFaceLab's extractor leaves them.",
    discussion: """
      Example:
        liae-infer extract --frames data_dst --landmarks dst.jsonl \\
          --output data_dst/aligned

      Faces are found by another program, which writes a landmarks file. For each face of a frame STEM.xyz the output \
      folder gets STEM_0.jpg, STEM_1.jpg and so on, with the metadata that DeepFaceLab reads.

      \(LiaeInfer.statusTable)
      """)

  @Option(name: .shortAndLong, help: .init("Folder of the frames.", valueName: "folder"))
  var frames: String

  @Option(
    name: .shortAndLong,
    help: .init("Landmarks file of 68 points a face: JSON lines, see docs/landmarks.md.", valueName: "file"))
  var landmarks: String

  @Option(name: .shortAndLong, help: .init("Folder for the faces; created if it is missing.", valueName: "folder"))
  var output: String

  @Option(help: .init("What a face shows.", valueName: "name"))
  var faceType = FaceType.whole

  @Option(help: .init("Pixels of a side. 64 to 2048. (default: 512; 768 for head)", valueName: "n"))
  var imageSize: Int?

  @Option(help: .init("Quality of the files. 1 to 100.", valueName: "n"))
  var jpegQuality = 90

  @Flag(help: "Write one faceset.pak in place of files.")
  var pak = false

  @Option(help: .init("Frames worked on at once; 0 is one for each processor.", valueName: "n"))
  var threads = 0

  @Flag(help: "Replace files that exist already.")
  var force = false

  private static let sizes = 64...2048

  func validate() throws {
    for (path, option) in [(output, "--output"), (frames, "--frames"), (landmarks, "--landmarks")] {
      try requirePath(path, option)
    }
    if let imageSize, !Self.sizes.contains(imageSize) {
      throw ValidationError("--image-size is \(imageSize); expected 64 to 2048")
    }
    guard (1...100).contains(jpegQuality) else {
      throw ValidationError("--jpeg-quality is \(jpegQuality); expected 1 to 100")
    }
    guard (0...64).contains(threads) else { throw ValidationError("--threads is \(threads); expected 0 to 64") }
  }

  func run() throws {
    let folder = try FrameFolder(withoutSlash(frames))
    let index = try FaceIndex(.landmarks(landmarks), place: folder.place)
    for notice in index.notices { Console.complain(notice.message) }
    sayMismatches(index, folder)
    let isHead = faceType == .head || faceType == .headNoAlign
    let extraction = FaceExtraction(
      frames: folder, faces: index.faces, type: faceType, size: imageSize ?? (isHead ? 768 : 512),
      quality: jpegQuality, target: pak ? .pak : .files)
    let target = withoutSlash(output)
    try extraction.checkOutputs(target, replacing: force)
    let report = try onConsole("frames") {
      try extraction.run(into: target, workers: threads > 0 ? threads : processorCount(), observer: $0)
    }
    Console.say("faces    \(report.faces) from \(report.frames) frames")
    try requireMatch(index, folder)
    try requireNoFailures(report.failures + index.failures, "face or frame", "faces or frames")
  }
}
