// SPDX-License-Identifier: Apache-2.0
import Foundation
import LiaeFrame
import LiaeSamples
import LiaeSystem
import LiaeTestSupport
import Testing

/// The data that DeepFaceLab's sample code returned: `warp` of the golden data.
struct WarpGolden {
  let arrays: [String: NPYArray]

  init(_ name: String) throws { arrays = try GoldenSet.chosen.arrays("warp/\(name)") }

  func array(_ name: String) throws -> NPYArray { try #require(arrays[name], "no array \(name)") }
  func number(_ name: String) throws -> Int { Int(try #require(try array(name).values.first)) }

  /// 0...1 from bytes.
  func color(_ name: String) throws -> ColorCanvas {
    let array = try array(name)
    let result = try ColorCanvas(width: array.shape[1], height: array.shape[0])
    for i in 0..<result.count {
      result.pixels[i] = Color(array.values[3 * i], array.values[3 * i + 1], array.values[3 * i + 2], 255) / 255
    }
    return result
  }

  /// Divided by `scale`.
  func mask(_ name: String, scale: Float = 255) throws -> MaskCanvas {
    let array = try array(name)
    let result = try MaskCanvas(width: array.shape[1], height: array.shape[0])
    for i in 0..<result.count { result.pixels[i] = array.values[i] / scale }
    return result
  }

  var transform: Affine {
    get throws {
      let m = try array("rmat").doubles
      return Affine(xx: m[0], xy: m[1], tx: m[2], yx: m[3], yy: m[4], ty: m[5])
    }
  }
}

/// Mean, 99th percentile and maximum of absolute differences.
struct Deviation: CustomStringConvertible {
  var mean = Float.infinity, percentile99 = Float.infinity, maximum = Float.infinity

  init(_ actual: [Float], _ expected: [Float]) {
    guard actual.count == expected.count, !actual.isEmpty else { return }
    // What is no number is the largest difference there is.
    let differences = zip(actual, expected).map { ($0 - $1).isFinite ? abs($0 - $1) : .infinity }.sorted()
    mean = differences.reduce(0, +) / Float(differences.count)
    percentile99 = differences[differences.count * 99 / 100]
    maximum = differences[differences.count - 1]
  }

  /// True if the difference is at most twice that of two builds of OpenCV.
  var isWithinTolerance: Bool { mean <= 2e-3 && percentile99 <= 0.02 }
  var description: String { "mean \(mean), 99 % \(percentile99), largest \(maximum)" }
}

extension Canvas where Pixel == Color {
  /// Blue, green, red, row by row.
  func values(mirrored: Bool) -> [Float] {
    var result: [Float] = []
    for y in 0..<height {
      for x in 0..<width {
        let color = self[mirrored ? width - 1 - x : x, y]
        result += [color.x, color.y, color.z]
      }
    }
    return result
  }
}

extension Canvas where Pixel == Float {
  func values(mirrored: Bool) -> [Float] {
    var result: [Float] = []
    for y in 0..<height { for x in 0..<width { result.append(self[mirrored ? width - 1 - x : x, y]) } }
    return result
  }
}

extension Bytes {
  /// The elements as float32.
  var floats: [Float] { Array(raw.bindMemory(to: Float.self)) }
}

extension FaceBatch {
  /// All of it.
  var bits: [[UInt32]] { [warped, target, mask, eyesMouth].map { Array($0.raw.bindMemory(to: UInt32.self)) } }
}

/// The path of something in `Tests/golden/faces`.
func goldenFaces(_ name: String) -> String { GoldenSet.repository.path("faces/\(name)") }
