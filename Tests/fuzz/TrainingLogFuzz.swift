// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeText
import LiaeTrainingSession

/// A log as any run may have left it: it is cut to whole lines up to the iteration, and goes on with whole lines. The
/// first byte of the input is the iteration.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzTrainingLog(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  guard let data, count > 0 else { return 0 }
  do throws(LiaeError) {
    let path = "/dev/shm/liae-fuzz-log\(File.temporaryPath(""))"
    try File.writeAtomically(path, replacing: true) { (writer) throws(LiaeError) in
      try writer.write(UnsafeRawBufferPointer(start: data + 1, count: count - 1))
    }
    let iteration = Int(data[0])
    let log = TrainingLog(path, at: iteration, every: 1) { preconditionFailure($0.message) }
    let kept = try lines(path)
    if let last = kept.last { precondition((last?["iter"]?.whole ?? .max) <= iteration) }
    log.append(iteration + 1, source: .nan, destination: 1e38, milliseconds: .infinity)
    log.rewind(to: iteration)
    let rewound = try lines(path)
    precondition(rewound.count == kept.count)
    log.event("start", at: iteration)
    let last = try lines(path).last
    precondition(last??["event"]?.text == "start")
    try File.remove(path)
  } catch { preconditionFailure(error.message) }
  return 0
}

/// The lines of the log; those of the input before the last may be anything.
private func lines(_ path: String) throws(LiaeError) -> [JSON?] {
  let bytes = try Bytes.read(path: path)
  defer { withExtendedLifetime(bytes) {} }
  let newline = UInt8(ascii: "\n")
  precondition(bytes.raw.last.map { $0 == newline } ?? true)
  let lines = bytes.raw.split(separator: newline, omittingEmptySubsequences: false).dropLast()
  return lines.map { try? JSON(parsing: Array($0), name: "input") }
}
