// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeSystem
import LiaeTensor
import Testing

@Suite struct SteadinessTests {
  private static let signal = [
    -1.2, 2.155, 5.246, 7.833, 9.72, 10.775, 10.938, 7.632, 6.155, 4.074, 1.611, -0.977, -3.425, -8.078, -9.516, 9.825,
    10.038, 11.142, 13.072, 15.693, 16.206, 19.568, 22.915, 25.984,
  ]

  /// What the package OneEuroFilter 0.2.3 of the paper's authors (PyPI) makes of the signal at 25 Hz.
  @Test(arguments: [
    (
      0.5, 0.02,
      [
        -1.2, -0.616944159, 0.874946486, 3.111244782, 5.512025198, 7.514201915, 8.801256951, 8.423593674, 7.836373274,
        7.184984763, 6.258144507, 4.314807198, 1.68694264, -2.274223562, -5.385984994, -2.407943562, 0.789097509,
        4.517332035, 8.01276299, 11.356867293, 13.456978381, 16.153999192, 19.214808885, 22.339065178,
      ]
    ),
    (
      1.7, 0,
      [
        -1.2, -0.195663502, 1.433326442, 3.349101622, 5.256262804, 6.908325155, 8.114629036, 7.970151553, 7.426776604,
        6.423105691, 4.982577114, 3.198547067, 1.215754201, -1.566378897, -3.946138843, 0.176322366, 3.128466264,
        5.527358785, 7.785885919, 10.152921169, 11.964941435, 14.240956103, 16.837575736, 19.575604861,
      ]
    ),
  ])
  func equalsTheAuthorsFilter(cutoff: Double, slope: Double, expected: [Double]) {
    var filter = OneEuroFilter(cutoff: cutoff, slope: slope)
    for (value, expected) in zip(Self.signal, expected) {
      #expect(abs(filter.next([value], interval: 1 / 25)[0] - expected) < 1e-8)
    }
  }

  @Test func aUnitScalesTheSpeedAlone() {
    var small = OneEuroFilter(cutoff: 0.5, slope: 0.3)
    var large = small
    for value in Self.signal {
      let a = small.next([value], interval: 0.04)[0], b = large.next([value * 8], interval: 0.04, unit: 8)[0]
      #expect(abs(a * 8 - b) < 1e-9)
    }
  }

  /// Values with one cutoff: what turns and scales a face turns and scales the filtered face.
  @Test func aFaceKeepsItsShape() {
    var points = OneEuroFilter(cutoff: 0.5, slope: 0.3)
    for value in Self.signal {
      let found = points.next([value, 2 * value + 3, -value], interval: 0.04)
      #expect(abs(found[1] - (2 * found[0] + 3)) < 1e-9 && abs(found[2] + found[0]) < 1e-9)
    }
  }

  @Test func bothWaysTogetherDoNotLag() {
    let ramp = (0..<60).map { [Double($0)] }
    var filter = OneEuroFilter(cutoff: 0.5, slope: 0)
    let lagging = ramp.map { filter.next($0, interval: 0.04)[0] }
    #expect(30 - lagging[30] > 3)
    let found = OneEuroFilter.smoothed(ramp, cutoff: 0.5, slope: 0, interval: 0.04)
    #expect(abs(found[30][0] - 30) < 0.2)
    // The start has nothing before it and follows the signal.
    #expect(found.count == 60 && found[0][0] < 5)
  }

  @Test func smoothingLowersTheFlicker() {
    var (before, after) = (Flicker(), Flicker())
    let jitter = (0..<50).map { [Double($0) + ($0 % 2 == 0 ? 0.5 : -0.5), 0] }
    let smooth = OneEuroFilter.smoothed(jitter, cutoff: 0.5, slope: 0.01, interval: 0.04)
    func point(_ values: [Double]) -> [Point] { [Point(values[0], values[1])] }
    for i in 0..<48 {
      before.add((point(jitter[i]), point(jitter[i + 1]), point(jitter[i + 2])))
      after.add((point(smooth[i]), point(smooth[i + 1]), point(smooth[i + 2])))
    }
    #expect(abs((before.mean ?? 0) - 2) < 1e-9)
    #expect((after.mean ?? 9) < 0.3)
  }

  @Test func flickerOfImagesCountsWhereAllMasksAre() throws {
    func image(_ values: [UInt8], _ format: PixelFormat) throws -> (Bytes, ImageView) {
      let bytes = try Bytes.allocate(values.count)
      bytes.base.copyMemory(from: values, byteCount: values.count)
      let width = values.count / format.channels
      return (
        bytes, ImageView(base: bytes.base, width: width, height: 1, stride: values.count, format: format)
      )
    }
    let frames = try [[10, 20, 30, 1, 2, 3], [20, 20, 20, 9, 9, 9], [10, 40, 10, 0, 0, 255]].map {
      try image($0, .rgb8)
    }
    let masks = try [[255, 128], [255, 255], [200, 127]].map { try image($0, .gray8) }
    var flicker = Flicker()
    #expect(flicker.mean == nil)
    try flicker.add((frames[0].1, frames[1].1, frames[2].1), where: (masks[0].1, masks[1].1, masks[2].1))
    // |10 - 40 + 10|, |20 - 40 + 40|, |30 - 40 + 10|
    #expect(flicker.samples == 3 && flicker.mean == Double(20 + 20 + 0) / 3)
    #expect(throws: LiaeError.self) {
      try flicker.add((frames[0].1, frames[1].1, masks[0].1), where: (masks[0].1, masks[1].1, masks[2].1))
    }
    withExtendedLifetime((frames, masks)) {}
  }
}
