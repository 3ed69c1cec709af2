// SPDX-License-Identifier: Apache-2.0
import LiaeConvolution
import LiaeGraph
import LiaeKernels
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
  /// Elements as the checkpoint has them.
  let element: DType
  var weights: UnsafeRawPointer { UnsafeRawPointer(storage.base) }
  var bias: UnsafePointer<Float> { UnsafePointer(biasStorage.base.assumingMemoryBound(to: Float.self)) }
  var bytes: Int { storage.count + biasStorage.count }

  /// - Parameters:
  ///   - rowsEach: rows of one module.
  ///   - layers: (ae, channels*side*side) and (ae) of each module; asked for only where the store has to be filled.
  init(
    name: String, modules: Int, rowsEach: Int, channels: Int, side: Int, element: DType, width: Int,
    pool: ThreadPool, store: WeightStore,
    layers: (_ module: Int) throws(LiaeError) -> (weights: TensorView, bias: TensorView)
  ) throws(LiaeError) {
    let pixels = side * side
    let length = roundUp(channels, width) * pixels
    (self.name, self.rowsEach, rows, self.length) = (name, rowsEach, rowsEach * modules, length)
    self.element = element
    guard let floats = CheckedSize.product([rowsEach, modules, length]),
      let size = CheckedSize.product(floats, element.size)
    else { throw LiaeError(.outOfMemory, "out of memory: packed weights of \(name)") }
    biasStorage = try store.take("\(name).bias", rowsEach * modules * 4) { (base) throws(LiaeError) in
      let out = base.assumingMemoryBound(to: Float.self)
      for module in 0..<modules {
        let bias = try layers(module).bias
        for row in 0..<rowsEach { out[module * rowsEach + row] = bias[row] }
      }
    }
    storage = try store.take("\(name).weight", size) { (base) throws(LiaeError) in
      for module in 0..<modules {
        let weights = try elements(layers(module).weights, element)
        defer { withExtendedLifetime(weights) {} }
        guard let source = weights.raw.baseAddress else { continue }
        var job = Job(
          source: source, target: base + module * rowsEach * length * element.size, size: element.size,
          channels: channels, pixels: pixels, width: width, length: length)
        withUnsafeMutablePointer(to: &job) { job in
          pool.run(rowsEach, UnsafeMutableRawPointer(job)) { raw, row, _ in
            raw.assumingMemoryBound(to: Job.self).pointee.pack(row: row)
          }
        }
      }
    }
  }

  private struct Job {
    let source: UnsafeRawPointer
    let target: UnsafeMutableRawPointer
    /// Bytes of an element.
    let size, channels, pixels, width, length: Int

    func pack(row: Int) {
      if size == 4 { pack(row, UInt32.self) } else { pack(row, UInt16.self) }
    }

    private func pack<Bits: FixedWidthInteger>(_ row: Int, _: Bits.Type) {
      let from = source + row * channels * pixels * size
      let to = (target + row * length * size).assumingMemoryBound(to: Bits.self)
      for c in 0..<channels {
        let lane = to + c / width * pixels * width + c % width, s = from + c * pixels * size
        for pixel in 0..<pixels { lane[pixel * width] = s.loadUnaligned(fromByteOffset: pixel * size, as: Bits.self) }
      }
    }
  }
}

/// The second dense layer of one latent module: [vector][k][W], vectors ordered (channel / W, y, x).
final class PackedDenseColumns: Sendable {
  let name: String
  let vectors, length, side, width: Int
  private let storage: Bytes
  private let biasStorage: Bytes
  /// Elements as the checkpoint has them.
  let element: DType
  var weights: UnsafeRawPointer { UnsafeRawPointer(storage.base) }
  var bias: UnsafePointer<Float> { UnsafePointer(biasStorage.base.assumingMemoryBound(to: Float.self)) }
  var bytes: Int { storage.count + biasStorage.count }

  /// - Parameter tensors: weights (channels*side*side, length) and bias (channels*side*side); asked for only where the
  ///   store has to be filled.
  init(
    name: String, channels: Int, side: Int, length: Int, element: DType, width: Int, pool: ThreadPool,
    store: WeightStore,
    tensors: () throws(LiaeError) -> (weights: TensorView, bias: TensorView)
  ) throws(LiaeError) {
    let pixels = side * side
    let vectors = roundUp(channels, width) / width * pixels
    (self.name, self.vectors, self.length, self.side, self.width) = (name, vectors, length, side, width)
    self.element = element
    guard let floats = CheckedSize.product([vectors, length, width]),
      let size = CheckedSize.product(floats, element.size)
    else {
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
      let weights = try elements(tensors().weights, element)
      defer { withExtendedLifetime(weights) {} }
      guard let source = weights.raw.baseAddress else { return }
      var job = Job(
        source: source, target: base, size: element.size, channels: channels, pixels: pixels, width: width,
        length: length)
      withUnsafeMutablePointer(to: &job) { job in
        pool.run(vectors, UnsafeMutableRawPointer(job)) { raw, vector, _ in
          raw.assumingMemoryBound(to: Job.self).pointee.pack(vector: vector)
        }
      }
    }
  }

  private struct Job {
    let source: UnsafeRawPointer
    let target: UnsafeMutableRawPointer
    /// Bytes of an element.
    let size, channels, pixels, width, length: Int

    func pack(vector: Int) {
      if size == 4 { pack(vector, UInt32.self) } else { pack(vector, UInt16.self) }
    }

    private func pack<Bits: FixedWidthInteger>(_ vector: Int, _: Bits.Type) {
      let block = vector / pixels, pixel = vector % pixels
      let to = (target + vector * length * width * size).assumingMemoryBound(to: Bits.self)
      for lane in 0..<min(width, channels - block * width) {
        let from = source + ((block * width + lane) * pixels + pixel) * length * size
        for k in 0..<length { to[k * width + lane] = from.loadUnaligned(fromByteOffset: k * size, as: Bits.self) }
      }
    }
  }
}

/// The tensor in elements of `type`: itself, or float32 of something narrower.
private func elements(_ tensor: TensorView, _ type: DType) throws(LiaeError) -> TensorView {
  tensor.dtype == type ? tensor : try tensor.asFloat32()
}
