// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import LiaeCommandLine
import LiaeFrame
import LiaeSynth
import LiaeSystem
import LiaeTrainingSession

struct SynthCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "synth",
    abstract: "Renders faces of nobody: a faceset with known landmarks and masks.",
    discussion: """
      Example:
        liae-train synth --identity a --count 2000 --seed 1 --output data_src
        liae-train synth --identity b --count 2000 --seed 2 --output data_dst

      DIR gets aligned/ (faces with DeepFaceLab's metadata and an xseg mask), frames/ (PNG), masks/ (of the frames) and \
      landmarks.jsonl. The same seed gives the same files. Persons: \(Identity.cast.map(\.name).joined(separator: ", ")).
      """)

  @Option(name: .shortAndLong, help: .init("Folder for the files; created if it is missing.", valueName: "dir"))
  var output: String

  @Option(help: .init("Who is rendered.", valueName: "name"))
  var identity: String

  @Option(help: .init("Frames, one face each. 1 to 99999.", valueName: "n"))
  var count = 1000

  @Option(help: .init("Of all that is random.", valueName: "n"))
  var seed: UInt64 = 0

  @Option(help: .init("Side of an aligned face, pixels. 64 to 2048.", valueName: "n"))
  var size = 256

  @Option(help: .init("Size of the frames: WIDTHxHEIGHT, pixels. 64 to 2048.", valueName: "size"))
  var frameSize = FrameSize(width: 400, height: 400)

  @Option(help: .init("Face type of the aligned faces: full_face, whole_face, head ...", valueName: "name"))
  var faceType = FaceType.whole

  @Option(
    help: .init(
      "Share of frames with a hand, hair, glasses or a microphone before the face, which masks leave out. 0 to 1.",
      valueName: "share"))
  var occluders = 0.0

  @Option(help: .init("Quality of the aligned faces. 1 to 100.", valueName: "n"))
  var jpegQuality = 95

  @Flag(help: "Write aligned/faceset.pak in place of files.")
  var pak = false

  @Flag(help: "Write no frames and no masks of them.")
  var noFrames = false

  @Flag(help: "Poses of evaluation, which no training set has.")
  var heldOut = false

  @Option(help: .init("Also write a video in which the face moves smoothly.", valueName: "file"))
  var video: String?

  @Option(help: .init("Frames of the video, 25 a second. 1 to 99999.", valueName: "n"))
  var videoFrames = 100

  @Option(help: .init("Frames rendered at once; 0 is one for each processor.", valueName: "n"))
  var threads = 0

  @Flag(help: "Replace files that exist already.")
  var force = false

  func validate() throws {
    try requirePath(output, "--output")
    if let video { try requirePath(video, "--video") }
    guard Identity.named(identity) != nil else {
      let known = Identity.cast.map(\.name).joined(separator: ", ")
      throw ValidationError("--identity is \"\(identity)\"; expected one of \(known)")
    }
    guard (0...1).contains(occluders) else { throw ValidationError("--occluders is \(occluders); expected 0 to 1") }
    for (value, range, option) in [
      (count, 1...99999, "--count"), (size, 64...2048, "--size"), (jpegQuality, 1...100, "--jpeg-quality"),
      (videoFrames, 1...99999, "--video-frames"), (threads, 0...64, "--threads"),
    ] where !range.contains(value) {
      throw ValidationError("\(option) is \(value); expected \(range.lowerBound) to \(range.upperBound)")
    }
  }

  func run() throws {
    guard let person = Identity.named(identity) else { return }
    var faceset = SyntheticFaceset(of: person, in: withoutSlash(output), count: count, seed: seed)
    (faceset.frame, faceset.side, faceset.type) = ((frameSize.width, frameSize.height), size, faceType)
    (faceset.quality, faceset.isPacked, faceset.writesFrames) = (jpegQuality, pak, !noFrames)
    (faceset.purpose, faceset.replacing) = (heldOut ? .evaluation : .training, force)
    faceset.occluded = occluders
    try faceset.checkOutputs(video: video)
    let workers = threads > 0 ? threads : processorCount()
    try withProgressBar("faces") { (observer) throws(LiaeError) in
      try faceset.write(workers: workers, observer: observer)
    }
    Console.say("faces    \(count) of \(person.name) in \(faceset.aligned)")
    guard let video else { return }
    try withProgressBar("frames") { (observer) throws(LiaeError) in
      try faceset.writeVideo(video, frames: videoFrames, workers: workers, observer: observer)
    }
    Console.say("video    \(videoFrames) frames in \(video)")
  }
}

extension FaceType: ExpressibleByArgument {
  /// Reads a name, or DeepFaceLab's letters.
  package init?(argument: String) { self.init(argument) }
}

/// `WIDTHxHEIGHT` on a command line.
struct FrameSize: ExpressibleByArgument, CustomStringConvertible {
  var width: Int
  var height: Int

  init(width: Int, height: Int) { (self.width, self.height) = (width, height) }

  init?(argument: String) {
    let parts = argument.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 2, let width = parts[0], let height = parts[1], (64...2048).contains(width),
      (64...2048).contains(height)
    else { return nil }
    self.init(width: width, height: height)
  }

  var description: String { "\(width)x\(height)" }
  var defaultValueDescription: String { description }
}
