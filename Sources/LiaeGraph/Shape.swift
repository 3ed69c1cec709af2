// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// Shape of a value: (channels, side, side) for each image of a run. A flat value has side 1.
package struct Shape: Sendable, Hashable, CustomStringConvertible {
  package var channels: Int
  /// Height and width, pixels.
  package var side: Int
  /// Number of pictures of that shape for each image of a run: 1, and more only behind `Operation.stack`.
  package var images: Int

  package init(_ channels: Int, _ side: Int = 1, images: Int = 1) {
    (self.channels, self.side, self.images) = (channels, side, images)
  }

  package var description: String {
    let picture = side == 1 ? "(\(channels))" : "(\(channels), \(side), \(side))"
    return images == 1 ? picture : "\(images) x \(picture)"
  }
}

extension Operation {
  /// Returns the shape of the result for inputs of the given shapes.
  ///
  /// - Throws: `shapeMismatch` if they do not fit the operation; the message says what was expected.
  func shape(of inputs: [Shape]) throws(LiaeError) -> Shape {
    func mismatch(_ expected: String) -> LiaeError {
      let found = inputs.map(\.description).joined(separator: ", ")
      return LiaeError(.shapeMismatch, "\(label) of \(found.isEmpty ? "nothing" : found); expected \(expected)")
    }
    func one() throws(LiaeError) -> Shape {
      guard inputs.count == 1 else { throw mismatch("one input") }
      return inputs[0]
    }
    /// The shape that all of `count` inputs have.
    func equal(_ count: Int) throws(LiaeError) -> Shape {
      guard inputs.count == count, let first = inputs.first, inputs.allSatisfy({ $0 == first }) else {
        throw mismatch("\(count) inputs of one shape")
      }
      return first
    }
    switch self {
    case .input: throw mismatch("an input to be added with its shape")
    case .convolution(let convolution): return try shape(convolution, inputs, mismatch)
    case .maskHead(let convolution): return try shape(convolution, [try one()], mismatch)
    case .dense(let dense):
      let x = try one()
      guard dense.flattens || x.side == 1, dense.outputs > 0 else { throw mismatch("a flat value") }
      guard let side = dense.side else { return Shape(dense.outputs, images: x.images) }
      return try Self.picture(Shape(dense.outputs, images: x.images), side: side, mismatch)
    case .flatten:
      let x = try one()
      guard let count = CheckedSize.product([x.channels, x.side, x.side]) else { throw mismatch("a smaller value") }
      return Shape(count, images: x.images)
    case .unflatten(let side): return try Self.picture(try one(), side: side, mismatch)
    case .pixelNorm, .activation, .sigmoid, .responseNorm: return try one()
    case .transposedConvolution(_, let outputs):
      let x = try one()
      guard outputs > 0, let channels = CheckedSize.product(outputs, 4) else { throw mismatch("output channels") }
      return try Self.doubled(Shape(channels, x.side, images: x.images), mismatch)
    case .blurPool(let size):
      let x = try one()
      guard (2...4).contains(size), x.side % 2 == 0 else { throw mismatch("a picture of an even side") }
      return Shape(x.channels, x.side / 2, images: x.images)
    case .sum, .lerp, .mixChannels: return try equal(2)
    case .concatenation:
      guard let first = inputs.first,
        inputs.allSatisfy({ $0.side == first.side && $0.images == first.images }),
        let channels = CheckedSize.sum(inputs.map(\.channels))
      else { throw mismatch("pictures of one side") }
      return Shape(channels, first.side, images: first.images)
    case .depthToSpace, .shuffledSigmoid:
      let x = try one()
      guard x.channels % 4 == 0 else { throw mismatch("a multiple of 4 channels") }
      return try Self.doubled(x, mismatch)
    case .splitHalves:
      let x = try equal(2)
      guard let channels = CheckedSize.product(x.channels, 2) else { throw mismatch("fewer channels") }
      return Shape(channels, x.side, images: x.images)
    case .stack:
      let x = try equal(max(1, inputs.count))
      guard let images = CheckedSize.product(x.images, inputs.count) else { throw mismatch("fewer images") }
      return Shape(x.channels, x.side, images: images)
    case .unstack(let index):
      let x = try one()
      guard index >= 0, index < x.images else { throw mismatch("more than \(index) images") }
      return Shape(x.channels, x.side)
    case .denseOutput(let index, let count):
      let x = try one()
      guard count > 0, index >= 0, index < count, x.side == 1, x.channels % count == 0 else {
        throw mismatch("the flat value of \(count) dense layers")
      }
      return Shape(x.channels / count, images: x.images)
    }
  }

  private func shape(
    _ convolution: Convolution, _ inputs: [Shape], _ mismatch: (String) -> LiaeError
  ) throws(LiaeError) -> Shape {
    guard let x = inputs.first, inputs.count <= 2, convolution.outputChannels > 0, convolution.kernel > 0,
      convolution.stride > 0, convolution.padding >= 0
    else { throw mismatch("one input, and at most one to be added") }
    if convolution.reading == .splitHalves && x.channels % 2 != 0 { throw mismatch("an even number of channels") }
    guard let padded = CheckedSize.sum([x.side, convolution.padding, convolution.padding]),
      padded >= convolution.kernel
    else { throw mismatch("a picture of at least \(convolution.kernel) pixels with padding") }
    let side = (padded - convolution.kernel) / convolution.stride + 1
    let sums = Shape(convolution.outputChannels, side, images: x.images)
    if inputs.count == 2 && inputs[1] != sums { throw mismatch("\(sums) to be added") }
    guard convolution.depthToSpace != nil else { return sums }
    guard sums.channels % 4 == 0 else { throw mismatch("a multiple of 4 output channels") }
    return try Self.doubled(sums, mismatch)
  }

  private static func doubled(_ x: Shape, _ mismatch: (String) -> LiaeError) throws(LiaeError) -> Shape {
    guard let side = CheckedSize.product(x.side, 2) else { throw mismatch("a smaller picture") }
    return Shape(x.channels / 4, side, images: x.images)
  }

  private static func picture(_ x: Shape, side: Int, _ mismatch: (String) -> LiaeError) throws(LiaeError) -> Shape {
    guard x.side == 1, side > 0, let pixels = CheckedSize.product(side, side), x.channels % pixels == 0 else {
      throw mismatch("a flat value that makes pictures of \(side) x \(side)")
    }
    return Shape(x.channels / pixels, side, images: x.images)
  }
}
