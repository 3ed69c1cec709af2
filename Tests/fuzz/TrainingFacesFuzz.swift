// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeSamples
import LiaeSystem

/// An aligned face as both trainings prepare it: with its stored mask or its landmarks' hull, and with the mask that its
/// polygons draw.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzTrainingFaces(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let folder = "/dev/shm/liae-fuzz-faces\(File.temporaryPath(""))", path = "\(folder)/input.jpg"
  do throws(LiaeError) {
    try File.makeFolder(folder)
    defer {
      try? File.remove(path)
      try? File.remove(folder)
    }
    try File.writeAtomically(path, replacing: true) { (writer) throws(LiaeError) in
      try writer.write(UnsafeRawBufferPointer(start: data, count: count))
    }
    do throws(LiaeError) { try prepare(folder) } catch {
      precondition(error.message.contains("input.jpg") || error.message.hasPrefix(folder), "\(error)")
      precondition(error.status != .internalError)
    }
  } catch { preconditionFailure(error.message) }
  return 0
}

private func prepare(_ folder: String) throws(LiaeError) {
  for face in try FacesetSource(path: folder).faces {
    let labelled = try face.labelled(side: 64, type: .whole)
    precondition(labelled.colors.isFinite && labelled.mask.isFinite)
    let prepared = try face.prepared(side: 64, type: .full)
    precondition(prepared.colors.isFinite && prepared.mask.isFinite && prepared.eyesMouth.isFinite)
  }
}
