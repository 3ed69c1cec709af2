// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeText
import LiaeTrainingSession

/// A settings file of a training, of a model that swaps and of one that finds masks: what is accepted is kept with the model
/// and read again as the same.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzSettings(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  _ = fuzz(data, count) { (bytes) throws(LiaeError) in
    let settings = try readTwice(SegmentationSettings(), bytes)
    do throws(LiaeError) { _ = try settings.architecture() } catch {
      return precondition(error.status == .invalidArgument)
    }
  }
  return fuzz(data, count) { (bytes) throws(LiaeError) in
    let settings = try readTwice(TrainingSettings(), bytes)
    // A contradiction between settings is said without the file's name.
    do throws(LiaeError) { try settings.check() } catch { return precondition(error.status == .invalidArgument) }
    for iteration in [0, 1, 1 << 40] { _ = settings.phase(at: iteration, attempt: 1_000_000_000) }
  }
}

private func readTwice<Settings: ModelSettings>(_ usual: Settings, _ bytes: Bytes) throws(LiaeError) -> Settings {
  var settings = usual, again = usual
  try settings.read(text: Array(bytes.raw), name: "input")
  try again.read(text: Array(settings.json.line.utf8), name: "input")
  precondition(again.json.line == settings.json.line)
  return settings
}
