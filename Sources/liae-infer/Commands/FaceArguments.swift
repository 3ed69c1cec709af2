// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import LiaeCommandLine
import LiaeFormats
import LiaeSequence
import LiaeSystem

/// Source of the faces of frames.
struct FaceArguments: ParsableArguments {
  @Option(
    name: .shortAndLong,
    help: .init(
      "DeepFaceLab's aligned faces, which say where the faces are: a folder of .jpg or .png files or with faceset.pak, or "
        + "a .pak file. Give this option or --landmarks.", valueName: "path"))
  var aligned: String?

  @Option(
    name: .shortAndLong,
    help: .init("Landmarks file: JSON lines, see docs/landmarks.md.", valueName: "file"))
  var landmarks: String?

  @Option(
    help: .init("Frames a second, for --smooth-landmarks. (default: the video's; 25 for a folder)", valueName: "n"))
  var fps: Double?

  func validate() throws {
    guard (aligned == nil) != (landmarks == nil) else {
      throw ValidationError(
        aligned == nil
          ? "where are the faces? Expected --aligned or --landmarks; examples/landmarks/find_landmarks.py makes a landmarks "
            + "file of any video or folder of frames"
          : "--aligned and --landmarks exclude each other")
    }
    if let fps, !(fps > 0 && fps <= 10_000) { throw ValidationError("--fps is \(fps); expected more than 0") }
  }

  /// Reads the faces of a folder's frames, and says what was left out and what does not fit.
  func index(_ frames: FrameFolder) throws -> FaceIndex {
    let index = try index(place: frames.place)
    sayMismatches(index, frames)
    return index
  }

  var source: FaceSource { aligned.map { .aligned(withoutSlash($0)) } ?? .landmarks(landmarks ?? "") }

  /// Reads the faces, and says what was left out.
  func index(place: @escaping (LandmarksFile.FrameName) -> Int?) throws -> FaceIndex {
    let index = try FaceIndex(source, place: place)
    for notice in index.notices { Console.complain(notice.message) }
    return index
  }
}
