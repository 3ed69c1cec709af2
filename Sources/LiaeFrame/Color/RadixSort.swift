// SPDX-License-Identifier: Apache-2.0

/// Sorts floats by the order-preserving image of their bits, from the lowest digit up: three stable passes of 11 bits.
enum RadixSort {
  private static let digitBits = 11
  private static let digits = 3
  private static let buckets = 1 << digitBits
  /// The bytes that a sort counts in.
  static let counterBytes = digits * buckets * MemoryLayout<UInt32>.stride

  /// Ordered as the floats are; -0 stands before 0.
  @inline(__always) static func key(_ value: Float) -> UInt32 {
    let bits = value.bitPattern
    return bits ^ (bits >> 31 == 0 ? 0x8000_0000 : 0xffff_ffff)
  }

  @inline(__always) static func value(_ key: UInt32) -> Float {
    Float(bitPattern: key ^ (key >> 31 == 0 ? 0xffff_ffff : 0x8000_0000))
  }

  /// A key with the index that it travels with; equal keys stay in the order of their indices.
  @inline(__always) static func pair(_ value: Float, _ index: Int) -> UInt64 {
    UInt64(key(value)) << 32 | UInt64(truncatingIfNeeded: index)
  }

  static func sort(
    pairs: UnsafeMutablePointer<UInt64>, count: Int, into sorted: UnsafeMutablePointer<UInt64>,
    counters: UnsafeMutableRawPointer
  ) {
    sort(pairs, sorted, count, counters) { Int(truncatingIfNeeded: $0 >> 32) }
  }

  static func sort(
    keys: UnsafeMutablePointer<UInt32>, count: Int, into sorted: UnsafeMutablePointer<UInt32>,
    counters: UnsafeMutableRawPointer
  ) {
    sort(keys, sorted, count, counters) { Int(truncatingIfNeeded: $0) }
  }

  /// The result is in `b`; `a` holds what was in between.
  @inline(__always) private static func sort<Element: BitwiseCopyable>(
    _ a: UnsafeMutablePointer<Element>, _ b: UnsafeMutablePointer<Element>, _ count: Int,
    _ counters: UnsafeMutableRawPointer, _ key: (Element) -> Int
  ) {
    let starts = counters.bindMemory(to: UInt32.self, capacity: digits * buckets)
    starts.update(repeating: 0, count: digits * buckets)
    for index in 0..<count {
      let key = key(a[index])
      for digit in 0..<digits { starts[digit &* buckets &+ key &>> (digit &* digitBits) & (buckets &- 1)] &+= 1 }
    }
    var (from, to) = (a, b)
    for digit in 0..<digits {
      let places = starts + digit * buckets
      var sum: UInt32 = 0
      for bucket in 0..<buckets {
        let here = places[bucket]
        places[bucket] = sum
        sum &+= here
      }
      for index in 0..<count {
        let element = from[index]
        let bucket = key(element) &>> (digit &* digitBits) & (buckets &- 1)
        to[Int(places[bucket])] = element
        places[bucket] &+= 1
      }
      swap(&from, &to)
    }
  }
}
