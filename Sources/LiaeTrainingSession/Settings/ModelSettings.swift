// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeGraph
import LiaeSystem
import LiaeText
import LiaeTrain

/// The settings of a training, whatever it learns: most are kept with the model.
package protocol ModelSettings: SettingsTable {
  /// Settings of the network, which cannot change once a model is made.
  static var networkTable: [Setting<Self>] { get }
  /// The iteration at which training ends; 0: never.
  var targetIteration: Int { get set }
  /// Hours between backups; 0: none.
  var autobackupHours: Int { get set }
  var writesPreviewHistory: Bool { get set }
  /// The settings of one run of the program, not kept with the model.
  var session: SessionSettings { get set }
  /// Returns the network that the settings describe.
  ///
  /// - Throws: for dims that no network has.
  func architecture() throws(LiaeError) -> Architecture
}

extension ModelSettings {
  static var iterations: ClosedRange<Int> { 0...1_000_000_000 }

  /// Settings of length, backups and progress.
  static func sessionTable() -> [Setting<Self>] {
    [
      .whole("target-iter", iterations, \.targetIteration),
      .whole("autobackup-hour", 0...24, \.autobackupHours),
      .boolean("write-preview-history", \.writesPreviewHistory),
      .whole("threads", 0...1024, \.session.threads),
      .whole("generator-threads", 1...1024, \.session.generatorThreads),
      .named("memory", \.session.memory),
      .real("save-every", 0...10_000, \.session.saveEvery),
      .whole("preview-every", iterations, \.session.previewEvery),
      .whole("preview-faces", 1...64, \.session.previewFaces),
      .whole("log-every", 1...1_000_000, \.session.logEvery),
      .real("status-every", 0...10_000, \.session.statusEvery),
      .whole("backups", 1...1000, \.session.backups),
      .whole("backup-every", iterations, \.session.backupEvery),
      .real("spike-factor", 0...1_000_000, \.session.spikeFactor),
    ]
  }

  /// The setting of what faces show, by DeepFaceLab's letters or whole names.
  static func faceTypeSetting(_ path: WritableKeyPath<Self, FaceType>) -> Setting<Self> {
    Setting(
      key: "face-type",
      expected: FaceType.ofModels.map { "\($0.letters) (\($0.type.rawValue))" }.joined(separator: ", "),
      get: { .string($0[keyPath: path].rawValue) },
      set: { settings, value in
        guard let text = value.text,
          let found = FaceType.ofModels.first(where: { $0.letters == text || $0.type.rawValue == text })
        else { return false }
        settings[keyPath: path] = found.type
        return true
      })
  }

  /// The settings that are kept with the model, in the order of the table.
  package var stored: JSON {
    .object(Self.table.filter { !sessionKeys.contains($0.key) }.map { ($0.key, $0.get(self)) })
  }

  /// Checks that the settings describe the network that a model has.
  ///
  /// - Throws: `invalidArgument` naming the option.
  static func requireSameNetwork(_ model: Self, _ wanted: Self, _ folder: ModelFolder) throws(LiaeError) {
    for setting in networkTable {
      let (present, asked) = (setting.get(model).text(), setting.get(wanted).text())
      guard present == asked else {
        throw LiaeError(
          .invalidArgument,
          "--\(setting.key) is \(asked), and the model \(folder.name) in \(folder.path) has \(present); a model's network "
            + "stays what it is: leave the option out, or give --model another folder or --name another name")
      }
    }
  }
}

extension FaceType {
  /// DeepFaceLab's letters of the face types that a model can have.
  static let ofModels: [(letters: String, type: FaceType)] = [
    ("h", .half), ("mf", .midFull), ("f", .full), ("wf", .whole), ("head", .head),
  ]
}

/// Keys of settings of one run of the program, which are not kept with the model.
private let sessionKeys: Set<String> = [
  "threads", "generator-threads", "memory", "save-every", "preview-every", "preview-faces", "log-every", "status-every",
  "backups", "backup-every", "spike-factor",
]
