// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeTensor

extension Bytes {
  /// A copy of the bytes, which outlives them.
  package var contents: [UInt8] { withExtendedLifetime(self) { Array(raw) } }
}

extension TensorView {
  /// A copy of the elements' bytes.
  package var contents: [UInt8] { withExtendedLifetime(self) { Array(raw) } }
}

/// The bytes of a file.
package func contents(_ path: String) throws(LiaeError) -> [UInt8] { try Bytes.read(path: path).contents }
