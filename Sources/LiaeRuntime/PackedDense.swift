// SPDX-License-Identifier: Apache-2.0
import LiaeModel
import LiaeSystem
import LiaeTensor

/// The first dense layers of all latent modules: rows of one matrix, the first module's first.
///
/// Columns are ordered as the encoder's blocked activations are, [channel / W][y][x][W]; those of padded channels are
/// zero.
final class PackedDenseRows: Sendable {
  let name: String
  /// Rows of one module, and of all.
  let rowsEach, rows: Int
  let length: Int
  private let storage: Bytes
  private let biasStorage: Bytes
  var weights: UnsafePointer<Float> { UnsafePointer(storage.base.assumingMemoryBound(to: Float.self)) }
  var bias: UnsafePointer<Float> { UnsafePointer(biasStorage.base.assumingMemoryBound(to: Float.self)) }
  var bytes: Int { storage.count + biasStorage.count }

  /// - Parameter layers: (ae, channels*side*side) and (ae) of each module.
  init(
    name: String, layers: [(weights: TensorView, bias: TensorView)], channels: Int, side: Int, width: Int,
    pool: ThreadPool
  ) throws(LiaeError) {
    let rowsEach = layers[0].bias.count
    let pixels = side * side
    let length = roundUp(channels, width) * pixels
    (self.name, self.rowsEach, rows, self.length) = (name, rowsEach, rowsEach * layers.count, length)
    guard let floats = CheckedSize.product([rowsEach, layers.count, length]), let size = CheckedSize.product(floats, 4)
    else { throw LiaeError(.outOfMemory, "out of memory: packed weights of \(name)") }
    storage = try Bytes.allocate(size, for: "packed weights of \(name)")
    biasStorage = try Bytes.allocate(rowsEach * layers.count * 4, for: "bias of \(name)")
    let out = storage.base.assumingMemoryBound(to: Float.self)
    let biasOut = biasStorage.base.assumingMemoryBound(to: Float.self)
    for (module, layer) in layers.enumerated() {
      for row in 0..<rowsEach { biasOut[module * rowsEach + row] = layer.bias[row] }
      let source = try alignedFloats(layer.weights)
      defer { withExtendedLifetime(source) {} }
      var job = Job(
        source: UnsafePointer(source.base.assumingMemoryBound(to: Float.self)),
        target: out + module * rowsEach * length, channels: channels, pixels: pixels, width: width, length: length)
      withUnsafeMutablePointer(to: &job) { job in
        pool.run(rowsEach, UnsafeMutableRawPointer(job)) { raw, row, _ in
          raw.assumingMemoryBound(to: Job.self).pointee.pack(row: row)
        }
      }
    }
  }

  private struct Job {
    let source: UnsafePointer<Float>
    let target: UnsafeMutablePointer<Float>
    let channels, pixels, width, length: Int

    func pack(row: Int) {
      let from = source + row * channels * pixels, to = target + row * length
      for c in 0..<channels {
        let lane = to + c / width * pixels * width + c % width
        for pixel in 0..<pixels { lane[pixel * width] = from[c * pixels + pixel] }
      }
    }
  }
}

/// The second dense layer of one latent module: [vector][k][W], vectors ordered (channel / W, y, x).
final class PackedDenseColumns: Sendable {
  let name: String
  let vectors, length, side: Int
  private let storage: Bytes
  private let biasStorage: Bytes
  var weights: UnsafePointer<Float> { UnsafePointer(storage.base.assumingMemoryBound(to: Float.self)) }
  var bias: UnsafePointer<Float> { UnsafePointer(biasStorage.base.assumingMemoryBound(to: Float.self)) }
  var bytes: Int { storage.count + biasStorage.count }

  /// - Parameters:
  ///   - weights: (channels*side*side, ae); bias: (channels*side*side).
  init(
    name: String, weights: TensorView, bias: TensorView, channels: Int, side: Int, width: Int, pool: ThreadPool
  ) throws(LiaeError) {
    let pixels = side * side, length = weights.shape[1]
    let vectors = roundUp(channels, width) / width * pixels
    (self.name, self.vectors, self.length, self.side) = (name, vectors, length, side)
    guard let floats = CheckedSize.product([vectors, length, width]), let size = CheckedSize.product(floats, 4) else {
      throw LiaeError(.outOfMemory, "out of memory: packed weights of \(name)")
    }
    storage = try Bytes.allocate(size, for: "packed weights of \(name)")
    biasStorage = try Bytes.allocate(vectors * width * 4, for: "bias of \(name)")
    let biasOut = biasStorage.base.assumingMemoryBound(to: Float.self)
    for c in 0..<channels {
      for pixel in 0..<pixels {
        biasOut[(c / width * pixels + pixel) * width + c % width] = bias[c * pixels + pixel]
      }
    }
    let source = try alignedFloats(weights)
    defer { withExtendedLifetime(source) {} }
    var job = Job(
      source: UnsafePointer(source.base.assumingMemoryBound(to: Float.self)),
      target: storage.base.assumingMemoryBound(to: Float.self), channels: channels, pixels: pixels, width: width,
      length: length)
    withUnsafeMutablePointer(to: &job) { job in
      pool.run(vectors, UnsafeMutableRawPointer(job)) { raw, vector, _ in
        raw.assumingMemoryBound(to: Job.self).pointee.pack(vector: vector)
      }
    }
  }

  private struct Job {
    let source: UnsafePointer<Float>
    let target: UnsafeMutablePointer<Float>
    let channels, pixels, width, length: Int

    func pack(vector: Int) {
      let block = vector / pixels, pixel = vector % pixels
      let to = target + vector * length * width
      for lane in 0..<min(width, channels - block * width) {
        let from = source + ((block * width + lane) * pixels + pixel) * length
        for k in 0..<length { to[k * width + lane] = from[k] }
      }
    }
  }
}
