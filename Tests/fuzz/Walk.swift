// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeSystem
import LiaeTensor

/// Runs `body` on a copy of the input whose end the sanitizer guards. A refusal is fine; anything else is found by
/// the sanitizer or by a trap.
func fuzz(_ data: UnsafePointer<UInt8>?, _ count: Int, _ body: (Bytes) throws(LiaeError) -> Void) -> CInt {
  do throws(LiaeError) {
    try body(try Bytes.copy(UnsafeRawBufferPointer(start: data, count: count)))
  } catch {
    if !error.message.hasPrefix("input") || error.status == .internalError {
      // Traps of optimised code print nothing.
      StandardStream.error.write("expected an error of the input: \(error)\n")
      preconditionFailure()
    }
  }
  return 0
}

/// Reads the first and the last element.
func touch(_ view: TensorView) {
  if view.count > 0 { blackHole = view[0] + view[view.count - 1] }
}

/// Reads every byte.
func touch(_ bytes: Bytes?) {
  guard let bytes else { return }
  blackHole += Float(bytes.raw.reduce(0) { $0 ^ $1 })
  withExtendedLifetime(bytes) {}
}

nonisolated(unsafe) var blackHole: Float = 0

/// Touches every tensor and counts the values.
func walk(_ value: PickleValue) -> Int {
  switch value {
  case .bytes(let view), .tensor(let view):
    touch(view)
    return 1
  case .list(let values), .tuple(let values): return values.reduce(1) { $0 + walk($1) }
  case .dictionary(let pairs): return pairs.reduce(1) { $0 + walk($1.key) + walk($1.value) }
  default: return 1
  }
}
