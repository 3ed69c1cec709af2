// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeSystem
import LiaeTensor

extension Context {
  /// Runs the network on a single image.
  package func run(
    _ mode: RunMode, _ input: ImageView, rgb: MutableImageView?, mask: MutableImageView?,
    destinationMask: MutableImageView?
  ) throws(LiaeError) {
    // The optionals become arrays of one or none.
    try run(
      mode, [input], rgb: rgb.map { [$0] } ?? [], mask: mask.map { [$0] } ?? [],
      destinationMask: destinationMask.map { [$0] } ?? [])
  }

  /// Runs the network on arrays of images, whose buffers live until it has returned.
  ///
  /// - Parameters:
  ///   - rgb: as many as inputs, or none. - mask: likewise. - destinationMask: likewise.
  package func run(
    _ mode: RunMode, _ inputs: [ImageView], rgb: [MutableImageView], mask: [MutableImageView],
    destinationMask: [MutableImageView]
  ) throws(LiaeError) {
    guard [rgb, mask, destinationMask].allSatisfy({ $0.isEmpty || $0.count == inputs.count }) else {
      throw LiaeError(.invalidArgument, "\(inputs.count) faces with other numbers of results")
    }
    try inputs.withUnsafeBufferPointer { (inputs) throws(LiaeError) in
      try rgb.withUnsafeBufferPointer { (rgb) throws(LiaeError) in
        try mask.withUnsafeBufferPointer { (mask) throws(LiaeError) in
          try destinationMask.withUnsafeBufferPointer { (destinationMask) throws(LiaeError) in
            try run(
              mode, inputs: inputs, rgb: rgb.isEmpty ? nil : rgb, mask: mask.isEmpty ? nil : mask,
              destinationMask: destinationMask.isEmpty ? nil : destinationMask)
          }
        }
      }
    }
  }
}
