// SPDX-License-Identifier: Apache-2.0
import Foundation
import LiaeFrame
import LiaeSystem
import LiaeTestSupport
import Testing

/// DeepFaceLab's own results: `merge/color_transfer.npz`.
@Suite struct ColourGoldenTests {
  let golden: [String: NPYArray]
  let target: ColorCanvas
  let source: ColorCanvas

  init() throws {
    golden = try NPZ.read("\(GoldenNetwork.root)/merge/color_transfer.npz")
    target = try ColorCanvas(golden["target_u8"], scale: 255)
    source = try ColorCanvas(golden["source_u8"], scale: 255)
  }

  func draws(_ name: String) -> ColorRandomness {
    .recorded(
      normals: golden["\(name)_normals"]?.doubles ?? [], rotations: golden["\(name)_rotations"]?.doubles ?? [])
  }

  func difference(_ result: ColorCanvas, _ name: String) throws -> Difference {
    let difference = try result.difference(from: #require(golden[name]).values)
    if ProcessInfo.processInfo.environment["LIAE_PRINT"] != nil { print(name, difference) }
    return difference
  }

  @Test(arguments: [("rct", ColorTransfer.rct), ("lct", .lct), ("mkl", .mkl)])
  func statistics(_ name: String, _ mode: ColorTransfer) throws {
    #expect(try difference(mode.applied(to: target, like: source), name).largest < 1e-5)
  }

  @Test(arguments: [("rct_masked", ColorTransfer.rct), ("mkl_m", .mklM)])
  func statisticsOfTheArea(_ name: String, _ mode: ColorTransfer) throws {
    let mask = try #require(golden["mask"]).values
    // rct compares with 0.5, the others multiply by the pixels that are not 0.
    let area = try MaskCanvas(target.width, target.height) { x, y in
      let value = mask[y * target.width + x]
      return mode == .rct ? Double(value) : value > 0 ? 1 : 0
    }
    #expect(try difference(mode.applied(to: target, like: source, area: area), name).largest < 1e-5)
  }

  /// A colour at the edge of a bin may round into the next one, which moves the shares by one pixel in 3072.
  @Test func idt() throws {
    let result = try ColorTransfer.idt.applied(to: target, like: source, randomness: draws("idt"))
    let difference = try difference(result, "idt")
    #expect(difference.largest < 5e-5)
    #expect(difference.mean < 1e-6)
  }

  @Test func sot() throws {
    let result = try ColorTransfer.sotM.applied(to: target, like: source, randomness: draws("sot_10_30"))
    #expect(try difference(result, "sot_10_30").largest < 2e-5)
  }

  /// What training samples use: the merger's methods without an area, and fewer directions for sot.
  @Test(arguments: [
    (SampleColorTransfer.rct, Float(1e-5)), (.lct, 1e-5), (.mkl, 1e-5), (.idt, 5e-5), (.sot, 2e-5),
  ]) func samples(_ method: SampleColorTransfer, _ tolerance: Float) throws {
    let result = try target.copy()
    try method.apply(to: result, like: source, randomness: draws(method.rawValue))
    #expect(try difference(result, method.rawValue).largest < tolerance)
    #expect(throws: LiaeError.self) {
      try method.apply(to: result, like: ColorCanvas(width: 3, height: 3), randomness: .seed(1))
    }
  }

  /// Equal projections may be sorted either way; a pixel whose L* falls on another side of a whole number differs by a
  /// few levels.
  @Test func mix() throws {
    let result = try ColorTransfer.mixM.applied(to: target, like: source, randomness: draws("mix"))
    let difference = try difference(result, "mix")
    #expect(difference.largest < 0.05)
    #expect(difference.mean < 5e-4)
  }

  @Test(arguments: [238, 255, 128]) func histogramMatch(_ threshold: Int) throws {
    let result = try target.copy()
    try HistogramMatch.apply(to: result, like: source, threshold: threshold)
    #expect(try difference(result, "hist_\(threshold)").largest < 1e-6)
  }

  @Test func lab() throws {
    let result = try target.copy()
    try Lab.fromColor(result, workers: .single)
    #expect(try difference(result, "target_lab_f32").largest < 1e-5)
    try Lab.toColor(result, workers: .single)
    #expect(try difference(result, "lab2bgr_f32").largest < 2e-6)
  }

  @Test func labInBytes() throws {
    let result = try ColorCanvas(golden["target_u8"])
    let expected = try #require(golden["target_lab_u8"]).values
    for index in 0..<result.count {
      result.pixels[index] = Color(try Lab.bytes(fromColor: SIMD4<UInt8>(result.pixels[index])))
    }
    #expect(result.values == expected)
  }
}
