// SPDX-License-Identifier: Apache-2.0
import LiaeImageIO
import LiaeSystem
import LiaeTensor

/// The two folders into which a merge writes: frames and masks, each file whole or not at all.
package struct MergeOutput: Sendable {
  package enum Format: String, CaseIterable, Sendable { case png, jpeg }

  package let folder: String
  package let maskFolder: String
  package let format: Format
  /// 1...100, of JPEG.
  package let quality: Int
  /// Bits of a channel: 8, 16, or nil: as many as the frame has.
  package let bits: Int?
  /// True if the faces alone are written, as RGBA with straight alpha.
  package let isCutOut: Bool
  /// The note in files that a model took part in; nil: none.
  package let provenance: Provenance?
  /// All files of the merge: they share the wait for the disk.
  let batch = WriteBatch()

  package init(
    folder: String, maskFolder: String, format: Format = .png, quality: Int = 95, bits: Int? = nil,
    isCutOut: Bool = false, provenance: Provenance?
  ) {
    (self.folder, self.maskFolder, self.format) = (folder, maskFolder, format)
    (self.quality, self.bits, self.isCutOut, self.provenance) = (quality, bits, isCutOut, provenance)
  }

  /// Reads a frame with as many bits as its result has.
  func read(_ frame: FrameFolder.Frame) throws(LiaeError) -> PictureFile {
    try PictureFile.read(path: frame.path, keeps16Bits: format == .png && bits != 8)
  }

  /// True if results are needed as float pictures, also of 8-bit frames.
  var needsFloat: Bool { isCutOut || format == .png && bits == 16 }

  /// Returns the properties of a frame that its result will not have.
  func lost(of frame: PictureFile, isCopied: Bool) -> [String] {
    if isCopied, staysTheFile(frame) { return [] }
    let properties = isCopied ? frame.properties : frame.properties.forColors()
    guard format == .jpeg else { return properties.leftBehind }
    return properties.leftBehind + properties.lostInJPEG + (frame.picture.format.channels == 4 ? ["alpha"] : [])
  }

  private var ending: String { format == .png ? ".png" : ".jpg" }

  package func frame(_ stem: String) -> String { "\(folder)/\(stem)\(ending)" }
  package func mask(_ stem: String) -> String { "\(maskFolder)/\(stem).png" }

  /// - Throws: `invalidArgument` where a result would replace a frame or a mask of the input, `inputOutput` where a file
  ///   stands in a folder's place.
  package func check(_ frames: FrameFolder, masks: String?) throws(LiaeError) {
    for target in [folder, maskFolder] {
      try File.requireFolder(target)
      for source in [frames.path, masks].compactMap({ $0 }) where FileIdentity(target) == FileIdentity(source) {
        if FileIdentity(target) != nil {
          throw LiaeError(
            .invalidArgument, "\(target): results would replace the input \(source); choose another folder")
        }
      }
    }
    // A link in the output may lead to a frame, and is followed.
    let inputs = Set(frames.frames.compactMap { FileIdentity($0.path) })
    for path in frames.frames.flatMap({ [frame($0.stem), mask($0.stem)] }) {
      guard let identity = FileIdentity(path), inputs.contains(identity) else { continue }
      throw LiaeError(.invalidArgument, "\(path): is a frame of the input, which a result would replace")
    }
    if folder == maskFolder || FileIdentity(folder) != nil && FileIdentity(folder) == FileIdentity(maskFolder) {
      throw LiaeError(
        .invalidArgument, "\(folder): frames and masks would have the same names; choose another --mask-output")
    }
  }

  /// Tells whether both files of a frame are there: each is written whole or not at all.
  func isDone(_ stem: String) -> Bool { File.kind(frame(stem)) == .file && File.kind(mask(stem)) == .file }

  /// The first file of a frame that is there.
  func existing(_ stems: [String]) -> String? {
    for stem in stems {
      for path in [frame(stem), mask(stem)] where File.kind(path) != nil { return path }
    }
    return nil
  }

  /// Takes away these frames of an earlier merge; links that lead to them stay, and so does what is no file.
  package func clear(_ stems: [String]) throws(LiaeError) {
    for stem in stems {
      try File.removeContent(frame(stem))
      try File.removeContent(mask(stem))
    }
  }

  /// Takes away what a merge that was killed has left half-written, as `00001.png.tmp4711`.
  ///
  /// - Parameters:
  ///   - selection: frames whose files are taken away; other processes may be writing those of the others.
  ///   - folders: beside those of frames and masks.
  func sweep(_ frames: FrameFolder, only selection: FrameSelection, folders: [String]) throws(LiaeError) {
    let stems = Set(selection.places.map { frames.frames[$0].stem })
    let others = Set(frames.frames.map(\.stem)).subtracting(stems)
    for folder in [folder, maskFolder] + folders where File.kind(folder) == .folder {
      for name in try File.list(folder) {
        guard let dot = name.lastIndex(of: "."), File.isTemporary(name, of: String(name[..<dot])) else { continue }
        let whole = name[..<dot]
        let isManifest = whole == MergeSession.manifest && !selection.isPartial
        if isManifest || Self.isOfFrame(whole, stems) && !others.contains(File.stem(String(whole))) {
          try File.remove("\(folder)/\(name)")
        }
      }
    }
  }

  /// Tells whether a name is `STEM.ENDING` or `STEM_NUMBER.ENDING`, whatever the ending. Stems may have dots.
  private static func isOfFrame(_ name: Substring, _ stems: Set<String>) -> Bool {
    name.indices.contains { dot in
      guard name[dot] == "." else { return false }
      let stem = name[..<dot]
      if stems.contains(String(stem)) { return true }
      guard let line = stem.lastIndex(of: "_") else { return false }
      return Int(stem[stem.index(after: line)...]) != nil && stems.contains(String(stem[..<line]))
    }
  }

  /// Writes a frame and its mask, the frame last: it is done when both are there, at the end of the batch at the latest.
  func write(
    _ result: SwappedFrame, _ stem: String, isComposite: Bool, properties: PictureProperties = PictureProperties()
  ) throws(LiaeError) {
    let note = isComposite ? provenance : nil
    try result.mask.writePNG(
      to: mask(stem), bits: bits(of: result.mask), provenance: note, replacing: true, in: batch)
    try write(result.picture, properties.forColors(), to: frame(stem), provenance: note)
  }

  private func write(
    _ picture: Picture, _ properties: PictureProperties, to path: String, provenance: Provenance?
  ) throws(LiaeError) {
    switch format {
    case .png:
      try picture.writePNG(
        to: path, bits: bits(of: picture), provenance: provenance, properties: properties, replacing: true, in: batch)
    case .jpeg:
      try picture.writeJPEG(
        to: path, quality: quality, provenance: provenance, properties: properties, replacing: true, in: batch)
    }
  }

  /// A picture is a float one where its file had 16 bits, or is to have them.
  private func bits(of picture: Picture) -> Int { bits ?? (picture.format.isFloat ? 16 : 8) }

  /// A frame without faces: the file itself where that is what the output has, and a black mask.
  func copy(_ source: PictureFile, from path: String, _ stem: String) throws(LiaeError) {
    let picture = source.picture
    let isDeep = picture.format.isFloat
    let mask = try Picture(width: picture.width, height: picture.height, format: isDeep ? .grayFloat : .gray8)
    try mask.writePNG(to: self.mask(stem), bits: bits(of: mask), provenance: nil, replacing: true, in: batch)
    if isCutOut {
      let empty = try Picture(
        width: picture.width, height: picture.height, format: isDeep ? .rgbaFloat : .rgba8)
      return try write(empty, source.properties.forColors(), to: frame(stem), provenance: nil)
    }
    guard staysTheFile(source) else {
      return try write(picture, source.properties, to: frame(stem), provenance: nil)
    }
    try File.writeAtomically(frame(stem), replacing: true, in: batch, Bytes.read(path: path))
  }

  /// Tells whether the file of a frame without faces is copied, byte for byte.
  private func staysTheFile(_ frame: PictureFile) -> Bool {
    !isCutOut && frame.orientation == 1 && frame.kind == (format == .png ? .png : .jpeg)
      && (bits == nil || bits == frame.bits)
  }
}
