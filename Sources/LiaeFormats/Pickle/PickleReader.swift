// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeTensor

/// Reads pickles of protocols 2 to 5 as data. Executes nothing: an object that is not on the allow-list is refused.
package enum PickleReader {
  /// - Parameters:
  ///   - bytes: the file; arrays are views into it, and the little that must be copied is at most twice its size.
  ///   - offset: where the pickle begins.
  ///   - count: how many bytes it may take; nil for the rest of the file. What stands behind its end is ignored.
  ///   - name: how messages call the file.
  ///   - persistent: gives the value of a persistent id, a tuple of plain values; without it they are refused.
  /// - Throws: `unsafeFile` naming the global that is not allowed, `corruptFile`, `limitExceeded`, `unsupported`.
  package static func parse(
    _ bytes: Bytes, offset: Int = 0, count: Int? = nil, name: String, allowing allowance: PickleAllowance,
    persistent: ((PickleValue) throws(LiaeError) -> PickleValue)? = nil
  ) throws(LiaeError) -> PickleValue {
    var machine = PickleMachine(
      try ByteReader(bytes, offset: offset, count: count, name: name), allowance: allowance, persistent: persistent)
    return try machine.run()
  }
}
