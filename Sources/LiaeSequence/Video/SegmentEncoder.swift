// SPDX-License-Identifier: Apache-2.0
import LiaeImageIO
import LiaeSystem

/// Encodes the frames of segments, which come one after the other, each segment into its file.
final class SegmentEncoder {
  private let merge: VideoMerge
  /// Segments that are written, ascending.
  private let indices: [Int]
  private var open: (index: Int, failures: Int, frames: VideoWriter, mask: VideoWriter?)?
  /// The number of the last frame that was written, plus one; nil: none was.
  private(set) var end: Int?

  init(_ merge: VideoMerge, _ indices: [Int]) { (self.merge, self.indices) = (merge, indices) }

  /// Tells whether a frame belongs to a segment that is written; others are computed for averages alone.
  func writes(_ number: Int) -> Bool { index(number) != nil }

  private func index(_ number: Int) -> Int? {
    if let open, contains(open.index, number) { return open.index }
    return indices.first { contains($0, number) }
  }

  private func contains(_ index: Int, _ number: Int) -> Bool {
    let range = merge.segments.ranges[index]
    return range.contains(number) || merge.segments.isLast(index) && number >= range.lowerBound
  }

  /// - Throws: as `VideoWriter.write`.
  func write(_ outcome: FrameOutcome, _ number: Int) throws(LiaeError) {
    guard let index = index(number) else { return }
    if open?.index != index {
      try finish()
      open = try writers(index, like: outcome.faceAlone ?? outcome.frame.picture)
    }
    try open?.frames.write(outcome.faceAlone ?? outcome.frame.picture, number)
    try open?.mask?.write(outcome.frame.mask, number)
    if outcome.error != nil { open?.failures += 1 }
    end = number + 1
    if number + 1 == merge.segments.ranges[index].upperBound, !merge.segments.isLast(index) { try finish() }
  }

  /// Finishes the segment that is being written: it is there when all its files are, that of the frames last.
  func finish() throws(LiaeError) {
    guard let open, let end else { return }
    let isWhole = end == merge.segments.ranges[open.index].upperBound
    try merge.folder.write(.init(failures: open.failures, end: isWhole ? nil : end), of: open.index)
    try open.mask?.finish()
    try open.frames.finish()
    self.open = nil
  }

  private func writers(_ index: Int, like frame: Picture) throws(LiaeError) -> (
    index: Int, failures: Int, frames: VideoWriter, mask: VideoWriter?
  ) {
    let (output, info, folder) = (merge.output, merge.info, merge.folder)
    func writer(
      _ name: String, _ info: VideoInfo, _ channels: VideoWriter.Frames.Channels, bits: Int, _ encoding: VideoEncoding
    ) throws(LiaeError) -> VideoWriter {
      try VideoWriter(
        to: "\(folder.path)/\(name)", like: info, times: merge.resultTimes,
        first: merge.segments.ranges[index].lowerBound,
        fields: merge.fields,
        frames: .init(width: frame.width, height: frame.height, channels: channels, bits: bits), encoding: encoding)
    }
    let frames = try writer(
      folder.name(index), info, output.isFaceAlone ? .rgba : .rgb, bits: info.pixelFormat.bits, output.encoding)
    guard let maskName = folder.maskName(index) else { return (index, 0, frames, nil) }
    var maskInfo = info
    // Masks are weights, not colours: they use the whole range.
    maskInfo.color = ColorTags(range: "pc")
    let encoding = VideoEncoding(
      crf: 0, pixelFormat: output.encoding.pixelFormat, isConstantRate: output.encoding.isConstantRate)
    return (index, 0, frames, try writer(maskName, maskInfo, .gray, bits: 8, encoding))
  }
}
