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

  /// - Parameters:
  ///   - rowsEach: rows of one module.
  ///   - layers: (ae, channels*side*side) and (ae) of each module; asked for only where the store has to be filled.
  init(
    name: String, modules: Int, rowsEach: Int, channels: Int, side: Int, width: Int, pool: ThreadPool,
    store: WeightStore, layers: (_ module: Int) throws(LiaeError) -> (weights: TensorView, bias: TensorView)
  ) throws(LiaeError) {
    let pixels = side * side
    let length = roundUp(channels, width) * pixels
    (self.name, self.rowsEach, rows, self.length) = (name, rowsEach, rowsEach * modules, length)
    guard let floats = CheckedSize.product([rowsEach, modules, length]), let size = CheckedSize.product(floats, 4)
    else { throw LiaeError(.outOfMemory, "out of memory: packed weights of \(name)") }
    biasStorage = try store.take("\(name).bias", rowsEach * modules * 4) { (base) throws(LiaeError) in
      let out = base.assumingMemoryBound(to: Float.self)
      for module in 0..<modules {
        let bias = try layers(module).bias
        for row in 0..<rowsEach { out[module * rowsEach + row] = bias[row] }
      }
    }
    storage = try store.take("\(name).weight", size) { (base) throws(LiaeError) in
      let out = base.assumingMemoryBound(to: Float.self)
      for module in 0..<modules {
        let source = try alignedFloats(layers(module).weights)
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

  /// - Parameter tensors: weights (channels*side*side, length) and bias (channels*side*side); asked for only where the
  ///   store has to be filled.
  init(
    name: String, channels: Int, side: Int, length: Int, width: Int, pool: ThreadPool, store: WeightStore,
    tensors: () throws(LiaeError) -> (weights: TensorView, bias: TensorView)
  ) throws(LiaeError) {
    let pixels = side * side
    let vectors = roundUp(channels, width) / width * pixels
    (self.name, self.vectors, self.length, self.side) = (name, vectors, length, side)
    guard let floats = CheckedSize.product([vectors, length, width]), let size = CheckedSize.product(floats, 4) else {
      throw LiaeError(.outOfMemory, "out of memory: packed weights of \(name)")
    }
    biasStorage = try store.take("\(name).bias", vectors * width * 4) { (base) throws(LiaeError) in
      let bias = try tensors().bias
      let out = base.assumingMemoryBound(to: Float.self)
      for c in 0..<channels {
        for pixel in 0..<pixels { out[(c / width * pixels + pixel) * width + c % width] = bias[c * pixels + pixel] }
      }
    }
    storage = try store.take("\(name).weight", size) { (base) throws(LiaeError) in
      let source = try alignedFloats(tensors().weights)
      defer { withExtendedLifetime(source) {} }
      var job = Job(
        source: UnsafePointer(source.base.assumingMemoryBound(to: Float.self)),
        target: base.assumingMemoryBound(to: Float.self), channels: channels, pixels: pixels, width: width,
        length: length)
      withUnsafeMutablePointer(to: &job) { job in
        pool.run(vectors, UnsafeMutableRawPointer(job)) { raw, vector, _ in
          raw.assumingMemoryBound(to: Job.self).pointee.pack(vector: vector)
        }
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
