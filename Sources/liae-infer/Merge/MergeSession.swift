// SPDX-License-Identifier: Apache-2.0
import LiaeCommandLine
import LiaeFrame
import LiaeGraph
import LiaeRuntime
import LiaeSystem

/// What the frames of an output folder were made of, kept beside them, so that a merge that was stopped can go on and
/// one with other settings does not mix with it.
struct MergeSession {
  static let name = "liae-merge.json"

  private let path: String
  private let content: JSON

  /// - Parameter format: all else that the files depend on.
  init(folder: String, settings: MergeSettings, model: Plan, faces: FaceTimeline, format: [(String, JSON)]) throws {
    path = "\(folder)/\(Self.name)"
    content = .object([
      ("program", .string("liae-infer \(Version.string)")),
      ("model", .string("\(model.architecture.name) \(model.info.colorOrder) \(model.fingerprint)")),
      ("faces", .string(faces.digest)),
      ("format", .object(format)),
      ("settings", settings.json),
    ])
  }

  /// Whether the folder holds frames of this very session.
  ///
  /// - Throws: `Failure` of status `files` where it holds those of another one, or cannot tell.
  func isUnderWay() throws -> Bool {
    guard File.kind(path) != nil else { return false }
    let old: JSON
    do throws(LiaeError) { old = try JSON(parsing: SmallFile.read(path), name: path) } catch {
      throw Failure(.files, "\(error.message). --force starts anew")
    }
    var differences = MergeSettings.differences(old["settings"] ?? .null, content["settings"] ?? .null)
    for key in ["model", "faces", "format"] where old[key]?.text() != content[key]?.text() { differences.append(key) }
    guard differences.isEmpty else {
      throw Failure(
        .files,
        "\(path): a merge with others is under way here: \(differences.joined(separator: ", ")). "
          + "--force starts anew; another --output keeps both")
    }
    return true
  }

  func write() throws(LiaeError) {
    try File.writeAtomically(path, replacing: true, text: content.text() + "\n")
  }
}

extension FaceTimeline {
  /// SHA-256 of which face is where.
  fileprivate var digest: String {
    var hash = SHA256()
    func add(_ value: some BitwiseCopyable) { withUnsafeBytes(of: value) { hash.update($0) } }
    for (frame, found) in faces.sorted(by: { $0.key < $1.key }) {
      for face in found {
        add(frame)
        for point in face.points { add(point) }
      }
    }
    return hash.digest()
  }
}
