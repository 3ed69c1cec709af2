// SPDX-License-Identifier: Apache-2.0
import Glibc
import LiaeCommandLine
import LiaeFormats
import LiaeFrame
import LiaeImageIO
import LiaeSwap
import LiaeSystem
import LiaeTensor

/// Where the results of a merge go.
struct MergeOutput {
  enum Format: String, CaseIterable { case png, jpeg }

  let folder: String
  let maskFolder: String
  let format: Format
  /// 1...100, of JPEG.
  let quality: Int
  let provenance: Provenance?

  private var ending: String { format == .png ? ".png" : ".jpg" }

  func frame(_ stem: String) -> String { "\(folder)/\(stem)\(ending)" }
  func mask(_ stem: String) -> String { "\(maskFolder)/\(stem).png" }

  /// - Throws: where a result would replace a frame or a mask of the input.
  func check(_ frames: FrameFolder, masks: String?) throws {
    for target in [folder, maskFolder] {
      try requireFolder(target)
      for source in [frames.path, masks].compactMap({ $0 }) where FileIdentity(target) == FileIdentity(source) {
        if FileIdentity(target) != nil {
          throw Failure(.usage, "\(target): results would replace the input \(source); choose another folder")
        }
      }
    }
    if folder == maskFolder || FileIdentity(folder) != nil && FileIdentity(folder) == FileIdentity(maskFolder) {
      throw Failure(.usage, "\(folder): frames and masks would have the same names; choose another --mask-output")
    }
  }

  /// Whether both files of a frame are there: each is written whole or not at all.
  func isDone(_ stem: String) -> Bool { File.kind(frame(stem)) == .file && File.kind(mask(stem)) == .file }

  /// The first file of a frame that is there.
  func existing(_ frames: FrameFolder) -> String? {
    for frame in frames.frames {
      for path in [self.frame(frame.stem), mask(frame.stem)] where File.kind(path) != nil { return path }
    }
    return nil
  }

  /// Takes away the frames of an earlier merge.
  func clear(_ frames: FrameFolder) {
    for frame in frames.frames {
      unlink(self.frame(frame.stem))
      unlink(mask(frame.stem))
    }
  }

  /// Takes away what a merge that was killed has left half-written, as `00001.png.tmp4711`.
  ///
  /// - Parameter folders: beside those of frames and masks.
  func sweep(_ frames: FrameFolder, folders: [String]) throws(LiaeError) {
    let stems = Set(frames.frames.map(\.stem))
    for folder in [folder, maskFolder] + folders where File.kind(folder) == .folder {
      for name in try File.list(folder) {
        guard let dot = name.lastIndex(of: "."), name[dot...].hasPrefix(".tmp"),
          name[dot...].dropFirst(4).utf8.allSatisfy({ (0x30...0x39).contains($0) })
        else { continue }
        if name[..<dot] == MergeSession.name || Self.isOfFrame(name[..<dot], stems) { unlink("\(folder)/\(name)") }
      }
    }
  }

  /// Whether a name is `STEM.ENDING` or `STEM_NUMBER.ENDING`, whatever the ending. Stems may have dots.
  private static func isOfFrame(_ name: Substring, _ stems: Set<String>) -> Bool {
    name.indices.contains { dot in
      guard name[dot] == "." else { return false }
      let stem = name[..<dot]
      if stems.contains(String(stem)) { return true }
      guard let line = stem.lastIndex(of: "_") else { return false }
      return Int(stem[stem.index(after: line)...]) != nil && stems.contains(String(stem[..<line]))
    }
  }

  /// Writes a frame and its mask, the frame last: it is done when both are there.
  func write(_ result: SwappedFrame, _ stem: String, isComposite: Bool) throws(LiaeError) {
    let note = isComposite ? provenance : nil
    try result.mask.writePNG(to: mask(stem), provenance: note, replacing: true)
    try write(result.picture, to: frame(stem), provenance: note)
  }

  private func write(_ picture: Picture, to path: String, provenance: Provenance?) throws(LiaeError) {
    switch format {
    case .png: try picture.writePNG(to: path, provenance: provenance, replacing: true)
    case .jpeg: try picture.writeJPEG(to: path, quality: quality, provenance: provenance, replacing: true)
    }
  }

  /// A frame without faces: the file itself where it has the format of the output, and a black mask.
  func copy(_ picture: Picture, from path: String, _ stem: String) throws(LiaeError) {
    let mask = try Picture(width: picture.width, height: picture.height, format: .gray8)
    try mask.writePNG(to: self.mask(stem), provenance: nil, replacing: true)
    let file = try Bytes.map(path: path)
    guard PictureFileKind(file.raw) == (format == .png ? .png : .jpeg) else {
      return try write(picture, to: frame(stem), provenance: nil)
    }
    try File.writeAtomically(frame(stem), replacing: true, file)
  }
}

/// The swapped faces one by one, for people who composite elsewhere.
struct FaceExport {
  enum Format: String, CaseIterable { case png, png16, npy }

  let folder: String
  let format: Format
  let provenance: Provenance?

  /// Writes `STEM_INDEX.face`, `.swap_mask`, `.dst_mask` and `.json`.
  func write(_ face: SwappedFace, frame: String, stem: String, index: Int) throws(LiaeError) {
    let base = "\(folder)/\(stem)_\(index)"
    let rgb = face.rgb
    try write(Picture(rgb, format: .rgbFloat), "\(base).face")
    var members: [(String, JSON)] = [("frame", .string(frame)), ("face", .integer(index))]
    for (name, mask) in [("swap_mask", face.swapMask), ("dst_mask", face.destinationMask)] {
      guard let mask else { continue }
      try write(Picture(mask, format: .grayFloat), "\(base).\(name)")
    }
    let m = face.matrix
    members += [
      ("width", .integer(rgb.width)), ("height", .integer(rgb.height)),
      ("matrix", .array([[m.xx, m.xy, m.tx], [m.yx, m.yy, m.ty]].map { .array($0.map(JSON.number)) })),
    ]
    try File.writeAtomically("\(base).json", replacing: true, text: JSON.object(members).text() + "\n")
  }

  private func write(_ picture: Picture, _ path: String) throws(LiaeError) {
    switch format {
    case .png: try picture.writePNG(to: "\(path).png", provenance: provenance, replacing: true)
    case .png16: try picture.writePNG(to: "\(path).png", bits: 16, provenance: provenance, replacing: true)
    case .npy:
      let shape = [picture.height, picture.width, picture.format.channels]
      let tensor = try TensorView(dtype: .float32, shape: shape, storage: picture.storage)
      try NumpyArray.write(tensor, to: "\(path).npy", replacing: true)
    }
  }
}
