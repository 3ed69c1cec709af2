// SPDX-License-Identifier: Apache-2.0
import LiaeConvolution
import LiaeKernels
import LiaeSystem

/// The scratch memory that the steps of a schedule need, floats.
package struct ScratchSize {
  /// Transformed inputs of all tiles of a layer, shared by the workers.
  var shared = 0
  /// Transformed inputs of a block of tiles, and the products, for each worker.
  var input = 0
  var product = 0
  /// Weights that a worker transforms for itself. No layer needs both these and private inputs: they share memory.
  var weights = 0

  mutating func include(_ other: ScratchSize) {
    shared = max(shared, other.shared)
    input = max(input, other.input)
    product = max(product, other.product)
    weights = max(weights, other.weights)
  }
}

/// Scratch memory of one context.
package struct Workspace {
  private let storage: Bytes
  /// Transformed inputs of all tiles.
  var shared: UnsafeMutablePointer<Float>
  private let sharedFloats, workerFloats, inputFloats, productFloats: Int
  var bytes: Int { storage.count }

  /// A page between neighbours, so that workers do not share lines and their streams do not meet at the same sets.
  private static let gap = 1024 + 16

  package init(_ size: ScratchSize, workers: Int, width: Int) throws(LiaeError) {
    sharedFloats = roundUp(size.shared, 16) + Self.gap
    inputFloats = roundUp(max(size.input, size.weights), 16) + Self.gap
    productFloats = roundUp(size.product, 16) + Self.gap
    workerFloats = inputFloats + productFloats + roundUp(scratchFloats(width: width), 16) + Self.gap
    guard let all = CheckedSize.product(workers, workerFloats), let sum = CheckedSize.sum(all, sharedFloats),
      let bytes = CheckedSize.product(sum, 4)
    else { throw LiaeError(.outOfMemory, "out of memory: the workspace does not fit in the address space") }
    storage = try Bytes.allocate(bytes, for: "the workspace of \(workers) threads")
    shared = storage.base.assumingMemoryBound(to: Float.self)
  }

  private var base: UnsafeMutablePointer<Float> { storage.base.assumingMemoryBound(to: Float.self) }
  func input(_ worker: Int) -> UnsafeMutablePointer<Float> { base + sharedFloats + worker * workerFloats }
  func product(_ worker: Int) -> UnsafeMutablePointer<Float> { input(worker) + inputFloats }
  func weights(_ worker: Int) -> UnsafeMutablePointer<Float> { input(worker) }
  func scratch(_ worker: Int) -> UnsafeMutablePointer<Float> { product(worker) + productFloats }
}
