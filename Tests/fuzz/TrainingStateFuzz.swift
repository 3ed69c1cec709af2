// SPDX-License-Identifier: Apache-2.0
import LiaeConvert
import LiaeFormats
import LiaeSystem
import LiaeTrainingSession

/// A state file: what it is as a model, what DeepFaceLab gets of it, and whether it is the same when it is read again.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzTrainingState(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  fuzz(data, count) { (bytes) throws(LiaeError) in
    let state = try TrainingState(SafetensorsFile.parse(bytes, name: "input"), name: "input")
    precondition(state.iteration >= 0 && state.iteration <= TrainingState.counterLimit)
    precondition((0...TrainingState.attemptLimit).contains(state.attempt))
    let training = try state.deepFaceLabTraining()
    precondition(training.losses.count <= TrainingState.lossLimit && training.iteration == state.iteration)
    _ = try state.model()
  }
}
