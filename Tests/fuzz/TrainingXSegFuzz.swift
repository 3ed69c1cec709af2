// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeTrain
import LiaeTrainingSession

/// The state of a training of XSeg, as `liae-train xseg` goes on from it: settings, network, moments and losses.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzTrainingXSeg(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let path = "/dev/shm/liae-fuzz-xseg\(File.temporaryPath(""))"
  do throws(LiaeError) {
    try File.makeFolder(path)
    let folder = try ModelFolder(path, name: SegmentationStart.usualName)
    defer {
      try? File.remove(folder.state)
      try? File.remove(path)
    }
    try File.writeAtomically(folder.state, replacing: true) { (writer) throws(LiaeError) in
      try writer.write(UnsafeRawBufferPointer(start: data, count: count))
    }
    do throws(LiaeError) { try goOn(folder) } catch {
      precondition(error.message.hasPrefix(path), "a message without the file's name: \(error)")
      precondition(error.status != .internalError)
    }
  } catch { preconditionFailure(error.message) }
  return 0
}

private func goOn(_ folder: ModelFolder) throws(LiaeError) {
  let start = try SegmentationStart(in: folder, weights: nil, config: nil, given: [])
  // Larger networks take longer to make than their settings to read.
  guard start.settings.resolution == 64, start.settings.baseDims == 1 else { return }
  let (trainer, history, attempt) = try start.resumed(on: try Engine(workers: 1))
  precondition(trainer.iteration >= 0 && history.last == trainer.iteration && attempt >= 0)
}
