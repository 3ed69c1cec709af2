// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeSystem
import LiaeTestSupport
import Testing

@Suite struct CanvasWarpTests {
  private static let interpolations: [(String, Interpolation)] = [("linear", .linear), ("cubic", .cubic)]

  private func maps() throws -> [Affine] {
    let m = try Imaging.array("maps").doubles
    return stride(from: 0, to: m.count, by: 6).map {
      Affine(xx: m[$0], xy: m[$0 + 1], tx: m[$0 + 2], yx: m[$0 + 3], yy: m[$0 + 4], ty: m[$0 + 5])
    }
  }

  @Test func isOpenCVsAtTheBorders() throws {
    let (color, mask) = (try Imaging.color(), try Imaging.mask())
    for (i, map) in try maps().enumerated() {
      for (name, interpolation) in Self.interpolations {
        let warped = try color.warped(map, width: 45, height: 33, interpolation: interpolation)
        let comparison = Comparison(warped.values, try Imaging.expected("warp_color_\(name)_\(i)"))
        #expect(comparison.maximum < 2e-5, "color \(name) \(i): \(comparison)")
        let warpedMask = try mask.warped(map, width: 45, height: 33, interpolation: interpolation)
        let maskComparison = Comparison(warpedMask.values, try Imaging.expected("warp_mask_\(name)_\(i)"))
        #expect(maskComparison.maximum < 2e-5, "mask \(name) \(i): \(maskComparison)")
      }
    }
  }

  /// A target that stands somewhere else is the crop of the whole; a source that does reads as if it stood in a whole
  /// picture of zeros.
  @Test func cornersAreThoseOfThePicture() throws {
    let color = try Imaging.color()
    for map in try maps() {
      let whole = try color.warped(map, width: 45, height: 33)
      let part = try color.warped(map, width: 20, height: 40, left: 17, top: -6)
      #expect((part.left, part.top) == (17, -6))
      let crop = try Imaging.canvas(20, 40) {
        let (x, y) = (17 + $0 % 20, $0 / 20 - 6)
        return (0..<45).contains(x) && (0..<33).contains(y) ? whole[x, y] : part[$0 % 20, $0 / 20]
      }
      #expect(crop.bits == part.bits)

      let moved = try ColorCanvas(width: 15, height: 12, left: 9, top: 11)
      let padded = try ColorCanvas(width: 37, height: 29)
      for y in 0..<12 {
        for x in 0..<15 {
          moved[x, y] = color[x + 9, y + 11]
          padded[x + 9, y + 11] = color[x + 9, y + 11]
        }
      }
      let fromPart = try moved.warped(map, width: 45, height: 33)
      #expect(fromPart.values == (try padded.warped(map, width: 45, height: 33)).values)
      #expect(fromPart.values.contains { $0 != 0 })
    }
  }

  /// Neighbours that lie out of bounds are not read: a canvas of one pixel has nothing but edges.
  @Test func smallCanvases() throws {
    let dot = try Imaging.canvas(1, 1) { _ in Float(1) }
    let half = try dot.warped(Affine(xx: 1, xy: 0, tx: 0.5, yx: 0, yy: 1, ty: 0), width: 1, height: 1)
    #expect(half.values == [0.59375])
    #expect(try dot.warped(.identity, width: 1, height: 1, left: -1).values == [0])
    #expect(try dot.warped(.identity, width: 0, height: 7).count == 0)
    #expect(try MaskCanvas(width: 0, height: 0).warped(.identity, width: 2, height: 1).values == [0, 0])
    #expect(throws: LiaeError.self) { try dot.warped(.identity, width: -1, height: 1) }
    #expect(throws: LiaeError.self) { try dot.warped(.identity, width: 1 << 20, height: 1 << 20) }
  }

  @Test func wildMapsShowNothing() throws {
    let color = try Imaging.color()
    let zeros = [Float](repeating: 0, count: 3 * 9 * 9)
    for wild in [Double.nan, .infinity, -.infinity, 1e300, -1e18, 1e13] {
      for i in 0..<6 {
        var elements = Affine.identity.elements
        elements[i] = wild
        let map = Affine(
          xx: elements[0], xy: elements[1], tx: elements[2], yx: elements[3], yy: elements[4], ty: elements[5])
        #expect(try color.warped(map, width: 9, height: 9).values == zeros, "\(map)")
      }
    }
    let far = Affine(xx: 1e9, xy: 0, tx: 3, yx: 0, yy: -1e9, ty: 4)
    #expect(
      try color.warped(far, width: 9, height: 9).values.prefix(6) == [
        color[3, 4].x, color[3, 4].y, color[3, 4].z, 0, 0, 0,
      ])
    #expect(try color.warped(.identity, width: 9, height: 9, left: .max, top: .min).values == zeros)
    let remote = try ColorCanvas(width: 9, height: 9, left: .min, top: .max)
    #expect(try remote.warped(.identity, width: 9, height: 9).values == zeros)
    let nothing = Affine(xx: 0, xy: 0, tx: 3, yx: 0, yy: 0, ty: 4)
    #expect(
      try color.warped(nothing, width: 2, height: 2).bits
        == [UInt32](
          (0..<4).flatMap { _ in
            (0..<4).map { color[3, 4][$0].bitPattern }
          }))
  }

  /// Replicated borders are those of a picture that was continued by its edges before.
  @Test func replicatedBorders() throws {
    let color = try Imaging.color()
    let around = 80
    let padded = try ColorCanvas(
      width: color.width + 2 * around, height: color.height + 2 * around, left: -around, top: -around)
    for y in 0..<padded.height {
      for x in 0..<padded.width {
        padded[x, y] =
          color[
            min(max(x - around, 0), color.width - 1), min(max(y - around, 0), color.height - 1)]
      }
    }
    for map in [
      Affine.identity, Affine(xx: 1.3, xy: 0.4, tx: -31.3, yx: -0.5, yy: 1.2, ty: -4.7),
      Affine(xx: -0.9, xy: 0, tx: 70, yx: 0, yy: 0.01, ty: -20),
    ] {
      for (name, interpolation) in Self.interpolations {
        let warped = try color.warped(map, width: 45, height: 33, interpolation: interpolation, border: .replicate)
        #expect(
          warped.bits == (try padded.warped(map, width: 45, height: 33, interpolation: interpolation).bits), "\(name)")
      }
    }
  }

  /// An affine map whose positions are whole 32nds is the same map pixel by pixel.
  @Test func remap() throws {
    let (color, mask) = (try Imaging.color(), try Imaging.mask())
    let map = Affine(xx: 0.75, xy: 0.25, tx: -3.5, yx: -0.5, yy: 1.25, ty: 4.03125)
    let x = try Imaging.canvas(45, 33) { Float(map(Point(Double($0 % 45), Double($0 / 45))).x) }
    let y = try Imaging.canvas(45, 33) { Float(map(Point(Double($0 % 45), Double($0 / 45))).y) }
    for (name, interpolation) in Self.interpolations {
      let colors = try color.warped(map, width: 45, height: 33, interpolation: interpolation)
      #expect(try color.remapped(x, y, interpolation: interpolation).bits == colors.bits, "\(name)")
      let masks = try mask.warped(map, width: 45, height: 33, interpolation: interpolation)
      #expect(try mask.remapped(x, y, interpolation: interpolation).bits == masks.bits, "\(name)")
    }
    // What is no place in the picture is 0, and halves of a 32nd go to the even one.
    let wild: [Float] = [.nan, .infinity, -.infinity, 1e30, -1e9, -5, 2 + 1 / 64, 2 + 3 / 64]
    let places = try Imaging.canvas(8, 1) { wild[$0] }
    let rows = try Imaging.canvas(8, 1) { _ in Float(2) }
    let row = try Imaging.canvas(9, 5) { Float($0 % 9) }
    #expect(try row.remapped(places, rows, interpolation: .linear).values == [0, 0, 0, 0, 0, 0, 2, 2.0625])
    #expect(try MaskCanvas(width: 0, height: 0).remapped(rows, rows).values == [Float](repeating: 0, count: 8))
    #expect(throws: LiaeError.self) { try row.remapped(places, row) }
  }

  @Test func threadsChangeNothing() throws {
    let color = try Imaging.random(211, 160)
    let map = Affine(xx: 0.8, xy: 0.3, tx: -20, yx: -0.31, yy: 0.77, ty: 40)
    let one = try color.warped(map, width: 250, height: 190)
    #expect(try one.bits == color.warped(map, width: 250, height: 190, workers: Imaging.workers).bits)
  }
}
