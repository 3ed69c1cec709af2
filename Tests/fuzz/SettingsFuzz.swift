// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeText
import LiaeTrainingSession

/// A settings file of a training: what is accepted is kept with the model and read again as the same.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzSettings(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  fuzz(data, count) { (bytes) throws(LiaeError) in
    var settings = TrainingSettings()
    try settings.read(text: Array(bytes.raw), name: "input")
    var again = TrainingSettings()
    try again.read(text: Array(settings.json.line.utf8), name: "input")
    precondition(again.json.line == settings.json.line)
    // A contradiction between settings is said without the file's name.
    do throws(LiaeError) { try settings.check() } catch { return precondition(error.status == .invalidArgument) }
    for iteration in [0, 1, 1 << 40] { _ = settings.phase(at: iteration, attempt: 1_000_000_000) }
  }
}
