// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeGraph
import LiaeRuntime
import LiaeSystem
import LiaeText

/// A merge into folders that may hold frames of an earlier, interrupted run of the same merge.
///
/// What the frames are made of is kept beside them, so that a merge that was stopped can go on and one with other
/// settings does not mix with it.
package struct MergeSession {
  /// The name of the file in the output folder.
  package static let manifest = "liae-merge.json"

  /// All that the files of a merge depend on.
  package struct Contents {
    package var settings: MergeSettings
    package var plan: Plan
    /// The XSeg model; nil: there is none, or no mask takes it.
    package var xseg: Plan?
    package var timeline: FaceTimeline
    /// The folder of masks, for the mask mode `given`.
    package var masks: String?

    package init(
      settings: MergeSettings, plan: Plan, xseg: Plan? = nil, timeline: FaceTimeline, masks: String? = nil
    ) {
      (self.settings, self.plan, self.timeline, self.masks) = (settings, plan, timeline, masks)
      self.xseg = settings.options.maskMode.needsXSeg ? xseg : nil
    }
  }

  private let frames: FrameFolder
  private let selection: FrameSelection
  private let output: MergeOutput
  private let content: JSON
  private let isReplacing: Bool
  private var path: String { "\(output.folder)/\(Self.manifest)" }
  /// True if the folders hold frames of this very merge, which are to stay.
  package let isResumed: Bool

  /// Looks at what the folders hold, and changes nothing.
  ///
  /// - Parameters:
  ///   - selection: the frames that are written, and that alone may be replaced; nil: all. Others may be written by
  ///     other processes at the same time.
  ///   - replacing: whether frames that are there already are to be replaced, whatever made them.
  /// - Throws: unless `replacing`, `fileExists` where the folders hold frames of another merge, or of nobody knows what;
  ///   `corruptFile` where the manifest cannot be read.
  package init(
    frames: FrameFolder, selection: FrameSelection? = nil, output: MergeOutput, contents: Contents, replacing: Bool
  ) throws(LiaeError) {
    (self.frames, self.output) = (frames, output)
    self.selection = selection ?? FrameSelection(frames)
    content = Self.content(contents, output)
    isReplacing = replacing
    guard !replacing else {
      isResumed = false
      return
    }
    let path = "\(output.folder)/\(Self.manifest)"
    isResumed = File.kind(path) != nil
    if isResumed {
      try Self.compare(path, content)
    } else if let existing = output.existing(stems) {
      throw LiaeError(
        .fileExists, "\(existing): exists already, and is not of a merge of this program; --force replaces it"
      )
    }
  }

  /// Makes the folders, takes away what is not to stay, and writes down what is merged.
  ///
  /// - Parameter export: the folder of single faces, if there is one.
  package func begin(export: FaceExport?) throws(LiaeError) {
    for folder in [output.folder, output.maskFolder, export?.folder].compactMap(\.self) { try File.makeFolder(folder) }
    if !isResumed { try output.clear(stems) }
    try output.sweep(frames, only: selection, folders: [export?.folder].compactMap(\.self))
    guard selection.isPartial else { return try write(replacing: true) }
    // Another part of the same merge may have begun at this moment, or be at work.
    do throws(LiaeError) { try write(replacing: false) } catch {
      guard error.status == .fileExists else { throw error }
      do throws(LiaeError) { try Self.compare(path, content) } catch {
        guard isReplacing else { throw error }
        try write(replacing: true)
      }
    }
  }

  private var stems: [String] { selection.places.map { frames.frames[$0].stem } }

  private func write(replacing: Bool) throws(LiaeError) {
    try File.writeAtomically(path, replacing: replacing, text: content.text() + "\n")
  }

  private static func content(_ contents: Contents, _ output: MergeOutput) -> JSON {
    .object([
      ("program", .string("liae-infer \(Version.string)")),
      ("model", .string(contents.plan.identity)), ("xseg", contents.xseg.map { .string($0.identity) } ?? .null),
      ("faces", .string(contents.timeline.digest)),
      (
        "format",
        .object([
          ("frames", .string(output.format.rawValue)),
          ("quality", output.format == .jpeg ? .integer(output.quality) : .null),
          ("bits", output.bits.map(JSON.integer) ?? .null), ("alpha", .boolean(output.isCutOut)),
          ("provenance", .boolean(output.provenance != nil)), ("masks", contents.masks.map(JSON.string) ?? .null),
        ])
      ),
      ("settings", contents.settings.json),
    ])
  }

  /// - Throws: `fileExists` naming what differs.
  private static func compare(_ path: String, _ content: JSON) throws(LiaeError) {
    let old: JSON
    do throws(LiaeError) { old = try JSON(parsing: SmallFile.read(path), name: path) } catch {
      throw LiaeError(.corruptFile, "\(error.message). --force starts from the beginning")
    }
    var differences = MergeSettings.differences(old["settings"] ?? .null, content["settings"] ?? .null)
    // Sessions of before this program ran XSeg do not name it.
    for key in ["model", "xseg", "faces", "format"]
    where (old[key] ?? .null).text() != (content[key] ?? .null).text() { differences.append(key) }
    guard differences.isEmpty else {
      throw LiaeError(
        .fileExists,
        "\(path): a merge that differs was begun or finished here: \(differences.joined(separator: ", ")). "
          + "--force starts from the beginning; another --output keeps both")
    }
  }
}
