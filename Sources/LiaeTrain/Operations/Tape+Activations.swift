// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

extension Tape {
  /// x cos x: the `c` of an architecture.
  ///
  /// - Throws: `outOfMemory`.
  package func cosine(_ x: Tensor) throws(LiaeError) -> Tensor {
    let y = try like(x)
    engine.parallel(elements: x.elements) { from, count in
      engine.kernels.cosine(x.value + from, y.value + from, count)
    }
    record(y) { [engine] () throws(LiaeError) in
      let dy = try y.gradient(), dx = try x.gradient()
      engine.parallel(elements: x.elements) { from, count in
        engine.kernels.cosineBack(x.value + from, dy + from, dx + from, count)
      }
    }
    return y
  }

  /// 1 / (1 + exp(-x)).
  ///
  /// - Throws: `outOfMemory`.
  package func sigmoid(_ x: Tensor) throws(LiaeError) -> Tensor {
    let y = try like(x)
    engine.parallel(elements: x.elements) { from, count in
      engine.kernels.sigmoids(x.value + from, y.value + from, count)
    }
    record(y) { [engine] () throws(LiaeError) in
      let dy = try y.gradient()
      engine.parallel(elements: x.elements) { from, count in
        engine.kernels.sigmoidBack(dy + from, y.value + from, count)
      }
      try x.add(gradient: dy)
    }
    return y
  }

  private func like(_ x: Tensor) throws(LiaeError) -> Tensor {
    try Tensor(
      engine, count: x.count, height: x.height, width: x.width, channels: x.channels,
      isDifferentiable: x.isDifferentiable)
  }
}
