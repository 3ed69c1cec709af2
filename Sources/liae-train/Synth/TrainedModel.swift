// SPDX-License-Identifier: Apache-2.0
import LiaeCommandLine
import LiaeConvert
import LiaePack
import LiaeRuntime
import LiaeSystem

/// Opens what holds a model, to be run: a folder that liae-train trains in, or whatever liae-infer takes.
enum TrainedModel {
  static func plan(_ path: String) throws -> Plan {
    if File.kind(path) == .folder {
      let folder = try ModelFolder(path, name: nil)
      if folder.hasState {
        return try Plan(model: StateFile(reading: folder.state).model(folder.state), options: PlanOptions())
      }
    }
    return try ModelOpening().open(path)
  }
}
