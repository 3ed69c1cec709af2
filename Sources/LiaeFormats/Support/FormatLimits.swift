// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeTensor

/// Limits on what a file may ask for: far past any checkpoint of this kind, and small enough to be handled safely.
package enum FormatLimits {
  /// Bytes of a safetensors header; the `safetensors` package has the same limit.
  package static let safetensorsHeaderBytes = 100_000_000
  /// Tensors in one file.
  package static let tensors = 1 << 16
  /// Axes of one tensor.
  package static let rank = 16
  /// Elements of one tensor, empty axes counted as one.
  package static let elements = 1 << 36
  /// Bytes of a tensor's name, a key or another short text.
  package static let nameBytes = 1 << 16
  /// Bytes of a `.npy` header; numpy's own limit.
  package static let numpyHeaderBytes = 10_000
  /// Entries of a zip archive.
  package static let zipEntries = 1 << 17

  /// Characters of a number in JSON.
  package static let numberBytes = 400
  /// Arrays and objects within each other in a JSON value that is passed over.
  package static let jsonDepth = 64
  /// Segments of a JPEG before its picture; the largest colour profiles take 255.
  package static let jpegSegments = 1 << 12
  /// Chunks of a PNG; a 4K frame in chunks of libpng's 8192 bytes has some thousands.
  package static let pngChunks = 1 << 17

  /// Instructions of one pickle.
  package static let pickleInstructions = 1 << 27
  /// Containers, strings and other objects of one pickle. A training history of 4 million iterations fits.
  package static let pickleObjects = 1 << 22
  /// Values of one pickle when what is shared is counted each time it is met.
  package static let pickleValues = 1 << 25
  /// Containers within containers.
  package static let pickleDepth = 64
  /// Values on the stack of the pickle machine; picklers write long lists in groups of 1000.
  package static let pickleStack = 1 << 20
  /// Bytes of one text in a pickle.
  package static let pickleTextBytes = 1 << 24
}

/// The size in bytes of a tensor that a file describes.
///
/// - Parameter what: how the message calls the tensor, file included.
/// - Throws: `corruptFile` for a negative axis, `limitExceeded` past the limits.
func checkedByteCount(shape: [Int], dtype: DType, what: @autoclosure () -> String) throws(LiaeError) -> Int {
  guard shape.count <= FormatLimits.rank else {
    throw LiaeError(.limitExceeded, "\(what()): \(shape.count) axes; at most \(FormatLimits.rank) are supported")
  }
  guard shape.allSatisfy({ $0 >= 0 }) else {
    throw LiaeError(.corruptFile, "\(what()): shape \(shape) has a negative axis")
  }
  // An axis of 0 must not hide others whose strides would overflow.
  guard let extent = CheckedSize.product(shape.map { max($0, 1) }), extent <= FormatLimits.elements else {
    throw LiaeError(.limitExceeded, "\(what()): shape \(shape) has more than \(FormatLimits.elements) elements")
  }
  return shape.reduce(1, *) * dtype.size
}
