// SPDX-License-Identifier: Apache-2.0
import LiaeTensor
import Testing

@Suite struct HalfPrecisionTests {
  /// FNV-1a over the little-endian bytes of the words.
  private func checksum(_ words: some Sequence<UInt32>) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for word in words {
      for shift in stride(from: 0, to: 32, by: 8) {
        hash = (hash ^ UInt64(word >> UInt32(shift) & 0xff)) &* 0x100_0000_01b3
      }
    }
    return hash
  }

  /// Every float16, against the definition of binary16 and against numpy:
  /// `np.arange(65536, dtype=np.uint16).view(np.float16).astype(np.float32).view(np.uint32)`, NaNs as 0x7fc00000.
  @Test func everyFloat16IsExact() {
    var words: [UInt32] = []
    for bits in 0...UInt16.max {
      let value = HalfPrecision.float(fromFloat16: bits)
      let (exponent, mantissa) = (Int(bits >> 10 & 0x1f), Double(bits & 0x3ff))
      let sign = bits & 0x8000 == 0 ? 1.0 : -1.0
      switch exponent {
      case 31 where mantissa == 0: #expect(Double(value) == sign * .infinity)
      case 31: #expect(value.isNaN)
      case 0: #expect(Double(value) == sign * mantissa * 0x1p-24)
      default:
        #expect(
          Double(value) == sign * (1 + mantissa / 1024) * Double(sign: .plus, exponent: exponent - 15, significand: 1))
      }
      #expect(value.sign == (sign < 0 ? .minus : .plus))
      words.append(value.isNaN ? 0x7fc0_0000 : value.bitPattern)
    }
    #expect(checksum(words) == 0x1f87_f165_810e_a7c5)
  }

  @Test func everyFloat16ComesBack() {
    for bits in 0...UInt16.max {
      let value = HalfPrecision.float(fromFloat16: bits)
      if value.isNaN {
        #expect(HalfPrecision.float(fromFloat16: HalfPrecision.float16(value)).isNaN)
        #expect(HalfPrecision.float16(value) & 0x8000 == bits & 0x8000)
      } else {
        #expect(HalfPrecision.float16(value) == bits)
      }
    }
  }

  /// The float halfway between every two neighbours, and the floats right below and above it; both signs. numpy's
  /// `astype(np.float16)` of the same 190464 values gives the checksum.
  @Test func roundingToFloat16TakesTheNearestAndTheEvenOne() {
    var positive: [Float] = []
    for bits in 0..<UInt16(0x7c00) {
      let below = Double(HalfPrecision.float(fromFloat16: bits))
      let above = bits == 0x7bff ? 65536 : Double(HalfPrecision.float(fromFloat16: bits + 1))
      let middle = Float((below + above) / 2)
      positive += [middle.nextDown, middle, middle.nextUp]
      #expect(HalfPrecision.float16(middle.nextDown) == bits)
      #expect(HalfPrecision.float16(middle) == bits + (bits & 1))
      #expect(HalfPrecision.float16(middle.nextUp) == bits + 1)
    }
    let all = positive + positive.map { -$0 }
    #expect(checksum(all.map { UInt32(HalfPrecision.float16($0)) }) == 0x1b09_890f_db33_2265)
  }

  @Test func float16PastTheRangeIsInfinite() {
    #expect(HalfPrecision.float16(65519.996) == 0x7bff)
    #expect(HalfPrecision.float16(65520) == 0x7c00)
    #expect(HalfPrecision.float16(-.greatestFiniteMagnitude) == 0xfc00)
    #expect(HalfPrecision.float16(.infinity) == 0x7c00)
    #expect(HalfPrecision.float16(.leastNonzeroMagnitude) == 0)
    #expect(HalfPrecision.float16(-.leastNonzeroMagnitude) == 0x8000)
  }

  @Test func everyBFloat16ComesBack() {
    for bits in 0...UInt16.max {
      let value = HalfPrecision.float(fromBFloat16: bits)
      #expect(value.bitPattern == UInt32(bits) << 16)
      if value.isNaN {
        #expect(HalfPrecision.float(fromBFloat16: HalfPrecision.bfloat16(value)).isNaN)
      } else {
        #expect(HalfPrecision.bfloat16(value) == bits)
      }
    }
  }

  @Test func roundingToBFloat16TakesTheNearestAndTheEvenOne() {
    for bits in 0..<UInt16(0x7f80) {
      let middle = Float(bitPattern: UInt32(bits) << 16 | 0x8000)
      #expect(HalfPrecision.bfloat16(middle.nextDown) == bits)
      #expect(HalfPrecision.bfloat16(middle) == bits + (bits & 1))
      #expect(HalfPrecision.bfloat16(middle.nextUp) == bits + 1)
      #expect(HalfPrecision.bfloat16(-middle) == 0x8000 | (bits + (bits & 1)))
    }
  }

  /// PyTorch 2.13: `torch.tensor(...).bfloat16().view(torch.int16)`.
  @Test func bfloat16AsPyTorchRounds() {
    let cases: [(UInt32, UInt16)] = [
      (0x3f80_0000, 0x3f80), (0x3f80_4000, 0x3f80), (0x3f80_8000, 0x3f80), (0x3f81_8000, 0x3f82),
      (0x7f7f_0000, 0x7f7f), (0x7f7f_c99e, 0x7f80), (0x0001_16c2, 0x0001), (0x8000_0000, 0x8000),
      (0x7f80_0000, 0x7f80), (0xc020_0000, 0xc020), (0x3dcc_cccd, 0x3dcd),
    ]
    for (float, expected) in cases { #expect(HalfPrecision.bfloat16(Float(bitPattern: float)) == expected) }
  }

  /// A signalling NaN whose payload lies in the cut bits must not become an infinity.
  @Test func aNaNWithALowPayloadStaysANaN() {
    let low = Float(bitPattern: 0x7f80_0001)
    #expect(HalfPrecision.bfloat16(low) & 0x7fff > 0x7f80)
    #expect(HalfPrecision.float16(low) & 0x7fff > 0x7c00)
  }
}
