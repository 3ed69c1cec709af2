// SPDX-License-Identifier: Apache-2.0
import Foundation
import LiaeText
import Testing

@Suite struct NumberTests {
  /// C's printf says the same, but for halves, which go away from zero here.
  @Test func fixed() {
    for value in [0, 1, -1, 0.004, 0.006, 12.3456, -12.3456, 99.999, 1e9 + 0.26, -0.0001] {
      for digits in 0...3 {
        let expected = String(format: "%.\(digits)f", value)
        #expect(
          value.fixed(digits)
            == (expected.contains { "123456789".contains($0) }
              ? expected : expected.replacingOccurrences(of: "-", with: "")))
      }
    }
    #expect(0.125.fixed(2) == "0.13" && 1e300.fixed(1) == "100000000000000.0")
    #expect(Double.nan.fixed(2) == "nan" && (-Double.infinity).fixed(2) == "-inf")
  }

  @Test func othersForPeople() {
    #expect(
      Float(0.0000014).scientific == "1.4e-06" && Float(-12345).scientific == "-1.2e+04" && Float(0).scientific == "0")
    #expect(grouped(1_234_567) == "1,234,567" && grouped(-999) == "-999" && grouped(.min).hasPrefix("-9,223,372"))
    #expect(humanBytes(999) == "999 bytes" && humanBytes(1234) == "1.2 kB" && humanBytes(2_500_000) == "2.5 MB")
    #expect([0.2, 245, 3630, 98_999].map(duration) == ["0:01", "4:05", "1:00:30", "1 d 03:29"])
    #expect(duration(-1) == "0:00" && duration(1e300) == duration(1e9))
  }

  @Test func columns() {
    let text = table(
      header: ["name", "ms"], rows: [["a", "1.50"], ["layer", "12.25"], ["none", ""]], leftColumns: 1)
    #expect(text == "name      ms\na       1.50\nlayer  12.25\nnone")
    #expect(listing([("file", "x"), ("resolution", "64")]) == "file          x\nresolution    64")
  }

  @Test func statistics() {
    let odd = Statistics([5, 1, 3])
    #expect((odd.minimum, odd.median, odd.deviation) == (1, 3, 2))
    let even = Statistics([1, 2, 3, 10])
    #expect((even.minimum, even.median, even.deviation) == (1, 2.5, 1))
    #expect(Statistics([]).median == 0)
  }
}
