// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeSamples
import LiaeTestSupport
import Testing

/// Maps and pictures of `warp_*.npz`, with the parameters that DeepFaceLab drew.
@Suite(.golden("warp")) struct WarpGoldenTests {
  static let cases = GoldenSet.chosen.files("warp", prefix: "warp_", suffix: ".npz").map { String($0.dropLast(4)) }

  @Test(.having(cases.count, "warp"), arguments: cases) func maps(name: String) throws {
    let golden = try WarpGolden(name)
    let (side, stride) = try (golden.number("w"), golden.number("map_stride"))
    let map = try Self.map(golden)
    for (canvas, expected) in [(map.x, "mapx"), (map.y, "mapy")] {
      var actual: [Float] = []
      for y in Swift.stride(from: 0, to: side, by: stride) {
        for x in Swift.stride(from: 0, to: side, by: stride) { actual.append(canvas[x, y]) }
      }
      let comparison = Comparison(actual, try golden.array(expected).values)
      #expect(comparison.maximum <= 1e-3, "\(expected): \(comparison)")
    }
  }

  @Test(.having(cases.count, "warp"), arguments: cases) func pictures(name: String) throws {
    let golden = try WarpGolden(name)
    let flips = try golden.number("flip") != 0
    let parameters = SampleParameters(transform: try golden.transform, isFlipped: flips, warp: try Self.map(golden))
    let still = SampleParameters(transform: .identity, isFlipped: false, warp: parameters.warp)
    let (image, mask) = try (golden.color("image_u8"), golden.mask("mask_u8"))
    func check(_ actual: [Float], _ name: String) throws {
      let expected = try golden.array(name).values.map { ($0 - 10000) / 40000 }
      let deviation = Deviation(actual, expected)
      #expect(deviation.isWithinTolerance, "\(name): \(deviation)")
    }
    try check(
      parameters.placed(image, isBent: true, .cubic, .replicate).values(mirrored: flips), "warp_transform_flip")
    try check(parameters.placed(image, isBent: false, .cubic, .replicate).values(mirrored: flips), "transform_flip")
    try check(parameters.placed(mask, isBent: false, .linear, .zero).values(mirrored: flips), "mask_transform_linear")
    try check(
      parameters.placed(mask, isBent: true, .linear, .zero).values(mirrored: flips), "mask_warp_transform_linear")
    if golden.arrays["warp_only"] != nil {
      try check(still.placed(image, isBent: true, .cubic, .replicate).values(mirrored: false), "warp_only")
    }
    if golden.arrays["transform_const"] != nil {
      // Stored without the flip, whatever the others have.
      try check(parameters.placed(image, isBent: false, .cubic, .zero).values(mirrored: false), "transform_const")
    }
  }

  /// Pictures turn about (side / 2, side / 2): that is moved by 5 % of the side at most, as nothing else is.
  @Test(.having(cases.count, "warp"), arguments: cases) func middles(name: String) throws {
    let golden = try WarpGolden(name)
    let side = Double(try golden.number("w"))
    let shift = try (golden.transform(Point(side / 2, side / 2)) - side / 2) / side
    #expect(abs(shift.x) <= 0.05 && abs(shift.y) <= 0.05, "\(name): \(shift)")
  }

  static func map(_ golden: WarpGolden) throws -> WarpMap {
    try WarpMap(
      side: golden.number("w"), cell: golden.number("cell_size"),
      noise: (golden.array("normals_x").values, golden.array("normals_y").values))
  }
}
