// SPDX-License-Identifier: Apache-2.0
import LiaeConvert
import LiaeSystem
import LiaeTrainingSession

/// The values of DeepFaceLab's data file: options that become settings, iteration and losses.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzTrainingData(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  fuzz(data, count) { (bytes) throws(LiaeError) in
    var training = DeepFaceLabTraining()
    try training.readData(bytes, name: "input")
    precondition((0...TrainingState.counterLimit).contains(training.iteration))
    var settings = TrainingSettings()
    _ = settings.adopt(training.options)
    do throws(LiaeError) { try settings.check() } catch { precondition(error.status == .invalidArgument) }
    _ = settings.phase(at: training.iteration, attempt: 0)
    let history = LossHistory(
      source: training.losses.map(\.source), destination: training.losses.compactMap(\.destination),
      upTo: training.iteration)
    precondition(history.last == training.iteration)
  }
}
