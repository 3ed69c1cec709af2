// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeTestSupport
import Testing

/// Tests what the OpenCV 4.1 that DeepFaceLab calls returned: `landmarks_processor.npz`.
@Suite(.golden("merge/landmarks_processor.npz")) struct CanvasGoldenTests {
  private let arrays: [String: NPYArray]
  private static let interpolations: [(String, Interpolation)] = [("linear", .linear), ("cubic", .cubic)]

  init() throws { arrays = try GeometryGolden.shared.get().arrays }

  private func array(_ name: String) throws -> NPYArray { try #require(arrays[name], "no array \(name)") }

  /// The numbers n of keys PREFIX_n.
  private static func sizes(_ prefix: String) -> [Int] {
    ((try? GeometryGolden.shared.get()) ?? nil)?.arrays.keys.compactMap {
      $0.hasPrefix(prefix) ? Int($0.dropFirst(prefix.count)) : nil
    }.sorted() ?? []
  }

  /// A position that stands between two of OpenCV's 32nds of a pixel may go to either.
  private func expectClose(_ found: [Float], _ expected: [Float], _ what: String) {
    let comparison = Comparison(found, expected)
    let far = zip(found, expected).count { abs($0 - $1) > 3e-6 }
    #expect(comparison.maximum < 2e-3 && far * 1000 <= expected.count, "\(what): \(comparison), \(far) elements")
  }

  /// The middle row of a blurred dot.
  @Test(.having(sizes("gauss_").count, "blurred dot"), arguments: sizes("gauss_")) func gaussian(kernel: Int) throws {
    let row = try array("gauss_\(kernel)").values
    let side = row.count
    let dot = try Imaging.canvas(side, side) { Float($0 == side / 2 * side + side / 2 ? 1 : 0) }
    let blurred = try dot.gaussianBlurred(kernel: kernel)
    let comparison = Comparison(Array(blurred.values[side / 2 * side..<(side / 2 + 1) * side]), row)
    #expect(comparison.maximum < 1e-7, "\(comparison)")
  }

  /// A dot dilated shows the ellipse, turned by half a turn around its anchor.
  @Test(.having(sizes("ellipse_").count, "ellipse"), arguments: sizes("ellipse_")) func ellipse(n: Int) throws {
    let side = 2 * n + 1, ellipse = try array("ellipse_\(n)").values
    let dot = try Imaging.canvas(side, side) { Float($0 == n * side + n ? 1 : 0) }
    let dilated = try dot.dilated(ellipse: n)
    for y in 0..<side {
      for x in 0..<side {
        let (i, j) = (n + n / 2 - x, n + n / 2 - y)
        let expected = (0..<n).contains(i) && (0..<n).contains(j) ? ellipse[j * n + i] : 0
        #expect(dilated[x, y] == expected, "at \(x), \(y)")
      }
    }
  }

  /// DeepFaceLab gives maps from the source to the target.
  @Test func warps() throws {
    let image = try Imaging.color(bytes: try array("image_u8"))
    let m = try array("prim_mat").doubles
    let map = Affine(xx: m[0], xy: m[1], tx: m[2], yx: m[3], yy: m[4], ty: m[5])
    for (name, interpolation) in Self.interpolations {
      let expected = try array("prim_warp_\(name)")
      let face = try image.warped(
        map.inverse, width: expected.shape[1], height: expected.shape[0], interpolation: interpolation)
      expectClose(face.values, expected.values, name)
    }
    let face = try Imaging.color(floats: try array("prim_warp_cubic")), expected = try array("prim_inverse_cubic")
    let frame = try face.warped(map, width: image.width, height: image.height)
    // Every step-th row and column is stored.
    let step = (image.width + expected.shape[1] - 1) / expected.shape[1], width = expected.shape[1]
    let some = try Imaging.canvas(width, expected.shape[0]) { frame[$0 % width * step, $0 / width * step] }
    expectClose(some.values, expected.values, "back")
  }

  @Test func resizing() throws {
    let face = try Imaging.color(floats: try array("prim_warp_cubic"))
    for (name, interpolation) in Self.interpolations {
      let expected = try array("prim_resize_\(name)_down")
      let small = try face.resized(width: expected.shape[1], height: expected.shape[0], interpolation: interpolation)
      expectClose(small.values, expected.values, name)
    }
    let expected = try array("prim_resize_cubic_up4")
    let width = expected.shape[1] / 4
    let corner = try Imaging.canvas(width, expected.shape[0] / 4) { face[$0 % width, $0 / width] }
    let large = try corner.resized(width: expected.shape[1], height: expected.shape[0], interpolation: .cubic)
    expectClose(large.values, expected.values, "up")
  }
}
