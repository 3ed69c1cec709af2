// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeSystem

/// The ways in which frames of a video are counted by whoever finds the faces.
///
/// Both ways agree where frames follow each other at a constant rate from the beginning of the file.
package enum FrameCounting: String, CaseIterable, Sendable {
  /// Names by `extracted`, indices by `decoded`, unless only the other way has a frame for each of them.
  case auto
  /// Frames as a decoder returns them, each once; so do OpenCV and most detectors.
  case decoded
  /// Pictures that `ffmpeg -i VIDEO %05d.png` makes, DeepFaceLab's `extract-video` for instance: at a constant rate from
  /// the beginning of the file, so that frames are repeated and left out.
  case extracted
}

/// Maps the names and indices that faces give to the frames of a video.
package struct FrameNumbering: Sendable {
  /// Decoded frames.
  let count: Int
  /// The decoded frame that each extracted picture shows, ascending; nil: the same.
  package var extracted: [Int]?
  package var names = FrameCounting.decoded
  package var indices = FrameCounting.decoded

  package init(count: Int) { self.count = count }

  /// The frame from 0, or nil where there is none. Pictures that repeat a frame have places past the last frame: the
  /// first of them has its faces already.
  package func place(_ frame: LandmarksFile.FrameName) -> Int? {
    switch frame {
    case .name(let name): return Self.number(name).flatMap { place($0, names) }
    case .index(let index): return place(index, indices)
    }
  }

  /// Returns the frame's number from 0; DeepFaceLab names frames by numbers from 1.
  static func number(_ name: String) -> Int? {
    Int(File.stem(name)).flatMap { (1...FrameTimes.longest).contains($0) ? $0 - 1 : nil }
  }

  private func place(_ number: Int, _ counting: FrameCounting) -> Int? {
    guard counting == .extracted, let extracted else { return (0..<count).contains(number) ? number : nil }
    guard extracted.indices.contains(number) else { return nil }
    let isRepeated = number > 0 && extracted[number] == extracted[number - 1]
    return isRepeated ? count + number : extracted[number]
  }
}

extension FrameNumbering {
  /// Lets ffmpeg write the video at a constant rate, as into numbered pictures, and looks which frame each of them shows.
  ///
  /// Each frame is replaced by 32 pixels that are the bits of its number: rules by which frames are repeated and left
  /// out differ from version to version.
  mutating func readExtracted(_ info: VideoInfo, _ observer: SequenceObserver) throws(LiaeError) {
    let bits = "format=gray,scale=32:1:flags=neighbor,geq=lum='255*mod(floor(N/pow(2\\,X))\\,2)'"
    let ffmpeg = try Subprocess.ffmpeg(
      ["ffmpeg", "-v", "error", "-nostdin"] + VideoContainer.input(info.path)
        + ["-map", "0:V:0", "-vf", bits, "-c:v", "rawvideo", "-f", "image2pipe", "pipe:1"], reading: true)
    var (shown, picture): ([Int], [UInt8]) = ([], Array(repeating: 0, count: 32))
    while true {
      try observer.checkCancelled()
      let read = try picture.withUnsafeMutableBufferPointer { (bytes) throws(LiaeError) in
        try ffmpeg.read(into: UnsafeMutableRawBufferPointer(bytes))
      }
      guard read == picture.count else { break }
      guard shown.count < FrameTimes.longest else {
        throw LiaeError(
          .limitExceeded,
          "\(info.path): ffmpeg makes more than \(FrameTimes.longest) pictures of it; --numbering decoded "
            + "does without them")
      }
      let number = picture.reversed().reduce(0) { $0 << 1 | ($1 > 127 ? 1 : 0) }
      // Numbers begin anew where a video changes its size.
      shown.append(max(number, shown.last ?? 0))
    }
    try ffmpeg.wait()
    extracted = shown
  }
}
