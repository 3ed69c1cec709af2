// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeTensor
import Synchronization

/// Looks for numbers that are not finite, at the speed of memory.
enum FiniteCheck {
  /// Tells whether all are finite.
  static func isFinite(_ floats: UnsafePointer<Float>, _ count: Int) -> Bool {
    isFinite(UnsafeRawPointer(floats), count, UInt32.self, carry: 0x0080_0000)
  }

  /// Adding `carry` to a number without its sign reaches the highest bit where the exponent is all ones, as that of
  /// infinities and NaN is.
  private static func isFinite<Bits: FixedWidthInteger & SIMDScalar>(
    _ base: UnsafeRawPointer, _ count: Int, _: Bits.Type, carry: Bits
  ) -> Bool {
    let size = MemoryLayout<Bits>.size, lanes = 16
    let magnitude = ~(Bits(1) << (Bits.bitWidth - 1))
    var all = SIMD16<Bits>(repeating: 0)
    var index = 0
    while index <= count - lanes {
      let bits = base.loadUnaligned(fromByteOffset: index * size, as: SIMD16<Bits>.self)
      all |= (bits & magnitude) &+ carry
      index += lanes
    }
    var rest = all.wrappedOr
    while index < count {
      rest |= (base.loadUnaligned(fromByteOffset: index * size, as: Bits.self) & magnitude) &+ carry
      index += 1
    }
    return rest & ~magnitude == 0
  }

  /// Tells whether all elements are finite; threads share them.
  static func isFinite(_ tensor: TensorView, _ pool: ThreadPool) -> Bool {
    let job = Job(tensor)
    withExtendedLifetime(job) {
      pool.run((tensor.count + Job.piece - 1) / Job.piece, Unmanaged.passUnretained(job).toOpaque()) { raw, index, _ in
        Unmanaged<Job>.fromOpaque(raw).takeUnretainedValue().look(index)
      }
    }
    return !job.found.load(ordering: .relaxed)
  }

  private final class Job: Sendable {
    /// Elements of a task: few enough to stay in a cache for whoever reads them next.
    static let piece = 1 << 16
    let tensor: TensorView
    let found = Atomic<Bool>(false)

    init(_ tensor: TensorView) { self.tensor = tensor }

    func look(_ index: Int) {
      let first = index * Self.piece, count = min(Self.piece, tensor.count - first)
      guard let base = tensor.raw.baseAddress.map({ $0 + first * tensor.dtype.size }) else { return }
      let isFinite =
        switch tensor.dtype {
        case .float32: FiniteCheck.isFinite(base, count, UInt32.self, carry: 0x0080_0000)
        case .float16: FiniteCheck.isFinite(base, count, UInt16.self, carry: 0x0400)
        case .bfloat16: FiniteCheck.isFinite(base, count, UInt16.self, carry: 0x0080)
        default: (first..<first + count).allSatisfy { tensor[$0].isFinite }
        }
      if !isFinite { found.store(true, ordering: .relaxed) }
    }
  }
}

extension SIMD16 where Scalar: FixedWidthInteger {
  fileprivate var wrappedOr: Scalar {
    let eight = lowHalf | highHalf
    let four = eight.lowHalf | eight.highHalf
    let two = four.lowHalf | four.highHalf
    return two.x | two.y
  }
}
