// SPDX-License-Identifier: Apache-2.0
import LiaeDispatch
import LiaeKernels
import LiaeRuntime
import LiaeSystem
import LiaeTensor
import LiaeTestSupport
import Testing

/// Dense kernels of every instruction set with weights of 32 and 16 bits.
@Suite struct DenseTests {
  static let elements: [(DType, Int)] = [
    (.float32, WeightElement.float32), (.float16, WeightElement.float16), (.bfloat16, WeightElement.bfloat16),
  ]

  /// Weights that end at a page that may not be touched, and the numbers that they are.
  private func weights(_ count: Int, _ element: DType, _ random: inout SplitMix64) throws
    -> (memory: GuardedBuffer, start: UnsafeRawPointer, values: [Float])
  {
    let tensor = try TensorView.of(random.floats(count, in: -1...1), as: element, shape: [count])
    let buffer = GuardedBuffer(count: (count * element.size + 3) / 4)
    let start = UnsafeMutableRawPointer(buffer.values + buffer.count) - count * element.size
    start.copyMemory(from: try #require(tensor.raw.baseAddress), byteCount: count * element.size)
    return (buffer, UnsafeRawPointer(start), (0..<count).map { tensor[$0] })
  }

  @Test(arguments: InstructionSet.supported) func rows(set: InstructionSet) throws {
    let kernels = try set.kernels(), images = 2
    var random = SplitMix64(state: 5)
    for (element, kind) in Self.elements {
      for (rows, vectors) in [(1, 1), (3, 2), (4, 3), (7, 8), (9, 5)] {
        let length = vectors * kernels.width
        let (memory, start, w) = try weights(rows * length, element, &random)
        let bias = random.floats(rows, in: -1...1), x = random.floats(images * length, in: -1...1)
        let scale: [Float] = [1, 0.5]
        var out = [Float](repeating: 0, count: images * rows)
        var scratch = [Float](repeating: 0, count: scratchFloats(width: kernels.width))
        out.withUnsafeMutableBufferPointer { out in
          var p = DenseRowsParameters(
            weights: start, element: kind, bias: bias, length: length, input: x, scale: scale,
            output: out.baseAddress!, outputStride: rows, images: images)
          kernels.denseRows(&p, 0, rows, &scratch)
        }
        let expected = (0..<images * rows).map { i in
          let (image, row) = (i / rows, i % rows)
          let sum = (0..<length).reduce(0.0) { $0 + Double(w[row * length + $1]) * Double(x[image * length + $1]) }
          return Float(sum * Double(scale[image]) + Double(bias[row]))
        }
        let comparison = Comparison(out, expected)
        #expect(comparison.maximum <= 1e-5, "\(set) \(element) \(rows) x \(length): \(comparison)")
        withExtendedLifetime(memory) {}
      }
    }
  }

  @Test(arguments: InstructionSet.supported) func columns(set: InstructionSet) throws {
    var random = SplitMix64(state: 6)
    for (element, kind) in Self.elements {
      for (vectors, length) in [(1, 1), (3, 7), (4, 16), (9, 33)] {
        let width = try set.kernels().width
        let (memory, start, w) = try weights(vectors * length * width, element, &random)
        let x = random.floats(length, in: -1...1), bias = random.floats(vectors * width, in: -1...1)
        let out = try columns(set, start, kind, vectors: vectors, x: x, bias: bias)
        let expected = (0..<vectors * width).map { i in
          let first = i / width * length * width + i % width
          return Float((0..<length).reduce(Double(bias[i])) { $0 + Double(w[first + $1 * width]) * Double(x[$1]) })
        }
        let comparison = Comparison(out, expected)
        #expect(comparison.maximum <= 1e-5, "\(set) \(element) \(vectors) x \(length): \(comparison)")
        withExtendedLifetime(memory) {}
      }
    }
  }

  /// All numbers of 16 bits: zeros, subnormals and infinities too, by instruction or by software.
  @Test(arguments: InstructionSet.supported) func wideningIsExact(set: InstructionSet) throws {
    let width = try set.kernels().width
    for (kind, convert) in [
      (WeightElement.float16, HalfPrecision.float(fromFloat16:)),
      (WeightElement.bfloat16, HalfPrecision.float(fromBFloat16:)),
    ] {
      // A weight times one is itself; -0 as the bias keeps the sign of zero.
      let bits = [UInt16](0...UInt16.max), vectors = bits.count / width
      let out = try bits.withUnsafeBytes {
        try columns(
          set, try #require($0.baseAddress), kind, vectors: vectors, x: [1],
          bias: [Float](repeating: -0.0, count: bits.count))
      }
      let wrong = bits.indices.filter { i in
        let expected = convert(bits[i])
        return expected.isNaN ? !out[i].isNaN : out[i].bitPattern != expected.bitPattern
      }
      #expect(wrong.isEmpty, "\(set) \(kind): \(wrong.prefix(5).map { bits[$0] })")
    }
  }

  /// One pixel of `vectors` blocks of channels.
  private func columns(
    _ set: InstructionSet, _ weights: UnsafeRawPointer, _ kind: Int, vectors: Int, x: [Float], bias: [Float]
  ) throws -> [Float] {
    let kernels = try set.kernels(), width = kernels.width
    var out = [Float](repeating: 0, count: vectors * width)
    out.withUnsafeMutableBufferPointer { out in
      var p = DenseColumnsParameters(
        weights: weights, element: kind, bias: bias, length: x.count, input: x, inputStride: x.count,
        target: ActivationView(origin: out.baseAddress!, row: width, plane: width, image: 0), side: 1, images: 1)
      kernels.denseColumns(&p, 0, vectors)
    }
    return out
  }
}
