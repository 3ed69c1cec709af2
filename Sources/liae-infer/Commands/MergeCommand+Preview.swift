// SPDX-License-Identifier: Apache-2.0
import LiaeCommandLine
import LiaeImageIO
import LiaeSequence
import LiaeSystem

extension MergeCommand {
  /// Writes a sheet of variants of one frame, and prints the options of each.
  func show(_ path: String, _ settings: MergeSettings, _ folder: FrameFolder, _ selected: FrameSelection) throws {
    if !output.force, File.kind(path) != nil { throw Failure(.files, "\(path): exists already; --force replaces it") }
    let hasXSeg = input.xseg.xseg != nil
    let rows = try PreviewVariant.rows(settings, tries: preview.tries, hasXSeg: hasXSeg)
    for variant in rows.joined() { try variant.settings.check(hasXSeg: hasXSeg) }
    let index = try input.faces.index(folder)
    guard let place = selected.places.first(where: { !(index.faces[$0] ?? []).isEmpty }) else {
      try requireMatch(index, folder)
      throw Failure(.unmatched, "\(folder.path): none of the \(selected.places.count) frames has a face")
    }
    let plan = try input.checkpoint.plan(input.model, compute, input.packed)
    let timeline = FaceTimeline(
      index.faces, settings: settings, rate: input.faces.fps ?? 25, count: folder.frames.count)
    let pool = try FrameWorkerPool(
      plan, xseg: try input.xseg.plan(compute), settings: settings, threads: compute.threads, parallelism: .frame,
      frames: 1, computesAllMasks: true)
    let frame = folder.frames[place]
    let file = try PictureFile.read(path: frame.path, keeps16Bits: true)
    let sheet = try PreviewSheet(frame: file.picture, faces: timeline.faces[place] ?? [], pool: pool).picture(rows)
    try sheet.writePNG(
      to: path, provenance: merging.noProvenance ? nil : .composite, replacing: output.force)
    Console.say("frame    \(frame.name); to merge like a number of the sheet, add its options:")
    for (number, variant) in rows.joined().enumerated() {
      Console.say("\(String(number + 1).padded(to: 9))\(commandLine(variant))")
    }
  }

  /// The command that merges as a variant shows: what was given, without what makes a preview, and the variant's options.
  private func commandLine(_ variant: PreviewVariant) -> String {
    var words: [String] = []
    var arguments = CommandLine.arguments.dropFirst()[...]
    while let word = arguments.popFirst() {
      if word == "--preview" || word == "--try" {
        _ = arguments.popFirst()
      } else if !word.hasPrefix("--preview="), !word.hasPrefix("--try="), word != "--force" {
        words.append(word.quotedForShell)
      }
    }
    if output.output == nil { words += ["--output", "OUTPUT"] }
    return
      (["liae-infer"] + words + [
        variant.options.split(separator: " ").map { String($0).quotedForShell }.joined(separator: " ")
      ])
      .joined(separator: " ")
  }
}

extension String {
  /// The text as one word of a POSIX shell.
  fileprivate var quotedForShell: String {
    let plain = utf8.allSatisfy { byte in
      switch byte {
      case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: return true
      default: return "-_./=:,+@%".utf8.contains(byte)
      }
    }
    return plain && !isEmpty
      ? self : "'" + split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
  }
}
