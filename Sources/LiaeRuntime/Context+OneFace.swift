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
    let inputs = [input]
    // The optionals become arrays of one or none, whose buffers live until the run has returned.
    let (rgb, mask) = (rgb.map { [$0] } ?? [], mask.map { [$0] } ?? [])
    let destinationMask = destinationMask.map { [$0] } ?? []
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
