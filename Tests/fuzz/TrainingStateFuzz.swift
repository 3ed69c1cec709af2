// SPDX-License-Identifier: Apache-2.0
import LiaeConvert
import LiaeFormats
import LiaeSystem
import LiaeTrainingSession

/// A state file: what it is as a model, what DeepFaceLab gets of it, and whether it is the same when it is written, a tensor
/// at a time, and read again.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzTrainingState(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  fuzz(data, count) { (bytes) throws(LiaeError) in
    let state = try TrainingState(SafetensorsFile.parse(bytes, name: "input"), name: "input")
    precondition(state.iteration >= 0 && state.iteration <= TrainingState.counterLimit)
    precondition((0...TrainingState.attemptLimit).contains(state.attempt))
    let training = try state.deepFaceLabTraining()
    precondition(training.losses.count <= TrainingState.lossLimit && training.iteration == state.iteration)
    try writeAndRead(state)
    _ = try state.model()
  }
}

private func writeAndRead(_ state: TrainingState) throws(LiaeError) {
  let path = "/dev/shm/liae-fuzz-state\(File.temporaryPath(""))"
  do throws(LiaeError) { try state.write(to: path) } catch {
    // What a file may hold and none of ours does.
    return precondition(error.status == .unsupported || error.status == .invalidArgument, error.message)
  }
  defer { try? File.remove(path) }
  let again: TrainingState
  do throws(LiaeError) { again = try TrainingState(path: path) } catch { preconditionFailure(error.message) }
  precondition(again.settings == state.settings && again.attempt == state.attempt)
  precondition(again.iteration == state.iteration && again.losses.source.count == state.losses.source.count)
  for name in state.tensors.names where again.tensors[name]?.shape != state.tensors[name]?.shape {
    preconditionFailure("tensor \(name)")
  }
}
